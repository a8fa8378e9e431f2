# SPDX-License-Identifier: Apache-2.0
# special.bats -- the tokens that end a text, begin one and pad: one place says which, and tools and exports agree. The
# cases are those of ../shared/data/field/config.jsonl and others like them.
load helper

# The tiny model has 320 rows and 262 tokens, of which 256 is <|endoftext|>.
setup() {
	fl-init -s 1 -o base/ "$FIXTURES/tiny/config.json"
	cp "$FIXTURES/tiny/tokenizer.json" base
	jq '.added_tokens += [{ id: 262, content: "<|im_end|>" }, { id: 263, content: "<turn>" }, { id: 264, content: "<over>" },
		{ id: 265, content: "<out>" } | .special = true]' \
		base/tokenizer.json > tokenizer.json
	mv tokenizer.json base
}

# says CONFIG TOKENIZER GENERATION: the three files, the first two as filters for jq, the third as it is or none.
says() {
	jq "$1" "$FIXTURES/tiny/config.json" > base/config.json
	jq -n "$2" > base/tokenizer_config.json
	rm -f base/generation_config.json
	[ -z "${3:-}" ] || echo "$3" > base/generation_config.json
}

# key FILE NAME: a number that a GGUF file has under that key, nothing if it has none.
key() {
	local name=tokenizer.ggml.$2_token_id at
	at=$(grep -abo "$name" "$1" | head -n 1 | cut -d : -f 1)
	[ -z "$at" ] || od -An -tu4 -j $((at + ${#name} + 4)) -N 4 "$1" | tr -d ' '
}

# exports: what each export says of the ends of a text, and of what pads, a line each; what they remark, in `remarks`.
exports() {
	rm -rf out* remarks
	fl-export --to gguf -o out.gguf base 2>> remarks
	echo gguf $(for k in eos eot eom padding; do key out.gguf $k; done)
	fl-export --to executorch -o out-executorch/ base 2>> remarks
	echo "executorch $(sed -n "s/^  metadata: '\(.*\)'/\1/p" out-executorch/export.yaml | jq -c .get_eos_ids)"
	fl-export --to onnx -o out-onnx/ base 2>> remarks
	echo "onnx $(jq -c '.model | [.eos_token_id, .pad_token_id]' out-onnx/genai_config.json)"
	fl-export --to hf -o out-hf/ base 2>> remarks
	echo hf $(jq -c '[.eos_token_id, .pad_token_id]' out-hf/config.json) $(jq -c . out-hf/generation_config.json 2> /dev/null)
}

@test "several ends of text end one in every export and in fl-generate" {
	says '.eos_token_id = [256, 262]' '{}'
	run -0 exports
	assert_output - <<-END
		gguf 256
		executorch [256,262]
		onnx [[256,262],256]
		hf [[256,262],null]
	END
	# A chat model: generation_config.json lists two, of which config.json has one and the tokenizer the other.
	says '.eos_token_id = 256' '{ eos_token: "<|im_end|>" }' '{"eos_token_id":[262,256],"pad_token_id":256}'
	run -0 exports
	assert_output - <<-END
		gguf 262 256
		executorch [262,256]
		onnx [[262,256],256]
		hf [256,null] {"eos_token_id":[262,256],"pad_token_id":256}
	END
	# llama.cpp knows others by their text, but not these: there are two more keys.
	says '.eos_token_id = [256, 263]' '{}' '{"eos_token_id":[262,264,265]}'
	run -0 exports
	assert_output - <<-END
		gguf 256 265 264
		executorch [262,264,265,256,263]
		onnx [[262,264,265,256,263],262]
		hf [[256,263],null] {"eos_token_id":[262,264,265,256,263]}
	END
	run -0 cat remarks
	assert_output "fl-export: 'base': gguf has no key for another end of text: llama.cpp goes on after token 263"
	for file in config.json generation_config.json; do
		says '.eos_token_id = 0' '{ eos_token: "<|im_end|>" }' '{"eos_token_id":0}'
		run --separate-stderr -0 fl-generate -n 9 -p a base
		[[ $stderr = *"generated 9 tokens"* ]]
		jq '.eos_token_id = [range(320)]' base/$file > all && mv all base/$file
		run --separate-stderr -0 fl-generate -n 9 -p a base
		[[ $stderr = *"generated 0 tokens"* ]] || fail "$file: $stderr"
	done
}

@test "an end of text that tokenizer_config.json alone names is in every export" {
	says '.eos_token_id = null' '{ eos_token: "<|im_end|>", pad_token: "<|endoftext|>" }'
	run -0 exports
	assert_output - <<-END
		gguf 262 256
		executorch [262]
		onnx [262,256]
		hf [null,null] {"eos_token_id":262}
	END
	[ ! -s remarks ]
}

@test "an end of text that is no number is refused by name by every tool, and never copied" {
	local tool
	perl -e 'print pack "V*", 1 .. 100' > ids.tok
	for value in '"2"' 2.5 true '[2, "3"]' '[[2]]'; do
		says ".eos_token_id = $value" '{}'
		for tool in fl-info "fl-generate -p a" "fl-eval -t ids.tok" "fl-prune --score random -a d32-f64-fff -o out/" \
			"fl-export --to gguf -o out" "fl-export --to onnx -o out/" "fl-export --to hf -o out/" \
			"fl-export --to executorch -o out/"; do
			one_line_error 3 $tool base
			[[ $stderr = *"'base': 'eos_token_id' in config.json is no token id" ]] || fail "$tool: $stderr"
		done
		says . '{}' "{\"eos_token_id\": $value}"
		for tool in "fl-generate -p a" "fl-export --to gguf -o out" "fl-export --to onnx -o out/" \
			"fl-export --to hf" "fl-export --to executorch -o out/"; do
			one_line_error 3 $tool base
			[[ $stderr = *"'base': 'eos_token_id' in generation_config.json is no token id" ]] || fail "$tool: $stderr"
		done
	done
	says . '{}' '['
	for tool in "--to gguf -o out" "--to onnx -o out/" "--to hf" "--to executorch -o out/"; do
		one_line_error 3 fl-export $tool base
		[[ $stderr = *"'base': 'generation_config.json' is not valid JSON"* ]] || fail "$tool: $stderr"
	done
	[ ! -e out ]
	says '.pad_token_id = "2"' '{}'
	one_line_error 3 fl-info base
	[[ $stderr = *"'base': 'pad_token_id' in config.json is no token id" ]]
}

@test "no end of text anywhere is one remark, and exports say none" {
	says '.eos_token_id = null' '{ eos_token: null }'
	run -0 exports
	# llama.cpp takes a fixed token where none is stated: here it is a row that no token has. onnxruntime-genai
	# takes what pads.
	assert_output - <<-END
		gguf 319
		executorch []
		onnx [null,319]
		hf [null,null]
	END
	run -0 sed "s/.*'base': no token ends a text.*/one/" remarks
	assert_output $'one\none\none\none'
	run --separate-stderr -0 fl-generate -n 9 -p a base
	[ "${#stderr_lines[@]}" = 2 ]
	[[ ${stderr_lines[0]} = "fl-generate: 'base': no token ends a text"* && $stderr = *"generated 9 tokens"* ]]
	run --separate-stderr -0 fl-generate --ignore-eos -n 9 -p a base
	[ "${#stderr_lines[@]}" = 1 ]
	# Nor is there a row to spare, or an unknown token, or one at which llama.cpp ends by its text.
	sed -i 's/<|endoftext|>/<end>/' base/tokenizer.json
	jq '.vocab_size = 266' base/config.json > full.json
	fl-init -s 1 -o full/ full.json
	cp base/tok* full
	one_line_error 1 fl-export --to gguf -o full.gguf full
	[[ $stderr = *"it has no end-of-text token" ]]
}

@test "-1 is none, and an id beyond the vocabulary is left out of every export with a remark" {
	says '.eos_token_id = [256, 320] | .pad_token_id = -1' '{}'
	run -0 exports
	assert_output - <<-END
		gguf 256
		executorch [256]
		onnx [256,256]
		hf [256,null]
	END
	run -0 sort -u remarks
	assert_output "fl-export: 'base': leaving out the eos_token_id 320 of config.json, beyond the vocabulary of 320"
	says '.eos_token_id = 256 | .pad_token_id = 256' '{}' '{"do_sample":true,"eos_token_id":-1,"pad_token_id":32000}'
	run -0 exports
	assert_output - <<-END
		gguf 256 256
		executorch [256]
		onnx [256,256]
		hf [256,256] {"do_sample":true,"eos_token_id":256,"pad_token_id":256}
	END
	fl-prune -q --score random -a d32-f64-fff base | tar xO generation_config.json | cmp - base/generation_config.json
}

@test "--bos takes what generation_config.json, config.json or the tokenizer names, or says that none does" {
	perl -e 'print pack "V*", 1 .. 100' > ids.tok
	says '.bos_token_id = 256' '{}'
	fl-eval --bos -t ids.tok base > want
	fl-calibrate --bos -t ids.tok -o want.metrics base
	says '.bos_token_id = null' '{ bos_token: "<|endoftext|>" }'
	fl-eval --bos -t ids.tok base | cmp - want
	fl-calibrate --bos -t ids.tok base | cmp - want.metrics
	says '.bos_token_id = 320' '{}' '{"bos_token_id": 256}'
	fl-eval -q --bos -t ids.tok base | cmp - want
	says '.bos_token_id = -1' '{}'
	for tool in fl-eval fl-calibrate; do
		one_line_error 3 $tool --bos -t ids.tok base
		[[ $stderr = *"'base' names no BOS token" ]]
	done
}

@test "gguf says which special token takes white space with it, and refuses one that text gives" {
	jq '.vocab_size = 320' "$FIXTURES/tiny-qwen3.json" > config.json
	rm -rf base
	fl-init -s 1 -o base/ config.json
	jq '.added_tokens[0].rstrip = true' "$FIXTURES/tokenizer/qwen2/tokenizer.json" > base/tokenizer.json
	run --separate-stderr -0 fl-export --to gguf -o out.gguf base
	[[ $stderr = *"gguf cannot say lstrip, rstrip or single_word of special tokens such as '<|endoftext|>'"* ]]
	jq '.added_tokens[0] |= (.special = false | .single_word = true)' "$FIXTURES/tokenizer/qwen2/tokenizer.json" \
		> base/tokenizer.json
	one_line_error 1 fl-info --check-for gguf base
	[[ $stderr = *"cannot express how the tokenizer"* ]]
}
