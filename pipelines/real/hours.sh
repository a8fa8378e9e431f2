#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# hours.sh TRIALS -- how long training and the search will take, by two steps of the one and by what the cuts took; of
# real.mk.
set -euo pipefail
export LC_ALL=C
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
began=$(date +%s.%N)
fl-train -q -t "$OUT/calib.tok" --teacher "$BASE" --steps 2 $TRAIN -o "$tmp/two.tar" "$OUT/model/all-10-ours.tar"
cat "$OUT"/cost/row-all-* "$OUT"/cost/speed-* | awk -v began="$began" -v now="$(date +%s.%N)" -v steps="$STEPS" -v trials="$1" '
	{ s += $1; n++ }
	END { t = 3 * steps * (now - began) / 2; c = trials * 2 * s / n
		printf "real: training takes about %.1f hours, the search %.1f\n", t / 3600, c / 3600 }'
