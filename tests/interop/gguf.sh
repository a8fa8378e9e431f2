#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# gguf.sh -- GGUF files: read by the package gguf, whatever the type; run by llama.cpp as f32, where
# greedy text over 64 tokens must be fl-generate's.
set -u
here=$(cd "$(dirname "$0")" && pwd)
prompt='Once upon a time'
scaling='"rope_scaling": { "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 32 }'

has() { "$PYTHON" -c "import $1" 2>/dev/null; }

# report NAME COMMAND...: ok if it succeeds.
report() {
	if "${@:2}" > out 2>&1; then
		echo "ok - gguf: $1"
	else
		echo "not ok - gguf: $1"
		sed 's/^/# /' out
	fi
}

reads() { # CHECKPOINT TYPE
	fl-export -q --to gguf --type "$2" -o x.gguf "$1" && "$PYTHON" "$here/gguf_read.py" x.gguf "$1"
}

runs() { # CHECKPOINT
	fl-export -q --to gguf --type f32 -o x.gguf "$1" &&
		fl-generate -q --dequantize --ignore-eos --echo -n 64 -p "$prompt" "$1" > ours 2>/dev/null &&
		"$PYTHON" "$here/gguf_greedy.py" x.gguf "$prompt" 64 > theirs &&
		diff -a <(cat ours; echo) <(tail -n +3 theirs)
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
	if has llama_cpp; then
		report "$1 runs to the same text" runs "$1"
	else
		echo "ok - gguf: $1 runs to the same text # skip no package llama-cpp-python"
	fi
}

hybrid() { # NAME CHECKPOINT ARCH
	fl-attnpattern --window 8 -a "$3" -o "$1/" "$2" && try "$1" f32
}

random() { # NAME FAMILY TOKENIZER [JSON members]: untied, head_dim unlike width / heads
	local vocabulary
	vocabulary=$(jq '.model.vocab | length' "$3/tokenizer.json")
	cat > random.json <<-END
		{ "model_type": "$2", "hidden_size": 96, "intermediate_size": 160, "num_hidden_layers": 3,
		  "num_attention_heads": 6, "num_key_value_heads": 3, "head_dim": 32, "vocab_size": $vocabulary,
		  "rms_norm_eps": 1e-5, "initializer_range": 0.2, "max_position_embeddings": 256,
		  "torch_dtype": "float32", "tie_word_embeddings": false }
	END
	[ $# -lt 4 ] || { jq ". + { $4 }" random.json > more.json && mv more.json random.json; }
	fl-init -s 7 -o "random-$1/" random.json && cp "$3"/tokenizer*.json "random-$1" &&
		try "random-$1" f32 q4_0
}

if ! [ -d "$DATA/backbone5m" ] || ! [ -d "$DATA/stories260K" ]; then
	echo "ok - gguf # skip needs ../shared/data"
	exit
fi
ln -s "$DATA/backbone5m" "$DATA/stories260K" .
try stories260K auto f16 bf16
try backbone5m auto f32 f16 q8_0 q4_0
random llama llama stories260K
random qwen3 qwen3 backbone5m
random qwen2 qwen2 backbone5m '"head_dim": 16'
random qwen2-wide qwen2 backbone5m
random llama-bias llama stories260K '"attention_bias": true'
random mistral mistral stories260K '"sliding_window": 8'
random mobilellm mobilellm stories260K '"share_embedding": true'
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

fl-quantize -o int4/ backbone5m && fl-quantize --head int8 --embedding int8 -o int8-head/ backbone5m
fl-attnpattern --window 8 -a d192-f768-ffswfsfw -o int4-hybrid/ int4
try int4 auto q8_0
try int8-head auto
try int4-hybrid auto f32
