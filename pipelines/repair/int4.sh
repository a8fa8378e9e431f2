#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# int4.sh -- loss after rounding to 4 bits, by each method; of repair.mk.
. "$(dirname "$0")/common.sh"

row() { # HOW MODEL OPTION...
	fl-quantize -q "${@:3}" -o "$tmp/q.tar" "$2"
	judged "$1" "$(stat -c %s "$tmp/q.tar")" "$tmp/q.tar"
}

cut "$m" "$whole" "$BASE" "$tmp/turned.tar" --rotate $tie
calibrate "$tmp/turned.tar" "$tmp/m" 0
printf 'method\tbytes%s\n' "$(heads)"
judged none - "$BASE"
row rtn "$BASE" --method rtn
row mse "$BASE" --method mse
row calib "$BASE" --method calib -m "$m"
row gptq "$BASE" --method gptq -m "$m"
row 'rotate, mse' "$tmp/turned.tar" --method mse
row 'rotate, gptq' "$tmp/turned.tar" --method gptq -m "$tmp/m"
