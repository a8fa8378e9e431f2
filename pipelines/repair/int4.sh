#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# int4.sh -- loss after rounding to 4 bits, the head too, by each method, also after a rotation; of repair.mk.
. "$(dirname "$0")/common.sh"

row() { # HOW OPTION...
	fl-quantize -q --head int4 "${@:2}" -o "$tmp/q.tar" "$BASE"
	judged "$1" "$(fl-info --json "$tmp/q.tar" | jq .bytes)" "$tmp/q.tar"
}

printf 'method\tbytes%s\n' "$(heads)"
judged none - "$BASE"
row rtn --method rtn
row mse --method mse
row calib --method calib -m "$m"
row gptq --method gptq -m "$m"
for method in rtn mse calib gptq; do
	row "rotate, $method" --rotate --method $method -m "$m"
done
