# SPDX-License-Identifier: Apache-2.0
load helper

@test "the greedy text of stories260K is what llama2.c wrote" {
	need_data stories260K
	fl-generate -q -n 256 "$DATA/stories260K" > got
	echo >> got # llama2.c ends with a line break
	cmp got "$DATA/stories260K/greedy_256.txt"
}

@test "the greedy text of backbone5m is what llama.cpp and PyTorch wrote" {
	need_data backbone5m
	fl-generate -q -n 50 -p "Once upon a time" "$DATA/backbone5m" > got
	cmp got "$DATA/backbone5m/greedy_50.txt"
}

@test "the number of threads does not show" {
	need_data backbone5m
	for j in 1 2 3; do
		fl-generate -q -j $j -n 40 --temperature 1 -s 5 -p "One day" "$DATA/backbone5m" > $j
	done
	cmp 1 2
	cmp 1 3
}

@test "a seed draws the same text again, another seed another" {
	need_data stories260K
	fl-generate -q -n 40 --temperature 1 --top-p 0.9 -s 1 "$DATA/stories260K" > a
	fl-generate -q -n 40 --temperature 1 --top-p 0.9 -s 1 "$DATA/stories260K" > b
	fl-generate -q -n 40 --temperature 1 --top-p 0.9 -s 2 "$DATA/stories260K" > c
	cmp a b
	! cmp -s a c
}

@test "--echo prints the prompt, a file serves as well, and nothing is invented at -n 0" {
	need_data stories260K
	printf 'Lily and Tom' > prompt
	fl-generate -q -n 10 -p "Lily and Tom" "$DATA/stories260K" > text
	fl-generate -q -n 10 --echo -f prompt "$DATA/stories260K" > both
	cat prompt text | cmp - both
	fl-generate -q -n 0 -p "Lily" "$DATA/stories260K" > none
	[ ! -s none ]
}

@test "text ends at the end-of-text token unless told to go on" {
	need_data backbone5m
	run --separate-stderr -0 fl-generate -n 250 -p "The end." --temperature 0.5 -s 3 "$DATA/backbone5m"
	[[ $stderr =~ generated\ ([0-9]+)\ tokens ]]
	[ "${BASH_REMATCH[1]}" -lt 250 ]
	[[ $output != *endoftext* ]]
	run --separate-stderr -0 fl-generate -n 250 --ignore-eos -p "The end." --temperature 0.5 -s 3 "$DATA/backbone5m"
	[[ $stderr = *"generated 250 tokens"* ]]
}

@test "speeds go to standard error, a context overrun makes a remark, -q keeps both" {
	need_data stories260K
	run --separate-stderr -0 fl-generate -n 2 -p "Once" "$DATA/stories260K"
	[[ $stderr =~ ^fl-generate:\ prompt\ [0-9]+\ tokens,\ [0-9.]+\ tokens/s\;\ generated\ 2\ tokens,\ [0-9.]+\ tokens/s$ ]]
	run --separate-stderr -0 fl-generate -n 512 --temperature 1 "$DATA/stories260K"
	[[ $stderr = *"beyond the model's context of 512"* ]]
	silent fl-generate -q -n 512 --temperature 1 "$DATA/stories260K"
}

@test "checkpoints come as directories, tars and streams, quantized too" {
	need_data backbone5m
	fl-attnpattern -a d192-f768-ffffffff -o c.tar "$DATA/backbone5m"
	fl-generate -q -n 20 -p "One day" "$DATA/backbone5m" > want
	fl-generate -q -n 20 -p "One day" c.tar > got
	cmp want got
	zstd -q -c c.tar | fl-generate -q -n 20 -p "One day" > got
	cmp want got
	fl-quantize c.tar | fl-generate -q -n 20 -p "One day" > quantized
	[ -s quantized ]
	fl-quantize c.tar | fl-generate -q --dequantize -n 20 -p "One day" > floats
	[ -s floats ]
	fl-generate -q --kv int8 -n 20 -p "One day" c.tar > bytes
	[ -s bytes ]
	pipe 'fl-attnpattern -a d192-f768-fwfsfwfw --window 8 c.tar | fl-generate -q -n 20 -p "One day"' > hybrid
	[ -s hybrid ]
}

