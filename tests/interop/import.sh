#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# import.sh -- fl-import on GGUF files that llama.cpp wrote: its converter's give back the checkpoint they were made
# from, its quantizer's what the package gguf dequantizes, and its vocabularies the ids that it publishes for them.
set -u
. "${0%/*}/helper.bash"

if ! has "llama_cpp, gguf, transformers"; then
	echo "ok - import # skip no packages llama-cpp-python, gguf and transformers"
	exit
fi
llama_source > said 2>&1 || { echo "not ok - import: no llama.cpp"; sed 's/^/# /' said; exit; }

# convert CHECKPOINT TYPE
convert() {
	"$PYTHON" "$here/gguf_convert.py" "$LLAMA" "$1" "$1.gguf" "$2"
}

# comes_back CHECKPOINT TYPE: its tensors, whatever their order, and what it computes.
comes_back() {
	convert "$1" "$2" && fl-import -q -o "$1-back/" "$1.gguf" && "$PYTHON" "$here/gguf_read.py" "$1.gguf" "$1-back" &&
		fl-tokenize -c "$1-back" "$here/import.sh" | cmp - <(fl-tokenize -c "$1" "$here/import.sh") &&
		"$PYTHON" "$here/import_same.py" "$1" "$1-back"
}

# rounded CHECKPOINT TYPE: that it has blocks of the type, and what it stands for.
rounded() {
	"$PYTHON" "$here/gguf_quantize.py" "$1.gguf" "$2.gguf" "$2" > said 2>&1 && fl-import -q -o "$2/" "$2.gguf" &&
		"$PYTHON" "$here/gguf_read.py" "$2.gguf" "$2"
}

# made NAME FAMILY [JSON members]: as the converter wants them.
made() {
	random "$1" "$2" backbone5m "\"architectures\": [\"${2^}ForCausalLM\"]${3:+, $3}"
}

need_data
made llama llama && made tied llama '"torch_dtype": "bfloat16", "tie_word_embeddings": true'
made llama-bias llama '"attention_bias": true, "torch_dtype": "float16"' && made qwen3 qwen3 && made mistral mistral
made llama3 llama '"torch_dtype": "bfloat16", "head_dim": 64, "rope_scaling": { "rope_type": "llama3", "factor": 32.0,
	"low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 8192 }'
made qwen2 qwen2 '"torch_dtype": "bfloat16"'
for model in llama:f32 tied:bf16 llama-bias:f16 llama3:bf16 qwen2:bf16 qwen3:f32 mistral:f32 backbone5m:bf16; do
	report "${model%:*} comes back from the converter" comes_back "${model%:*}" "${model#*:}"
done

without_scores() {
	convert stories260K f32 && ! fl-import -q stories260K.gguf > out.tar && fl-import -q --no-tokenizer -o back/ stories260K.gguf &&
		"$PYTHON" "$here/import_same.py" stories260K back
}
report "a tokenizer whose scores are all one is refused, and can be left out" without_scores

# Rows of 256 for the types whose blocks are as long.
made wide llama '"hidden_size": 256, "intermediate_size": 512, "head_dim": 64, "num_attention_heads": 4,
	"num_key_value_heads": 2' && convert wide f32 > /dev/null 2>&1
for type in q8_0 q4_0 q4_1 q5_0 q5_1 q2_k q3_k_m q4_k_m q5_k_m q6_k iq4_nl iq4_xs; do
	report "$type of the quantizer is what the package gguf makes of it" rounded wide $type
done

"$PYTHON" "$here/import_vocab.py" "$LLAMA/models" vocab || echo "not ok - import: import_vocab.py"
