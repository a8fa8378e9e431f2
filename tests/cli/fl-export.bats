# SPDX-License-Identifier: Apache-2.0
# fl-export.bats -- what other programs read of it is in tests/interop.
load helper

model() { # [JSON members] > a random model, a llama unless they say otherwise
	[[ ${1:-} = *model_type* ]] || set -- "\"model_type\": \"llama\"${1:+, $1}"
	cat <<-END
		{ "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 3,
		  "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 128, "rms_norm_eps": 1e-5,
		  "max_position_embeddings": 64, "torch_dtype": "bfloat16", $1 }
	END
}

# arch FILE: the value of general.architecture, the first key.
arch() {
	local n
	n=$(od -An -tu1 -j56 -N1 "$1")
	dd if="$1" bs=1 skip=64 count=$((n)) status=none
}

base() {
	model "$@" > config.json
	fl-init -o base.tar config.json
}

@test "a file of each type is written, in the size the type has" {
	base
	for type in f32 f16 bf16 q8_0 q4_0; do
		fl-export -q --to gguf --type "$type" -o "$type.gguf" base.tar
		assert_equal "$(head -c 4 "$type.gguf")" GGUF
		assert_equal "$(arch "$type.gguf")" llama
	done
	[ "$(stat -c %s f32.gguf)" -gt "$(stat -c %s f16.gguf)" ]
	assert_equal "$(stat -c %s f16.gguf)" "$(stat -c %s bf16.gguf)"
	[ "$(stat -c %s bf16.gguf)" -gt "$(stat -c %s q8_0.gguf)" ]
	[ "$(stat -c %s q8_0.gguf)" -gt "$(stat -c %s q4_0.gguf)" ]
	fl-export -q --to gguf -o auto.gguf base.tar
	cmp auto.gguf bf16.gguf
}

@test "the bytes depend neither on threads nor on how the checkpoint comes" {
	base
	fl-export -q -j1 --to gguf --type q4_0 -o one.gguf base.tar
	fl-export -q -j4 --to gguf --type q4_0 < base.tar > four.gguf
	cmp one.gguf four.gguf
}

@test "hybrids become the architecture that computes them" {
	base
	for pair in ffs:deci sff:deci fwf:step35 wsw:step35; do
		fl-attnpattern -a "d64-f96-${pair%:*}" base.tar | fl-export -q --to gguf -o x.gguf
		assert_equal "$(arch x.gguf)" "${pair#*:}"
	done
}

@test "families become the architecture that computes them" {
	while read -r want more; do
		base "$more" 2> /dev/null
		fl-export -q --to gguf -o x.gguf base.tar
		assert_equal "$more $(arch x.gguf)" "$more $want"
	done <<-END
		qwen2 "model_type": "qwen2"
		llama "model_type": "qwen2", "head_dim": 32
		llama "attention_bias": true
		llama "model_type": "mobilellm", "share_embedding": true
		llama "model_type": "mistral", "sliding_window": null
		step35 "model_type": "mistral", "sliding_window": 8
		deci "model_type": "qwen2", "layer_types": ["full_attention", "skip_attention", "full_attention"]
	END
}

@test "biases have no form in some hybrids, which are refused" {
	base '"model_type": "qwen2", "use_sliding_window": true, "sliding_window": 8, "max_window_layers": 1'
	one_line_error 1 fl-export --to gguf -o x.gguf base.tar
	[[ $stderr = *"attention biases together with sliding windows"* ]]
	base '"model_type": "qwen3", "attention_bias": true'
	one_line_error 1 fl-export --to gguf -o x.gguf base.tar
	[[ $stderr = *"attention biases together with QK-norm"* ]]
	[ ! -e x.gguf ]
}

@test "scaled RoPE with windows is granite_swa" {
	base '"rope_scaling": { "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 32 }'
	fl-export -q --to gguf -o x.gguf base.tar
	assert_equal "$(arch x.gguf)" llama
	fl-attnpattern -a d64-f96-fws base.tar | fl-export -q --to gguf -o x.gguf
	assert_equal "$(arch x.gguf)" granite_swa
}

@test "a row that is no multiple of 32 long is refused by name" {
	base
	sed 's/"intermediate_size": 96/"intermediate_size": 80/' config.json > odd.json
	fl-init -o odd.tar odd.json
	one_line_error 1 fl-export --to gguf --type q4_0 -o x.gguf odd.tar
	[[ $stderr = *blk.0.ffn_down.weight*80* ]]
	[ ! -e x.gguf ]
}

@test "QK-norm with scaled RoPE is refused before anything is written" {
	model '"head_dim": 16, "rope_scaling": { "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 32 }' |
		sed 's/"llama"/"qwen3"/' > config.json
	fl-init -o base.tar config.json
	one_line_error 1 fl-export --to gguf -o x.gguf base.tar
	[[ $stderr = *QK-norm* ]]
	[ ! -e x.gguf ]
}

@test "a target is asked for" {
	base
	one_line_error 2 fl-export -o x.gguf base.tar
	one_line_error 2 fl-export --to onnx -o x.gguf base.tar
}

@test "a tokenizer of another pattern is refused" {
	need_data backbone5m
	cp -R "$DATA/backbone5m" base
	chmod -R u+w base
	sed -i 's/\\\\p{N}|/\\\\p{N}{1,2}|/' base/tokenizer.json
	one_line_error 1 fl-export --to gguf -o x.gguf base
	[[ $stderr = *"no name for the pattern"* ]]
}

@test "without a tokenizer a remark says so" {
	base
	run --separate-stderr -0 fl-export --to gguf -o x.gguf base.tar
	[[ $stderr = *"no tokenizer.json"* ]]
}
