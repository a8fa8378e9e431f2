# SPDX-License-Identifier: Apache-2.0
# field.bats -- small inputs made after public reports of what real checkpoints hold.
load helper

# base [JSON members]: a random model `base` of 64 tokens of context, and 160 ids in ids.tok.
base() {
	jq -n "{ model_type: \"llama\", hidden_size: 128, intermediate_size: 256, num_hidden_layers: 2,
		num_attention_heads: 4, num_key_value_heads: 2, vocab_size: 64, rms_norm_eps: 1e-5, initializer_range: 0.2,
		max_position_embeddings: 64, torch_dtype: \"float32\", tie_word_embeddings: true } + { ${1:-} }" > config.json
	fl-init -s 1 -o base/ config.json
	printf '%b' "$(printf '\\x%02x\\0\\0\\0' $(for i in {1..160}; do echo $((i * i % 61)); done))" > ids.tok
}

@test "what public reports have in config.json is read, and computes what transformers makes of it" {
	need_data field
	base
	fl-eval --context 80 -t ids.tok --logits plain base > loss
	fingerprint=$(fl-info --json base | jq .fingerprint)
	while read -r line; do
		jq -s '.[0] + .[1].set' config.json <(echo "$line") > base/config.json
		silent fl-info --check base
		fl-eval --context 80 -t ids.tok --logits out base > loss
		case $(jq -r .expect <<< "$line") in
		'read, the same computation')
			cmp plain out
			assert_equal "$(fl-info --json base | jq .fingerprint)" "$fingerprint" ;;
		'computed as transformers does') # tests/unit/rope.c has transformers' numbers
			kind=$(jq -r .set.rope_scaling.type <<< "$line")
			fl-info base | grep "^rope_${kind}_factor"
			run cmp -s plain out
			assert_equal "$kind $status" "$kind 1" ;;
		*) fail "$line" ;;
		esac
	done < <(jq -c 'select(.case | test("end.? of text") | not)' "$DATA/field/config.jsonl" | tee cases)
	assert_equal "$(wc -l < cases)" 6
}

@test "what public reports have in quantization_config is read, or refused by its name" {
	need_data field
	base
	fl-quantize -o int4/ base
	while read -r line; do
		jq -s '.[1] as $c | .[0] | .quantization_config += ($c.set // {}) | .quantization_config.config_groups.group_linear +=
			($c.group // {}) | .quantization_config.config_groups.group_linear.weights += ($c.weights // {})' \
			int4/config.json <(echo "$line") > config.json
		if [ "$(jq -r .expect <<< "$line")" = 'refused by name' ]; then
			one_line_error 3 fl-info config.json
			[[ $stderr = *"'$(jq -r '.set // .group | keys[0]' <<< "$line")'"* ]] || fail "$stderr"
		else
			[[ $(jq -r .expect <<< "$line") = read* ]]
			silent fl-info config.json
		fi
	done < <(jq -c . "$DATA/field/quantization.jsonl")
}

@test "targets as a pattern mean the matrices that they match" {
	base
	fl-quantize -o int4/ base
	fl-eval --dequantize -t ids.tok --logits want int4 > loss
	jq '.quantization_config.config_groups.group_linear.targets = ["re:.*proj"]' int4/config.json > config.json
	cp config.json int4
	silent fl-eval --dequantize -t ids.tok --logits out int4
	cmp want out
	jq '.quantization_config.config_groups.group_linear.targets = ["re:.*self_attn"]' int4/config.json > config.json
	cp config.json int4
	one_line_error 3 fl-info int4
	[[ $stderr = *".mlp."*"_proj.weight_packed' does not belong to this model"* ]]
}

@test "groups of 128 with one matrix ignored, as compressed-tensors makes them, go through every tool" {
	base
	cp -R "$FIXTURES/logits/w4a16" .
	printf '\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0\5\0\0\0\6\0\0\0' > ids.tok
	silent fl-info --check w4a16
	fl-eval --dequantize -t ids.tok --logits want w4a16 > loss
	tar cf w4a16.tar w4a16
	fl-attnpattern -a d128-f256-f < w4a16.tar > out.tar
	fl-export -q --to hf -o hf/ w4a16
	for model in out.tar hf; do
		fl-eval --dequantize -t ids.tok --logits out $model > loss
		cmp want out
	done
	fl-calibrate -t ids.tok -o metrics.safetensors w4a16
	fl-measure --prefill 4 --decode 2 w4a16 > row
	fl-eval -t ids.tok w4a16 > loss
	fl-export -q --to gguf -o out.gguf w4a16
	fl-export -q --to onnx -o onnx/ w4a16
	one_line_error 1 fl-info --check-for executorch w4a16
	[[ $stderr = *"different bits"* ]]
	one_line_error 3 fl-quantize -o again/ w4a16
	one_line_error 3 fl-prune --score random -a d64-f128-f -o small/ w4a16
}

@test "dynamic RoPE beyond the context is computed where the whole is seen, and refused elsewhere in one line" {
	base '"rope_scaling": { "type": "dynamic", "factor": 2.0 }'
	silent fl-eval --context 80 -t ids.tok base
	silent fl-calibrate --context 80 -t ids.tok -o metrics.safetensors base
	fl-measure -q --prefill 64 base > row
	one_line_error 3 fl-measure -q --prefill 65 base
	[[ $stderr = *"beyond its context of 64 tokens dynamic RoPE scaling"* ]]
	one_line_error 3 fl-eval --kv int8 --context 80 -t ids.tok base
	[[ $stderr = *"dynamic"* ]]
	need_data stories260K
	cp -RL "$DATA/stories260K" stories && chmod -R u+w stories
	jq '.rope_scaling = { type: "dynamic", factor: 2.0 } | .max_position_embeddings = 20' "$DATA/stories260K/config.json" > \
		stories/config.json
	silent fl-generate -q --ignore-eos -p Once -n 12 stories
	one_line_error 3 fl-generate -q --ignore-eos -p Once -n 30 stories
	[[ $stderr = *"beyond its context of 20 tokens dynamic RoPE scaling"* ]]
}

@test "RoPE that a target has not is refused by its kind, before anything is read" {
	for kind in linear dynamic yarn; do
		base "\"rope_scaling\": { \"type\": \"$kind\", \"factor\": 2.0 }"
		one_line_error 1 fl-info --check-for executorch config.json
		[[ $stderr = *"executorch cannot express $kind RoPE scaling"* ]]
		silent fl-info --check-for onnx config.json
		silent fl-info --check-for hf config.json
	done
	silent fl-info --check-for gguf config.json
	base '"rope_scaling": { "type": "dynamic", "factor": 2.0 }'
	one_line_error 1 fl-export --to gguf -o out.gguf base
	[[ $stderr = *"gguf cannot express dynamic RoPE scaling"* ]]
	[ ! -e out.gguf ]
}
