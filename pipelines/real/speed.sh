#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# speed.sh NAME OUT -- a model in 4 bits: its bytes, its loss on the first text, how fast it is here, and in llama.cpp
# where llama-bench is in PATH; of real.mk.
set -euo pipefail
export LC_ALL=C
model=$OUT/model/$1.tar
[ "$1" != base ] || model=$BASE
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
fl-calibrate -q --context "$CONTEXT" --sequences 16 -t "$OUT/calib.tok" -o "$tmp/sums" "$model"
fl-quantize -q -m "$tmp/sums" -o "$tmp/q.tar" "$model"
time=(fl-measure -q --json -j "$(nproc)" --prefill 1024 --decode 128)
read -r first _ <<< "$HELD_TOK"
{
	printf 'name\tMB\tloss4_nats\tttft_s\tdecode_tok_s\tllama_ttft_s\tllama_decode_tok_s\n%s' "$1"
	fl-info --json "$tmp/q.tar" | jq -j '"\t\(.bytes / 1e5 | round / 10)"'
	fl-eval -q -t "$first" --json "$tmp/q.tar" | jq -j '"\t\(.loss_nats)"'
	"${time[@]}" "$tmp/q.tar" | jq -j '"\t\(.ttft_1024_s)\t\(.decode_128_tok_s)"'
	if command -v llama-bench > /dev/null; then
		"${time[@]}" --runtime llama.cpp "$tmp/q.tar" | jq -j '"\t\(.ttft_1024_s)\t\(.decode_128_tok_s)"'
	else
		printf '\t-\t-'
	fi
	echo
} > "$2.tmp"
sync "$2.tmp"
mv "$2.tmp" "$2"
