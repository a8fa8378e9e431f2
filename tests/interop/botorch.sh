#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# botorch.sh -- our search beside BoTorch's on the grids of `make bench-search`; SEEDS (3) of them, LIMIT (240) seconds a
# problem.
set -u
. "${0%/*}/helper.bash"

if ! has botorch; then
	echo "ok - botorch # skip no package botorch"
	exit
fi

beside() { # PROBLEM...
	"$PYTHON" "$here/botorch_search.py" "${LIMIT:-240}" "$@" < trials 2> "stderr-$1" ||
		{ echo "not ok - botorch: $*"; sed 's/^/# /' "stderr-$1"; }
}

# On one thread each.
"$B/bench/search" --trials "${SEEDS:-3}" > trials
beside DTLZ2 BraninCurrin > last &
beside ZDT1 ZDT2
wait
cat last
