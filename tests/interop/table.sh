#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# table.sh -- every target with every kind of model, in one table of Markdown, $B/interop-table.md: what the runtime makes
# of our export, and what the target's official exporter takes and comes to for the same checkpoint.
#
# Official is convert_hf_to_gguf.py of llama.cpp with llama-quantize for GGUF, the builder of onnxruntime-genai for ONNX,
# save_pretrained() of transformers for hf. For a .pte there is export_llm of ExecuTorch alone, for us as well; ours is
# what it reads. Seconds are of processor time, MiB the largest resident size, of the whole process. MODELS and TARGETS
# pick some: MODELS='stories260K int4' TARGETS=gguf.
set -u
. "${0%/*}/helper.bash"

for module in llama_cpp onnxruntime_genai transformers compressed_tensors; do
	has $module || missing=$module
done
has "executorch.extension.llm.export.export_llm, safetensors" "$EXECUTORCH" || missing=executorch
[ -x /usr/bin/time ] || missing='/usr/bin/time'
if [ -n "${missing:-}" ]; then
	echo "ok - table # skip no $missing"
	exit
fi
need_data
export HF_HUB_OFFLINE=1 OMP_NUM_THREADS=1

llama_source > said 2>&1 || { echo "not ok - table: no llama.cpp"; sed 's/^/# /' said; exit; }

mib() { # FILE...
	cat "$@" | wc -c | awk '{ printf "%.2f", $1 / 1e6 }'
}

# Ours: exports $model to $ours, and says how large it is -----------------------------------------------------------

ours_executorch() {
	timed cost fl-export -q --to executorch -o "$ours/" "$model" && make_pte "$ours" &&
		size="$(mib "$ours/model.pth") and .pte $(mib "$ours/model.pte")"
}

ours_gguf() {
	mkdir "$ours"
	timed cost fl-export -q --to gguf $([ $kind = int4 ] || echo --type f32) -o "$ours/model.gguf" "$model" &&
		size=$(mib "$ours/model.gguf")
}

ours_hf() {
	timed cost fl-export -q --to hf -o "$ours/" "$model" 2> /dev/null && size=$(mib "$ours/model.safetensors") &&
		fl-eval -q --dequantize -t "$tokens" --context 80 --logits "$model.hf" "$ours" > /dev/null
}

ours_onnx() {
	timed cost fl-export -q --to onnx -o "$ours/" "$model" && size=$(mib "$ours"/model.onnx*)
}

# Theirs, into $theirs -----------------------------------------------------------------------------------------------

theirs_executorch() {
	cp "$ours.cost" cost
}

theirs_gguf() {
	mkdir "$theirs"
	local f32=$theirs/$([ $kind = f32 ] && echo model || echo f32).gguf
	timed cost bash -ec '"$0" "$1/gguf_convert.py" "$2" "$3" "$4" f32
		[ "$4" = "$5" ] || { "$0" "$1/gguf_quantize.py" "$4" "$5" q4_0 && rm "$4"; }' \
		"$PYTHON" "$here" "$LLAMA" "$plain" "$f32" "$theirs/model.gguf"
}

theirs_hf() {
	timed cost "$PYTHON" -c "from transformers import AutoModelForCausalLM
AutoModelForCausalLM.from_pretrained('$([ $kind = f32 ] && echo "$plain" || echo "$ours")').save_pretrained('$theirs')"
}

theirs_onnx() {
	timed cost "$PYTHON" -m onnxruntime_genai.models.builder -m "$plain" -o "$theirs" -e cpu -c cache \
		-p $([ $kind = f32 ] && echo fp32 || echo int4)
}

# The lists that the scripts take, for what is in DIR ------------------------------------------------------------------

list_executorch() {
	printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$model" $kind "$1/model.pte" "$model.rounded" "$model.kv" "$model.prompt"
}
list_gguf() { printf '%s\t%s\t%s\t%s\t%s\n' "$model" $kind "$1/model.gguf" "$model.exact" "$prompt"; }
list_hf() { printf '%s\t%s\t%s\n' "$model" "$1" "$model.hf"; }
list_onnx() {
	printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$model" $([ $kind = f32 ] && echo f32 || echo text) "$1" "$model.exact" "$model.rounded" \
		"$model.prompt"
}

judge() { # TARGET DIR
	local script=onnx_run.py python=$PYTHON
	case $1 in
	executorch) script=executorch_run.py python=$EXECUTORCH ;;
	gguf) script=gguf_run.py ;;
	hf) script=hf_logits.py ;;
	esac
	"list_$1" "$2" | "$python" "$here/$script" 2> stderr || { echo "not ok"; sed 's/^/# /' stderr; }
}

