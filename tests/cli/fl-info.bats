# SPDX-License-Identifier: Apache-2.0
load helper

@test "the real checkpoints are what their makers say" {
	need_data backbone5m stories260K
	silent fl-info --json "$DATA/backbone5m"
	[ "$(jq -r '[.arch, .parameters, .tied] | @text' <<< "$output")" = '["d192-f768-ffffffff",5312192,true]' ]
	silent fl-info --json "$DATA/stories260K"
	[ "$(jq -r '[.arch, .parameters] | @text' <<< "$output")" = '["d64-f172-fffff",260032]' ]
}

@test "a directory and its tar have one fingerprint and one digest" {
	fl-init -s 1 -o base/ "$FIXTURES/tiny-qwen3.json"
	a=$(fl-info --json base | jq -c '[.fingerprint, .digest]')
	b=$(tar cf - -C base config.json model.safetensors | fl-info --json | jq -c '[.fingerprint, .digest]')
	[ "$a" = "$b" ]
}

@test "--check is silent about a whole checkpoint and names what is not finite" {
	fl-init -s 1 -o base/ "$FIXTURES/tiny-qwen3.json"
	silent fl-info --check base
	assert_output ""
	# Infinity in bf16, in the middle of the data
	printf '\200\177' | dd of=base/model.safetensors bs=1 seek=100000 conv=notrunc status=none
	one_line_error 3 fl-info --check base
	[[ $stderr = *"is not finite"* ]]
}

@test "--check and --check-for look at the tokenizer too" {
	fl-init -s 1 -o base/ "$FIXTURES/tiny-qwen3.json"
	cp "$FIXTURES/tokenizer/level.json" base/tokenizer.json
	silent fl-info base
	run --separate-stderr -0 fl-info --check base
	[[ $stderr = *"the tokenizer has 305 tokens, the embedding 300 rows" ]]
	one_line_error 1 fl-info --check-for gguf base
	[[ $stderr = *"no name for the pattern"* ]]
	jq '.model.dropout = 0.1' "$FIXTURES/tokenizer/level.json" > base/tokenizer.json
	silent fl-info base
	one_line_error 3 fl-info --check base
	[[ $stderr = *dropout* ]]
	one_line_error 3 fl-info --check-for onnx base
	[[ $stderr = *dropout* ]]
}

@test "a missing, an unknown and a misshaped tensor are named" {
	fl-init -s 1 -o base/ "$FIXTURES/tiny-qwen3.json"
	cp -r base other
	jq '.num_hidden_layers = 5' base/config.json > other/config.json
	one_line_error 3 fl-info other
	[[ $stderr = *"model.layers.4."*missing* ]]
	jq '.num_hidden_layers = 3' base/config.json > other/config.json
	one_line_error 3 fl-info other
	[[ $stderr = *"model.layers.3."*"does not belong"* ]]
	jq '.intermediate_size = 96' base/config.json > other/config.json
	one_line_error 3 fl-info other
	[[ $stderr = *"[128, 64]"*"[96, 64]"* ]]
}

@test "an unsupported model type and field are refused by name" {
	need_data configs
	fl-init -s 1 -o base/ "$FIXTURES/tiny-qwen3.json"
	cp "$DATA/configs/hf/gemma-3-270m.config.json" base/config.json
	one_line_error 3 fl-info base
	[[ $stderr = *gemma3* ]]
	cp "$DATA/configs/pruned/LLM-Drop_llama2-13b_drop4_attn.config.json" base/config.json
	one_line_error 3 fl-info base
	[[ $stderr = *drop_attn_list* || $stderr = *auto_map* ]]
}

@test "--check-for says beforehand what a target cannot express" {
	fl-init -s 1 -o base/ "$FIXTURES/tiny-qwen3.json"
	silent fl-info --check-for gguf base
	assert_output ""
	fl-attnpattern -a d64-f128-fwff base | fl-info --check-for gguf
	# QK-norm, scaled RoPE and windows together have no form there
	jq '.rope_scaling = {rope_type: "llama3", factor: 8.0, low_freq_factor: 1.0, high_freq_factor: 4.0,
		original_max_position_embeddings: 64} | .layer_types = ["full_attention", "sliding_attention",
		"full_attention", "full_attention"] | .sliding_window = 32 | .use_sliding_window = true' \
		"$FIXTURES/tiny-qwen3.json" > config.json
	fl-init -s 1 -o scaled/ config.json
	one_line_error 1 fl-info --check-for gguf scaled
	fl-calibrate --static -o metrics base
	one_line_error 3 fl-info --check-for gguf metrics
}

@test "--json is refused where nothing is printed" {
	one_line_error 2 fl-info --check --json base
	one_line_error 2 fl-info --check-for gguf --json base
}

@test "a checkpoint comes by any pipe" {
	fl-init -s 1 -o tiny.tar "$FIXTURES/tiny/config.json"
	silent fl-info tiny.tar
	expected=$output
	silent fl-info <(cat tiny.tar)
	assert_equal "$output" "$expected"
}
