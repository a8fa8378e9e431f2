#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# onnx.sh -- what fl-export --to onnx writes is run by ONNX Runtime with its caches: the logits of fl-eval, and
# greedy text over 64 tokens that is fl-generate's; and by onnxruntime-genai to the same ids.
set -u
. "${0%/*}/helper.bash"

has "onnx, onnxruntime, safetensors" && runtime=yes
has onnxruntime_genai && genai=yes

# try NAME KIND CHECKPOINT [TOKENS]: exports it and puts it down for onnx_run.py, which says what the kinds are.
try() {
	local more=
	[ "$2" != last ] || more=--last-logits
	if [ -z "${runtime:-}" ]; then
		echo "ok - onnx: $1 # skip no packages onnx, onnxruntime and safetensors"
	elif fl-export -q --to onnx $more -o "$3-onnx/" "$3" &&
		printf '%s' "$prompt" | fl-tokenize -q -c "$3" > "$3.prompt" &&
		fl-eval -q -t "${4:-ids.tok}" --context 80 --logits "$3.rounded" "$3" > /dev/null &&
		fl-eval -q --dequantize -t "${4:-ids.tok}" --context 80 --logits "$3.exact" "$3" > /dev/null; then
		printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$3-onnx" "$3.exact" "$3.rounded" "$3.prompt" >> list
	else
		echo "not ok - onnx: $1"
	fi
}

need_data
make_ids 320
head -c 20000 "$DATA/corpora/tinystories.heldout.txt" | fl-tokenize -q -c backbone5m > text.tok

try "stories260K, heads of 8" f32 stories260K
try backbone5m f32 backbone5m
fl-attnpattern -q -a d192-f768-ffsfssff -o backbone-skip/ backbone5m && try "backbone5m, skips" f32 backbone-skip
fl-attnpattern -q --window 16 -a d192-f768-fwsfwssf -o backbone-hybrid/ backbone5m &&
	try "backbone5m, windows and skips" f32 backbone-hybrid
cp -RL backbone-hybrid last && try "backbone5m, windows and skips, last logits" last last
random llama llama stories260K && try llama f32 llama
random llama-bias llama stories260K '"attention_bias": true, "tie_word_embeddings": true' &&
	try "llama, biases, tied" f32 llama-bias
random llama3 llama stories260K '"rope_parameters": { "rope_type": "llama3", "rope_theta": 500000.0, "factor": 8.0,
	"low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 32 }' &&
	try "llama, scaled RoPE" f32 llama3
random linear qwen2 backbone5m '"rope_scaling": { "type": "linear", "factor": 2.5 }' && try "qwen2, linear RoPE" f32 linear
random dynamic llama stories260K '"rope_scaling": { "type": "dynamic", "factor": 2.0 }' &&
	try "llama, dynamic RoPE within the context" f32 dynamic
random yarn qwen3 backbone5m '"rope_scaling": { "type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64 }' &&
	try "qwen3, yarn" f32 yarn
random mobilellm mobilellm stories260K '"share_embedding": true' && try mobilellm f32 mobilellm
random mistral mistral stories260K '"sliding_window": 8' && try "mistral, all layers with a window" f32 mistral
random qwen2 qwen2 backbone5m && try qwen2 f32 qwen2
random qwen3 qwen3 backbone5m && try qwen3 f32 qwen3
random qwen3-24 qwen3 backbone5m '"head_dim": 24' && try "qwen3, heads of 24" f32 qwen3-24
for family in llama qwen2 qwen3; do
	fl-attnpattern -q --window 8 -a d96-f160-fwfw -o $family-window/ $family && try "$family, windows" f32 $family-window
	fl-attnpattern -q --window 8 -a d96-f160-swsf -o $family-hybrid/ $family &&
		try "$family, windows and skips" f32 $family-hybrid
done
fl-attnpattern -q -a d96-f160-ssss -o llama-none/ llama && try "llama, no attention at all" f32 llama-none

fl-quantize -q --head int4 -o llama-int4/ llama-bias && try "llama, int4, tied" int llama-int4
fl-quantize -q --embedding int4 --head int4 -o qwen2-int4/ qwen2 && try "qwen2, all int4" int qwen2-int4
fl-quantize -q --head none --embedding none -o qwen2-head/ qwen2 && try "qwen2, int4, plain embedding and head" int qwen2-head
fl-quantize -q -o hybrid-int4/ qwen3-hybrid && try "qwen3, int4, windows and skips" int hybrid-int4
fl-quantize -q --head int4 -o backbone-int4/ backbone5m && try "backbone5m, int4" text backbone-int4 text.tok
fl-quantize -q -o backbone-head8/ backbone5m && try "backbone5m, int4, int8 head" text backbone-head8 text.tok
fl-quantize -q -o backbone-skip4/ backbone-skip && try "backbone5m, int4, skips" text backbone-skip4 text.tok

[ -n "${runtime:-}" ] || exit 0
with_list onnx_run.py
while IFS=$'\t' read -r name kind directory _ _ ids; do
	report "$name runs to the same text" same_text "${directory%-onnx}" "$directory/greedy.tok" --dequantize
	if [ -z "${genai:-}" ]; then
		echo "ok - onnx: $name runs by genai_config.json # skip no package onnxruntime-genai"
	elif [ "$kind" = f32 ] || [ "$kind" = last ]; then
		report "$name runs by genai_config.json" "$PYTHON" "$here/onnx_genai.py" "$directory" "$ids"
	fi
done < list
