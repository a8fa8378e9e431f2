#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# train.sh -- training steps beside PyTorch's: same models, batches and threads, in turn, PAIRS times.
#
# PYTHON is one that has torch and transformers; without them that half is left out by name. Printed: medians of
# tokens a second, and peak memory beside what weights, gradients and two moments take, 16 bytes a weight.
set -eu -o pipefail
export LC_ALL=C
B=${B:-build} PYTHON=${PYTHON:-python3} PAIRS=${PAIRS:-3} threads=${THREADS:-$(nproc)} batch=8 context=256
B=$(cd "$B" && pwd) here=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d) && trap 'rm -rf "$scratch"' EXIT
cd "$scratch"

config() { # WIDTH FFN LAYERS HEADS VOCAB
	cat <<-END
		{"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": $1, "intermediate_size": $2,
		 "num_hidden_layers": $3, "num_attention_heads": $4, "num_key_value_heads": $4, "vocab_size": $5,
		 "max_position_embeddings": 2048, "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "hidden_act": "silu",
		 "tie_word_embeddings": true, "bos_token_id": 1, "eos_token_id": 2, "torch_dtype": "float32"}
	END
}

median() {
	sort -g | awk '{ x[NR] = $1 } END { print NR % 2 ? x[(NR + 1) / 2] : (x[NR / 2] + x[NR / 2 + 1]) / 2 }'
}

# Seconds of $2 steps of model $1 in precision $3: a run of so many more steps less one without them.
ours() {
	local flags=()
	[ "$3" = f32 ] || flags=(--bf16)
	for n in 1 $(($2 + 1)); do
		/usr/bin/time -f '%e %M' -o time "$B/bin/fl-train" -q -j "$threads" -t tok --batch $batch --context $context \
			"${flags[@]}" --steps "$n" -o out.tar "$1"
		cat time
	done | awk '{ s[NR] = $1; m = $2 / 1024 } END { print s[2] - s[1], m }'
}

"$PYTHON" -c 'import torch, transformers' 2>&- && torch=1 ||
	{ torch= && echo "train: PYTHON=$PYTHON has no torch and transformers: that half is left out"; }
config 320 960 8 5 4096 > small.json
config 768 2304 11 12 16384 > large.json
perl -e 'print pack "V*", map { int rand 4096 } 1 .. 200000' > tok
echo '| weights | precision | fl-train tok/s | PyTorch tok/s | ratio | fl-train MiB | PyTorch MiB | 16 bytes a weight, MiB |'
echo '|---|---|---|---|---|---|---|---|'
for model in small large; do
	"$B/bin/fl-init" -o $model/ $model.json
	weights=$("$B/bin/fl-info" --json $model | jq .parameters)
	[ $model = large ] && steps=3 || steps=12
	for precision in f32 bf16; do
		rm -f a b
		for _ in $(seq "$PAIRS"); do
			ours $model $steps $precision >> a
			[ -z "$torch" ] || "$PYTHON" "$here/train.py" $model $batch $context $steps "$threads" $precision 2>&- >> b
		done
		[ -n "$torch" ] || echo 'nan nan' > b
		a=$(cut -d' ' -f1 a | median) b=$(cut -d' ' -f1 b | median)
		awk -v a="$a" -v b="$b" -v n=$((steps * batch * context)) -v w="$weights" -v p=$precision \
			-v ma="$(cut -d' ' -f2 a | median)" -v mb="$(cut -d' ' -f2 b | median)" 'BEGIN { printf \
			"| %.1f M | %s | %.0f | %.0f | %.2f | %.0f | %.0f | %.0f |\n", w / 1e6, p, n / a, n / b, b / a, ma, mb, w * 16 / 1048576 }'
	done
done
