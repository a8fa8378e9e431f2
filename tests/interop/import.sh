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

# comes_back CHECKPOINT TYPE: its tensors, whatever their order, and what it computes.
comes_back() {
	"$PYTHON" "$here/gguf_convert.py" "$LLAMA" "$1" model.gguf "$2" && rm -rf back && fl-import -q -o back/ model.gguf &&
		"$PYTHON" "$here/gguf_read.py" model.gguf back && "$PYTHON" "$here/import_same.py" "$1" back
}

# rounded CHECKPOINT TYPE
rounded() {
	"$PYTHON" "$here/gguf_convert.py" "$LLAMA" "$1" model.gguf "$2" && rm -rf back && fl-import -q -o back/ model.gguf &&
		"$PYTHON" "$here/gguf_read.py" model.gguf back &&
		fl-tokenize -c back "$here/import.sh" | cmp - <(fl-tokenize -c "$1" "$here/import.sh") && echo "$2"
}

need_data
random llama llama backbone5m && random tied llama backbone5m '"torch_dtype": "bfloat16", "tie_word_embeddings": true'
random llama-bias llama backbone5m '"attention_bias": true, "torch_dtype": "float16"'
random llama3 llama backbone5m '"torch_dtype": "bfloat16", "head_dim": 64, "rope_scaling": { "rope_type": "llama3",
	"factor": 32.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 8192 }'
random qwen2 qwen2 backbone5m '"torch_dtype": "bfloat16"' && random qwen3 qwen3 backbone5m && random mistral mistral backbone5m
for model in llama tied llama-bias llama3 qwen2 qwen3 mistral stories260K backbone5m; do
	type=$(jq -r '.torch_dtype // .dtype' $model/config.json | sed 's/float/f/')
	report "$model comes back from the converter" comes_back $model "$type"
done

# Rows of 256 for the types whose blocks are as long.
random wide llama backbone5m '"hidden_size": 256, "intermediate_size": 512, "head_dim": 64'
for type in q8_0 q4_0 q4_1 q5_0 q5_1 q2_k q3_k_m q4_k_m q5_k_m q6_k iq4_nl iq4_xs; do
	report "$type of the quantizer is what the package gguf makes of it" rounded wide $type
done

"$PYTHON" "$here/import_vocab.py" "$LLAMA/models" vocab || echo "not ok - import: import_vocab.py"
