#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# botorch.sh -- our search beside BoTorch's on the grids of `make bench-search`; SEEDS (3) of them.
set -u
here=$(cd "$(dirname "$0")" && pwd)

if ! "$PYTHON" -c 'import botorch' 2> /dev/null; then
	echo "ok - botorch # skip no package botorch"
	exit
fi

beside() { # PROBLEM...
	"$PYTHON" "$here/botorch_search.py" "$@" < trials 2> "stderr-$1" ||
		{ echo "not ok - botorch: $*"; sed 's/^/# /' "stderr-$1"; }
}

# On one thread each; the last problem takes as long as the others.
"$B/bench/search" --trials "${SEEDS:-3}" > trials
beside DTLZ2 > last &
beside BraninCurrin ZDT1 ZDT2
wait
cat last
