#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# hf.sh -- what fl-export --to hf writes is loaded by stock transformers, and by compressed-tensors where it
# is quantized, and gives the logits of fl-eval.
set -u
. "${0%/*}/helper.bash"

has "transformers, compressed_tensors" && runtime=yes
make_ids 320

# Every small file of the source is in the export, byte for byte.
same_files() { # EXPORTED SOURCE
	local file
	for file in "$2"/*; do
		case $file in */config.json|*.safetensors|*.safetensors.index.json|*/fl-history.jsonl) continue ;; esac
		case $file in *.json|*.jsonl|*.txt|*.model|*.jinja) cmp "$file" "$1/${file##*/}" || return ;; esac
	done
}

# try NAME CHECKPOINT [SOURCE]: exports CHECKPOINT; its logits are to be those of SOURCE, by default the
# CHECKPOINT's own, "out" for those of the export.
try() {
	local out=$2-out
	local source=${3:-$2}
	[ "$source" != out ] || source=$out
	if [ -z "${runtime:-}" ]; then
		echo "ok - hf: $1 # skip no packages transformers and compressed-tensors"
	elif fl-export -q --to hf -o "$out/" "$2" && same_files "$out" "$2" &&
		fl-eval -q --dequantize -t ids.tok --context 80 --logits "$2.logits" "$source" > /dev/null; then
		printf '%s\t%s\t%s\n' "$1" "$out" "$2.logits" >> list
	else
		echo "not ok - hf: $1"
	fi
}

random llama llama && try llama llama
random llama-bias llama '' '"attention_bias": true, "tie_word_embeddings": true' && try llama-bias llama-bias
random llama3 llama '' '"rope_parameters": { "rope_type": "llama3", "rope_theta": 500000.0, "factor": 8.0,
	"low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 32 }' && try llama3 llama3
random linear llama '' '"rope_scaling": { "type": "linear", "factor": 2.5 }' && try "llama, linear RoPE" linear
random dynamic qwen2 '' '"max_position_embeddings": 32, "rope_scaling": { "type": "dynamic", "factor": 2.0 }' &&
	try "qwen2, dynamic RoPE beyond the context" dynamic
random yarn qwen3 '' '"rope_scaling": { "type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64 }' &&
	try "qwen3, yarn" yarn
random yarn-5 mistral '' '"sliding_window": null, "rope_parameters": { "rope_type": "yarn", "factor": 4.0, "rope_theta": 300.0,
	"attention_factor": 0.8, "beta_fast": 8, "beta_slow": 0.5, "truncate": false }' && try "mistral, yarn of other numbers" yarn-5
random mobilellm mobilellm '' '"share_embedding": true, "auto_map": { "AutoConfig": "x" }' && try mobilellm mobilellm
random mistral mistral '' '"sliding_window": 8' && try "mistral, all layers with a window" mistral
random qwen2 qwen2 && try "qwen2, with biases" qwen2
random qwen3 qwen3 && try qwen3 qwen3
for family in qwen2 qwen3; do
	fl-attnpattern -q --window 8 -a d96-f160-fwfw -o $family-window/ $family && try "$family, some windows" $family-window
	fl-attnpattern -q --window 8 -a d96-f160-swsf -o $family-hybrid/ $family && try "$family, windows and skips" $family-hybrid
done
fl-attnpattern -q -a d96-f160-wsws --window 8 -o mistral-skip/ mistral && try "mistral, windows and skips" mistral-skip
fl-attnpattern -q -a d96-f160-sffs -o llama-skip/ llama-bias && try "llama, skips and biases" llama-skip
fl-prune -q --score random -a d64-f96-ffff -o qwen2-small/ qwen2 && try "qwen2, heads unlike its width" qwen2-small

# A float32 model: the embedding, put back into numbers, is exact.
fl-quantize -q -o qwen2-int4/ qwen2 && try "qwen2, int4" qwen2-int4
fl-quantize -q --head int8 --embedding none -o qwen2-head8/ qwen2 && try "qwen2, int4 and an int8 head" qwen2-head8
fl-quantize -q --head none -o qwen2-head/ qwen2 && try "qwen2, int4 and a plain head" qwen2-head
fl-quantize -q --head int4 -o llama-int4/ llama-bias && try "llama, int4, tied" llama-int4
fl-quantize -q -o skip-int4/ qwen3-hybrid && try "qwen3, int4, windows and skips" skip-int4
fl-prune -q --score random -a d96-f160-ff --layer-score random mistral | fl-quantize -q > mistral-int4.tar &&
	mkdir mistral-int4 && tar xf mistral-int4.tar -C mistral-int4 && try "mistral, int4, windows" mistral-int4

# What others quantized is read as they read it, and passed on.
[ -z "${runtime:-}" ] || report "compressed-tensors quantizes" "$PYTHON" "$here/make-quantized.py" . 256
while read -r name; do
	try "made by compressed-tensors: $name" "$name"
done < <([ ! -e quantization.jsonl ] || jq -r .case quantization.jsonl)

# The real ones last, since without them it ends here.
runs() {
	[ -z "${runtime:-}" ] || with_list hf_logits.py
}
trap runs EXIT
need_data
try stories260K stories260K
try backbone5m backbone5m
fl-attnpattern -q --window 16 -a d192-f768-fwsfwssf -o backbone-hybrid/ backbone5m &&
	try "backbone5m, windows and skips" backbone-hybrid
# Its embedding is rounded to bf16 on the way, so it is the export that is compared.
fl-quantize -q -o backbone-int4/ backbone5m && try "backbone5m, int4" backbone-int4 out
