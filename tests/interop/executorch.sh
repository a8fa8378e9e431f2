#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# executorch.sh -- what fl-export --to executorch writes is made into a .pte by ExecuTorch's own exporter, which takes
# half a minute a model, and its runtime gives the logits of fl-eval.
set -u
here=$(cd "$(dirname "$0")" && pwd)

has=$("$EXECUTORCH" -c "import executorch.examples.models.llama.export_llama_lib, safetensors" > /dev/null 2>&1 && echo yes)

# Some ids below 256, which every vocabulary here has, in windows longer than any model's window.
awk 'BEGIN { for (i = 0; i < 160; i++) printf "\\x%02x\\x00\\x00\\x00", (i * i * 7 + i * 13) % 251 }' > ids
printf '%b' "$(< ids)" > ids.tok

# try NAME CHECKPOINT f32|int4 [TOKENS]
try() {
	if [ -z "$has" ]; then
		echo "ok - executorch: $1 # skip no package executorch"
	elif fl-export -q --to executorch -o "$2-out/" "$2" &&
		fl-eval -q -t "${4:-ids.tok}" --context 80 --logits "$2.logits" "$2" > /dev/null; then
		printf '%s\t%s\t%s\t%s\n' "$1" "$2-out" "$2.logits" "$3" >> list
	else
		echo "not ok - executorch: $1"
	fi
}

random() { # NAME FAMILY [JSON members]
	cat > random.json <<-END
		{ "model_type": "$2", "hidden_size": 96, "intermediate_size": 160, "num_hidden_layers": 4,
		  "num_attention_heads": 6, "num_key_value_heads": 3, "head_dim": 32, "vocab_size": 384,
		  "rms_norm_eps": 1e-5, "initializer_range": 0.2, "max_position_embeddings": 256,
		  "torch_dtype": "float32", "tie_word_embeddings": false }
	END
	jq ". + { ${3:-} }" random.json > more.json && fl-init -q -s 7 -o "$1/" more.json
}

random llama3 llama '"rope_parameters": { "rope_type": "llama3", "rope_theta": 500000.0, "factor": 8.0,
	"low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 8192 },
	"torch_dtype": "bfloat16", "tie_word_embeddings": true' && try "llama3, scaled RoPE, bf16, tied" llama3 f32
random qwen2 qwen2 && try "qwen2, with biases" qwen2 f32
random qwen3 qwen3 && try "qwen3, QK-norm" qwen3 f32
fl-attnpattern -q -a d96-f160-sfsf -o skip/ qwen3 && try "qwen3, skips" skip f32
fl-attnpattern -q --window 8 -a d96-f160-swsf -o hybrid/ qwen3 && try "qwen3, skips and windows" hybrid f32

if [ -d "$DATA/backbone5m" ] && [ -d "$DATA/stories260K" ]; then
	ln -s "$DATA/stories260K" .
	try stories260K stories260K f32
	fl-tokenize -q -c "$DATA/backbone5m" "$DATA/corpora/tinystories.heldout.txt" | head -c $((4 * 320)) > text.tok
	fl-quantize -q -o int4/ "$DATA/backbone5m" && try "backbone5m, int4" int4 int4 text.tok
	fl-attnpattern -q --window 16 -a d192-f768-fwsfwssf "$DATA/backbone5m" | fl-quantize -q -o int4-hybrid/ &&
		try "backbone5m, int4, skips and windows" int4-hybrid int4 text.tok
else
	echo "ok - executorch: real models # skip needs ../shared/data"
fi
[ -z "$has" ] || "$EXECUTORCH" "$here/executorch_run.py" < list 2> stderr || { echo "not ok - executorch"; sed 's/^/# /' stderr; }
