#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# gguf.sh -- GGUF files: read by the package gguf, whatever the type; run by llama.cpp as f32, where
# greedy text over 64 tokens must be fl-generate's.
set -u
. "${0%/*}/helper.bash"
linear='"rope_scaling": { "type": "linear", "factor": 2.5 }'
yarn='"rope_scaling": { "type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64, "attention_factor": 0.9 }'
scaling='"rope_scaling": { "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 32 }'

reads() { # CHECKPOINT TYPE
	fl-export -q --to gguf --type "$2" -o x.gguf "$1" && "$PYTHON" "$here/gguf_read.py" x.gguf "$1"
}

try() { # CHECKPOINT TYPE...
	local type
	for type in "${@:2}"; do
		if has gguf; then
			report "$1 as $type is read back" reads "$1" "$type"
		else
			echo "ok - gguf: $1 as $type is read back # skip no package gguf"
		fi
	done
	if ! has llama_cpp; then
		echo "ok - gguf: $1 # skip no package llama-cpp-python"
	elif fl-export -q --to gguf --type f32 -o "$1.gguf" "$1" &&
		fl-eval -q --dequantize -t ids.tok --context 80 --logits "$1.logits" "$1" > /dev/null; then
		printf '%s\tf32\t%s.gguf\t%s.logits\t%s\n' "$1" "$1" "$1" "$prompt" >> list
	else
		echo "not ok - gguf: $1"
	fi
}

hybrid() { # NAME CHECKPOINT ARCH
	fl-attnpattern --window 8 -a "$3" -o "$1/" "$2" && try "$1" f32
}

made() { # NAME FAMILY TOKENIZER [JSON members]
	random "random-$1" "$2" "$3" '"num_hidden_layers": 3'"${4:+, $4}" && try "random-$1" f32 q4_0
}

need_data
make_ids 320
try stories260K auto f16 bf16
try backbone5m auto f32 f16 q8_0 q4_0
made llama llama stories260K
made qwen3 qwen3 backbone5m
made qwen2 qwen2 backbone5m '"head_dim": 16'
made qwen2-wide qwen2 backbone5m
made llama-bias llama stories260K '"attention_bias": true'
made mistral mistral stories260K '"sliding_window": 8'
made mobilellm mobilellm stories260K '"share_embedding": true'
for family in llama qwen2 qwen3; do
	tokenizer=backbone5m
	[ $family != llama ] || tokenizer=stories260K
	made $family-linear $family $tokenizer "$linear"
	made $family-yarn $family $tokenizer "$yarn"
	hybrid $family-yarn-skip random-$family-yarn d96-f160-sfs
done
made qwen2-heads-yarn qwen2 backbone5m '"head_dim": 16, '"$yarn"
hybrid llama-linear-window random-llama-linear d96-f160-fwf
hybrid llama-yarn-window random-llama-yarn d96-f160-swf
hybrid qwen2-skip random-qwen2 d96-f160-sfs
hybrid llama-skip stories260K d64-f172-fsffs
hybrid llama-skip-first stories260K d64-f172-sffsf
hybrid llama-window-skip stories260K d64-f172-fwfsf
hybrid qwen3-skip backbone5m d192-f768-fffsffsf
hybrid qwen3-window-skip backbone5m d192-f768-swfsffwf

cp -RL stories260K scaled && chmod -R u+w scaled
sed -i "s/\"rope_scaling\": null/$scaling/" scaled/config.json
try scaled f32
hybrid scaled-skip scaled d64-f172-sffsf
hybrid scaled-window scaled d64-f172-fwfwf
hybrid scaled-window-skip scaled d64-f172-swfsw

fl-quantize --head int4 -o int4/ backbone5m && fl-quantize -o int8-head/ backbone5m
fl-attnpattern --window 8 -a d192-f768-ffswfsfw -o int4-hybrid/ int4
try int4 auto q8_0
try int8-head auto
cp -R "$here/../data/logits/w4a16" .
! has gguf || report "groups of 128 of compressed-tensors are read back" reads w4a16 auto
try int4-hybrid auto f32

# ends IDS FILTER: where llama.cpp ends the texts of backbone5m with what FILTER makes of its config.json.
ends() {
	cp -RL backbone5m ends && chmod -R u+w ends && rm ends/generation_config.json &&
		jq "$2" backbone5m/config.json > ends/config.json &&
		jq '.eos_token = null' backbone5m/tokenizer_config.json > ends/tokenizer_config.json &&
		fl-export -q --to gguf -o ends.gguf ends && rm -r ends &&
		"$PYTHON" "$here/gguf_ends.py" ends.gguf 2> /dev/null | diff - <(echo "$1")
}
if has llama_cpp; then
	# 0 and 2 are <|endoftext|> and <|im_end|>, at which it ends texts in any case.
	report "texts end at every end of text" ends '0 2 7 9' '.eos_token_id = [7, 9]'
	report "texts end at one named by a number alone" ends '0 2 7' '.eos_token_id = 7'
	report "texts end at no other where none is named" ends '0 2' '.eos_token_id = null'
else
	echo "ok - gguf: texts end at every end of text # skip no package llama-cpp-python"
fi

[ -s list ] || exit 0
with_list gguf_run.py
while IFS=$'\t' read -r name _; do
	report "$name runs to the same text" cmp "$name.gguf.text" \
		<(fl-generate -q --dequantize --ignore-eos --echo -n 64 -p "$prompt" "$name"; echo)
done < list