@test "--chat puts the prompt into the chat template, and needs one" {
	need_data backbone5m stories260K
	fl-generate -q --chat --echo -n 0 -p 'Hi!' "$DATA/backbone5m" > got
	printf '<|im_start|>user\nHi!<|im_end|>\n<|im_start|>assistant\n' | cmp - got
	one_line_error 2 fl-generate --chat "$DATA/backbone5m"
	one_line_error 3 fl-generate --chat -p Hi "$DATA/stories260K"
	[[ $stderr = *"no chat template"* ]]
	one_line_error 3 fl-generate -q --chat -p $'a\xff' "$DATA/backbone5m"
	assert_equal "$stderr" "fl-generate: prompt: byte 1 is not text"
	one_line_error 3 fl-generate -q -f - "$DATA/backbone5m" < <(printf 'a\xff')
	assert_equal "$stderr" "fl-generate: 'standard input': byte 1 is not UTF-8"
}

@test "with --chat, what of the prompt has no token is left out with a remark, and may be all of it" {
	jq '.vocab_size = 400' "$FIXTURES/tiny/config.json" > config.json
	fl-init -s 1 -o base/ config.json
	cp "$FIXTURES/tokenizer/holes/tokenizer.json" base
	echo '{"chat_template": "{{ messages[0].content }}"}' > base/tokenizer_config.json
	for prompt in '7 apples' 7; do
		run --separate-stderr -0 fl-generate -n 2 --chat -p "$prompt" base
		[[ $stderr = *"bytes of text have no token in the vocabulary: left out"* ]]
	done
}

@test "without a prompt or with an empty one a document begins as in training, not with the turn of a chat" {
	need_data backbone5m stories260K
	cp -r "$DATA/backbone5m" chat
	chmod -R u+w chat
	sed -i 's/"bos_token": null/"bos_token": "<|im_start|>"/; s/"eos_token": .*/"eos_token": "<|im_end|>",/' chat/tokenizer_config.json
	jq -e '[.bos_token, .eos_token] == ["<|im_start|>", "<|im_end|>"]' chat/tokenizer_config.json
	: > empty
	for way in "" "-p ''" "-f empty"; do
		for model in chat "$DATA/backbone5m"; do
			eval "fl-generate -q --echo -n 30 $way '$model'" > got
			fl-generate -q -n 30 -p '<|endoftext|>' "$model" | cmp - got
		done
		eval "fl-generate -q -n 30 $way '$DATA/stories260K'" > got
		head -c "$(stat -c %s got)" "$DATA/stories260K/greedy_256.txt" | cmp - got
	done
	! fl-generate -q -n 30 -p '<|im_start|>' chat | cmp -s - <(fl-generate -q -n 30 chat)
	# What a prompt spells is printed with it, were it a BOS.
	assert_equal "$(fl-generate -q -n 0 --echo -p '<|im_start|>user' chat)" '<|im_start|>user'
}

@test "what cannot be run is refused in one line" {
	one_line_error 2 fl-generate -p a -f b x
	one_line_error 2 fl-generate --top-p 0.9 x
	one_line_error 2 fl-generate --top-p 0.9 --temperature 0 x
	one_line_error 2 fl-generate -s 1 x
	one_line_error 3 fl-generate "$FIXTURES/logits/llama-untied"
	[[ $stderr = *"no tokenizer"* ]]
	cp -r "$FIXTURES/logits/llama-untied" m
	chmod -R u+w m
	sed -i 's/"tie_word_embeddings": false/"tie_word_embeddings": true/; s/"intermediate_size": 28/"intermediate_size": 32/' m/config.json
	run --separate-stderr -3 fl-generate m
	[[ $stderr = *"'model.layers.0.mlp."*"where config.json implies"* ]]
	sed -i 's/"intermediate_size": 32/"intermediate_size": 28/; s/"num_hidden_layers": 2/"num_hidden_layers": 3/' m/config.json
	run --separate-stderr -3 fl-generate m
	[[ $stderr = *"tensor 'model.layers.2."*"is missing"* ]]
}

@test "a model whose logits are not finite generates nothing" {
	need_data backbone5m
	fl-prune --score random -a d192-f768-ffffffff -o bad/ "$DATA/backbone5m"
	poison bad/model.safetensors model.norm.weight
	for temperature in 0 1; do
		one_line_error 3 fl-generate -n 4 --temperature $temperature -p "One day" bad
		assert_equal "$stderr" "fl-generate: 'bad': a logit is not finite"
	done
}
