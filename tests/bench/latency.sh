#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# latency.sh -- how well our own latency is predicted: architectures of pipelines/flash.space at a quarter of its
# width and FFN, random weights of 4 bits, the time to the first token of PREFILL (512) tokens.
#
#     OUT=dir SAMPLES=200 AGAIN=50 tests/bench/latency.sh
#
# SAMPLES architectures are measured, then the first AGAIN of them once more: the mean of how far the two are apart is
# what no prediction can be asked to beat. Printed: that, and the cross-validation of fl-predict over the first half and
# over all. Asked of it: R2 at least 0.97, MAPE at most 1.5 times the scatter.
#
# 2 seconds each on two cores. What has been measured stays in OUT/latency, OUT being $B/bench: end it at any
# moment, run it again, and it goes on; remove that and it begins anew.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
B=${B:-build} samples=${SAMPLES:-200} again=${AGAIN:-50} prefill=${PREFILL:-512} repeat=${REPEAT:-5}
export PATH=$(cd "$B" && pwd)/bin:$PATH LC_ALL=C
out=${OUT:-$B/bench}/latency
mkdir -p "$out/first" "$out/again"

awk '{ sub(/#.*/, "") }
	$1 == "window" { $2 = $2 / 4 }
	$1 == "width" || $1 == "ffn" { split($2, v, /\.\.|\//); $2 = v[1] / 4 ".." v[2] / 4 "/" (v[3] < 128 ? 32 : v[3] / 4) }
	NF { print }' "$here/../../pipelines/flash.space" > "$out/space"
cat > "$out/config.json" <<'JSON'
{"model_type": "llama", "hidden_size": 512, "intermediate_size": 2048, "num_hidden_layers": 16,
 "num_attention_heads": 8, "num_key_value_heads": 2, "head_dim": 64, "vocab_size": 32064,
 "max_position_embeddings": 32768, "rms_norm_eps": 1e-5, "rope_theta": 500000.0, "sliding_window": null,
 "tie_word_embeddings": true, "torch_dtype": "bfloat16"}
JSON
fl-suggest -q --space "$out/space" --batch "$samples" < /dev/null > "$out/archs"

measure() { # PASS COUNT: the first COUNT architectures, those that PASS lacks
	local arch n=0
	while read -r arch; do
		n=$((n + 1))
		[ -e "$out/$1/$arch.tsv" ] && continue
		fl-measure -q -c "$out/config.json" -a "$arch" --quantize --prefill "$prefill" --repeat "$repeat" > "$out/tmp"
		mv "$out/tmp" "$out/$1/$arch.tsv"
		[ $((n % 10)) != 0 ] || echo "latency.sh: $1, $n of $2" >&2
	done < <(head -n "$2" "$out/archs")
}

table() { # PASS COUNT
	head -n "$2" "$out/archs" | while read -r arch; do cat "$out/$1/$arch.tsv"; done | awk 'NR == 1 || !/^arch\t/'
}

measure first "$samples"
measure again "$again"
table first "$again" > "$out/first.tsv"
table again "$again" > "$out/again.tsv"
scatter=$(awk -F '\t' -v name="ttft_${prefill}_s" '
	FNR == 1 { for (i = 1; i <= NF; i++) if ($i == name) at = i; next }
	NR == FNR { first[$1] = $at; next }
	{ sum += ($at > first[$1] ? $at - first[$1] : first[$1] - $at) / first[$1]; n++ }
	END { printf "%.2f", 100 * sum / n }' "$out/first.tsv" "$out/again.tsv")
for n in $((samples / 2)) "$samples"; do
	table first "$n" > "$out/latency.tsv"
	fl-predict --cv --column "ttft_${prefill}_s" "$out/latency.tsv" | if [ "$n" = "$samples" ]; then tail -n +2; else cat; fi
done
echo "two measurements of the same architecture are $scatter % apart, mean of $again"
