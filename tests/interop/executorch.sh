#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# executorch.sh -- what fl-export --to executorch writes is made into a .pte by ExecuTorch's own exporter, which takes
# half a minute a model, and its runtime gives the logits of fl-eval.
set -u
here=$(cd "$(dirname "$0")" && pwd)

has=$("$EXECUTORCH" -c "import executorch.examples.models.llama.export_llama_lib, safetensors" > /dev/null 2>&1 && echo yes)

prompt='Once upon a time'
if ! [ -d "$DATA/backbone5m" ] || ! [ -d "$DATA/stories260K" ]; then
	echo "ok - executorch # skip needs ../shared/data"
	exit
fi
ln -s "$DATA/backbone5m" "$DATA/stories260K" .

# Some ids that every vocabulary here has, in windows longer than any model's window; and a text.
awk 'BEGIN { for (i = 0; i < 160; i++) printf "\\x%02x\\x00\\x00\\x00", (i * i * 7 + i * 13) % 251 }' > ids
printf '%b' "$(< ids)" > ids.tok
fl-tokenize -q -c backbone5m "$DATA/corpora/tinystories.heldout.txt" | head -c $((4 * 480)) > text.tok

# try NAME f32|int4 CHECKPOINT [TOKENS]
try() {
	local kv=f32
	[ "$2" = f32 ] || kv=int8
	if [ -z "$has" ]; then
		echo "ok - executorch: $1 # skip no package executorch"
	elif fl-export -q --to executorch -o "$3-out/" "$3" && printf '%s' "$prompt" | fl-tokenize -q -c "$3" > "$3.prompt" &&
		fl-eval -q -t "${4:-ids.tok}" --context 80 --kv $kv --logits "$3.logits" "$3" > /dev/null; then
		printf '%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$3-out" "$3.logits" "$3.prompt" >> list
	else
		echo "not ok - executorch: $1"
	fi
}

random() { # NAME FAMILY TOKENIZER [JSON members]
	local vocabulary
	vocabulary=$(jq '.model.vocab | length' "$3/tokenizer.json")
	cat > random.json <<-END
		{ "model_type": "$2", "hidden_size": 96, "intermediate_size": 160, "num_hidden_layers": 4,
		  "num_attention_heads": 6, "num_key_value_heads": 3, "head_dim": 32, "vocab_size": $vocabulary,
		  "rms_norm_eps": 1e-5, "initializer_range": 0.2, "max_position_embeddings": 256,
		  "torch_dtype": "float32", "tie_word_embeddings": false }
	END
	jq ". + { ${4:-} }" random.json > more.json && fl-init -q -s 7 -o "$1/" more.json && cp "$3"/tokenizer*.json "$1"
}

# The text of greedy decoding. The start of a text is not spelt out by fl-generate.
same_text() {
	fl-tokenize -d --specials -c "$1" "$1-out/greedy.tok" > theirs &&
		fl-generate -q --ignore-eos --echo -n 64 -p "$prompt" "$1" > ours && [ -s ours ] &&
		diff -a <(cat ours; echo) <(sed '1s/^<s> *//' theirs; echo)
}

try stories260K f32 stories260K
try backbone5m f32 backbone5m
fl-attnpattern -q --window 16 -a d192-f768-fwsfwssf -o backbone-hybrid/ backbone5m &&
	try "backbone5m, skips and windows" f32 backbone-hybrid
random llama3 llama stories260K '"rope_parameters": { "rope_type": "llama3", "rope_theta": 500000.0, "factor": 8.0,
	"low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 8192 },
	"torch_dtype": "bfloat16", "tie_word_embeddings": true' && try "llama, scaled RoPE, bf16, tied" f32 llama3
random qwen2 qwen2 backbone5m && try "qwen2, with biases" f32 qwen2
random qwen3 qwen3 backbone5m && fl-attnpattern -q -a d96-f160-sfsf -o qwen3-skip/ qwen3 && try "qwen3, skips" f32 qwen3-skip
fl-quantize -q -o int4/ backbone5m && try "backbone5m, int4" int4 int4 text.tok
fl-quantize -q -o int4-hybrid/ backbone-hybrid && try "backbone5m, int4, skips and windows" int4 int4-hybrid text.tok

[ -n "$has" ] || exit 0
"$EXECUTORCH" "$here/executorch_run.py" < list 2> stderr || { echo "not ok - executorch"; sed 's/^/# /' stderr; }
while IFS=$'\t' read -r name kind directory _; do
	[ "$kind" = f32 ] || continue # a rounding apart, int4 texts part ways
	if same_text "${directory%-out}" > difference 2>&1; then
		echo "ok - executorch: $name runs to the same text"
	else
		echo "not ok - executorch: $name runs to the same text"
		sed 's/^/# /' difference
	fi
done < list
