#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# quantize.sh -- what each method of fl-quantize costs a model, in loss and in bytes.
#
#   quantize.sh BASE CALIB.tok HELD.tok > table.tsv
#
# One row each: how the scales were found, the type of the embedding (and of the head, where they are
# tied), bits a weight with the scales, the size as a GGUF file in MB, and perplexity and loss in nats a
# token on HELD. Scored as llama-perplexity does: windows of the model's context, not more than 2048,
# without the last unless it is whole; the second half of each counts.
set -euo pipefail
export LC_ALL=C

if [ $# -ne 3 ]; then
	sed -n '3,10s/^# \{0,1\}//p' "$0" >&2
	exit 2
fi
base=$1 calib=$2
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

context=$(fl-info --json "$base" | jq '[.context, 2048] | min')
window=$((context * 4))
head -c $(($(wc -c < "$3") / window * window)) "$3" > "$tmp/held"
fl-calibrate -q --moments -t "$calib" --context "$context" -o "$tmp/metrics" "$base"

row() { # METHOD EMBEDDING CHECKPOINT
	fl-export -q --to gguf -o "$tmp/gguf" "$3"
	printf '%s\t%s\t%s\t' "$1" "$2" "$(fl-info --json "$3" | jq '.bytes * 8 / .parameters * 1000 | round / 1000')"
	awk -v b="$(wc -c < "$tmp/gguf")" 'BEGIN { printf "%.2f\t", b / 1e6 }'
	fl-eval -q --dequantize -t "$tmp/held" --context "$context" --skip $((context / 2 + 1)) --json "$3" |
		jq -r '[.perplexity, .loss_nats] | @tsv'
}

printf 'method\tembedding\tbits_per_weight\tgguf_mb\tperplexity\tloss_nats\n'
row - - "$base"
for embedding in int4 int8; do
	for method in rtn mse 'mse --signed' calib 'calib --signed' gptq 'gptq --signed'; do
		metrics=()
		[[ $method = rtn || $method = mse* ]] || metrics=(-m "$tmp/metrics")
		# shellcheck disable=SC2086
		fl-quantize -q --method $method "${metrics[@]}" --embedding $embedding -o "$tmp/q.tar" "$base"
		row "$method" $embedding "$tmp/q.tar"
	done
done
