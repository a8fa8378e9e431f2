#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# calibrate.sh OUT -- sums, moments and which attentions are missed least; of real.mk.
set -euo pipefail
export LC_ALL=C
layers=$(fl-info --json "$BASE" | jq .layers)
exec fl-calibrate -t "$OUT/calib.tok" --context "$CONTEXT" --sequences "$SEQUENCES" --moments \
	--drop-attention $(( (15 * layers + 15) / 30 )) --drop-sequences "$DROP" -o "$1" "$BASE"
