#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# executorch.sh -- what fl-export --to executorch writes is made into a .pte by ExecuTorch's own exporter, which takes
# half a minute a model, and its runtime gives the logits of fl-eval.
set -u
. "${0%/*}/helper.bash"

has "executorch.examples.models.llama.export_llama_lib, safetensors" "$EXECUTORCH" && runtime=yes
need_data
make_ids 160
fl-tokenize -q -c backbone5m "$DATA/corpora/tinystories.heldout.txt" | head -c $((4 * 480)) > text.tok

# try NAME f32|int4 CHECKPOINT [TOKENS]
try() {
	if [ -z "${runtime:-}" ]; then
		echo "ok - executorch: $1 # skip no package executorch"
	elif fl-export -q --to executorch -o "$3-out/" "$3" && make_pte "$3-out" &&
		printf '%s' "$prompt" | fl-tokenize -q -c "$3" > "$3.prompt" &&
		fl-eval -q -t "${4:-ids.tok}" --context 80 --kv f32 --logits "$3.f32" "$3" > /dev/null &&
		fl-eval -q -t "${4:-ids.tok}" --context 80 --kv int8 --logits "$3.int8" "$3" > /dev/null; then
		printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$3-out/model.pte" "$3.f32" "$3.int8" "$3.prompt" >> list
	else
		echo "not ok - executorch: $1"
	fi
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
fl-quantize -q --head int4 -o int4/ backbone5m && try "backbone5m, int4" int4 int4 text.tok
fl-quantize -q --head int4 -o int4-hybrid/ backbone-hybrid && try "backbone5m, int4, skips and windows" int4 int4-hybrid text.tok

[ -n "${runtime:-}" ] || exit 0
with_list executorch_run.py "$EXECUTORCH"
while IFS=$'\t' read -r name kind pte _; do
	[ "$kind" = f32 ] || continue # a rounding apart, int4 texts part ways
	report "$name runs to the same text" same_text "${pte%-out/*}" "${pte%/*}/greedy.tok"
done < list
