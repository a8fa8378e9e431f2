#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# calibrate.sh OUT -- sums, moments and what is missed least; of real.mk.
set -euo pipefail
layers=$(fl-info --json "$BASE" | jq .layers)
deepest=$(( layers - $(awk '$1 ~ /^depth/ { n = $3 } END { print n }' "$OUT/archs") ))
exec fl-calibrate -t "$OUT/calib.tok" --context 512 --sequences "$SEQUENCES" --moments --drop-layers "$deepest" \
	--drop-attention $(( (15 * layers + 15) / 30 )) --drop-sequences "$DROP" -o "$1" "$BASE"