# Whether greedy text is fl-generate's; transformers is not asked for it.
text() { # TARGET DIR
	case $1 in
	gguf) cmp -s "$2/model.gguf.text" <(fl-generate -q --dequantize --ignore-eos --echo -n 64 -p "$prompt" "$model"; echo) ;;
	hf) false ;;
	*) same_text "$model" "$2/greedy.tok" --dequantize > /dev/null ;;
	esac
}

differs() { sed -n 's/.*largest difference \([^ ]*\)\( and cached [^ ]*\)\{0,1\} of \([0-9.]*[0-9]\).*/\1 of \3/p' "$1" | head -n 1; }
agrees() { sed -n 's/.*arg-max agrees in \([0-9.]*\)%.*/arg-max \1 %/p' "$1" | head -n 1; }
spent() { awk -F '\t' '{ print $1 " s, " $2 " MiB" }' cost; }

# The last that a failing command said, short.
why() { tail -n 1 "$1" | sed 's/.*Status Message: //; s/^# //; s/^[A-Za-z.]*\(Error\|Exception\): //' | cut -c -110; }

# What official came to: the runtime's verdict where it is to compute the same. A graph of the builder's keeps windows in
# a cache of its own shape, so that onnxruntime-genai is asked.
result() { # TARGET
	if [ "$1" = executorch ]; then
		echo 'of our model.pth'
	elif [ $kind = int4 ] && [ "$1" != hf ]; then
		echo 'rounds anew'
	elif [ "$1" = onnx ]; then
		cp "$ours/greedy.tok" "$theirs"
		if "$PYTHON" "$here/onnx_genai.py" "$theirs" "$model.prompt" > said 2>&1; then
			echo 'same tokens'
		else
			echo "does not run: $(why said)"
		fi
	else
		judge "$1" "$theirs" > verdict
		if grep -q '^ok' verdict; then
			echo 'same logits'
		elif [ -n "$(differs verdict)" ]; then
			echo "other logits: $(differs verdict)"
		else
			echo "does not run: $(why verdict)"
		fi
	fi
}

row() { # TARGET WHAT
	local ours=$1-$model theirs=$1-$model-theirs size=
	local cells="| $1 | $2 |"
	if "ours_$1" > said 2>&1 && judge "$1" "$ours" > verdict && grep -q '^ok' verdict; then
		if [ $kind = f32 ] && text "$1" "$ours"; then same='same 64 tokens'; else same=$(agrees verdict); fi
		cells+=" yes | $(differs verdict) | $same | $size | $(spent) |"
		echo "ok - table: $1, $2"
	else
		cells+=" **no** | | | | |"
		echo "not ok - table: $1, $2"
		sed "s/^/# /" said verdict 2> /dev/null
	fi
	if "theirs_$1" > said 2>&1; then
		cells+=" $(spent) | $(result "$1") |"
	else
		cells+=" fails: $(why said) | |"
	fi
	echo "$cells" | tee -a table | sed "s|^|# |"
}

# A model, its logits over a text, and a row of each target.
rows() { # CHECKPOINT f32|int4 WHAT [PLAIN]
	[[ " ${MODELS:-$1} " = *" $1 "* ]] || return
	local model=$1 kind=$2 plain=${4:-$1} tokens=$1.tok target
	fl-tokenize -q -c "$model" "$DATA/corpora/tinystories.heldout.txt" 2> /dev/null | head -c $((4 * 480)) > "$tokens"
	printf '%s' "$prompt" | fl-tokenize -q -c "$model" > "$model.prompt"
	fl-eval -q --dequantize -t "$tokens" --context 80 --logits "$model.exact" "$model" > /dev/null
	fl-eval -q -t "$tokens" --context 80 --logits "$model.rounded" "$model" > /dev/null
	fl-eval -q -t "$tokens" --context 80 --kv int8 --logits "$model.kv" "$model" > /dev/null
	for target in ${TARGETS:-executorch gguf hf onnx}; do
		row $target "$3"
	done
}

fl-attnpattern -q -a d192-f768-ffsfssff -o skips/ backbone5m
fl-attnpattern -q --window 16 -a d192-f768-fwfwwfww -o windows/ backbone5m
fl-quantize -q --head int4 -o int4/ backbone5m
rows stories260K f32 f32
rows backbone5m f32 QK-norm
rows int4 int4 int4 backbone5m
rows skips f32 "skip hybrid"
rows windows f32 "SWA hybrid"

{
	echo "| target | model | loads | logits differ by | greedy or arg-max | MB | fl-export | official exporter | what that gives |"
	echo "|---|---|---|---|---|---|---|---|---|"
	LC_ALL=C sort -s -k 2,2 table
} > "$B/interop-table.md"
sed 's/^/# /' "$B/interop-table.md"
