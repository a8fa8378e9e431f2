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
	one_line_error 2 fl-export --to pdf -o x.gguf base.tar
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
	[[ $stderr = *"no tokenizer"* ]]
}

# same_logits A B: of two checkpoints, bit for bit.
same_logits() {
	seq 0 127 | awk '{ printf "\\x%02x\\0\\0\\0", $1 }' > escaped
	printf '%b' "$(< escaped)" > ids.tok
	fl-eval -t ids.tok --context 32 --logits a "$1" > a.tsv
	fl-eval -t ids.tok --context 32 --logits b "$2" > b.tsv
	cmp a b
}

@test "hf: what transformers reads as it is keeps its weights" {
	base
	silent fl-export --to hf -o out/ base.tar
	tar xf base.tar
	cmp model.safetensors out/model.safetensors
	fl-info --check out
	jq -e '.architectures == ["LlamaForCausalLM"]' out/config.json
	fl-export --to hf -o out/ base.tar # over its own result
	fl-export -j1 --to hf < base.tar > one.tar
	fl-export -j4 --to hf -o four.tar base.tar
	cmp one.tar four.tar
}

@test "hf: tokenizer and generation_config.json come out byte for byte" {
	mkdir base
	model > config.json
	fl-init -o base/ config.json
	for name in tokenizer.json tokenizer_config.json generation_config.json chat_template.jinja; do
		printf '{ "%s":\t1 }\r\n' "$name" > "base/$name"
	done
	fl-export --to hf -o out/ base
	for name in tokenizer.json tokenizer_config.json generation_config.json chat_template.jinja; do
		cmp "base/$name" "out/$name"
	done
}

@test "hf: a layer without attention gets some that adds zero, or is refused" {
	base '"model_type": "qwen2"'
	fl-attnpattern --window 8 -a d64-f96-sfw -o skip/ base.tar
	run --separate-stderr -0 fl-export --to hf -o out/ skip
	assert_equal "$stderr" "fl-export: layers without attention are written as attention that adds zero: exact, but no faster"
	jq -e '.layer_types == ["full_attention", "full_attention", "sliding_attention"]' out/config.json
	fl-info --check out
	same_logits skip out
	one_line_error 1 fl-export --to hf --strict -o strict/ skip
	[ ! -e strict ]
	silent fl-info --check-for hf skip
}

@test "hf: an embedding in few bits becomes numbers, the linear layers stay as they are" {
	model | sed 's/bfloat16/float32/' > config.json
	fl-init -o base.tar config.json
	fl-quantize -o int4/ base.tar
	run --separate-stderr -0 fl-export --to hf -o out/ int4
	assert_equal "$stderr" "fl-export: the embedding is written as F32, rounded from its 8 bits and scales"
	jq -e '.quantization_config | .config_groups | keys == ["group_linear"]' out/config.json
	diff <(tensors int4/model.safetensors | jq -r keys[]) <(tensors out/model.safetensors | jq -r keys[]) > difference || true
	assert_equal "$(grep -c '^<.*embed_tokens.weight_' difference) $(grep -c '^>' difference)" "3 1"
	same_logits int4 out
	# Tied, the head goes with it.
	fl-prune --tie base.tar | fl-quantize | fl-export -q --to hf -o tied/
	jq -e '.quantization_config.ignore == ["lm_head"]' tied/config.json
	fl-info --check tied
}

@test "hf: windows where transformers has none are refused" {
	base
	fl-attnpattern -a d64-f96-fwf -o window.tar base.tar
	one_line_error 1 fl-export --to hf -o out/ window.tar
	[[ $stderr = *"sliding windows"*llama* ]]
	one_line_error 1 fl-info --check-for hf window.tar
	base '"model_type": "mistral", "sliding_window": 8'
	fl-export --to hf -o all/ base.tar
	jq -e '.sliding_window == 8 and (has("layer_types") | not)' all/config.json
	fl-attnpattern -a d64-f96-wws base.tar | fl-export -q --to hf -o skip/
	jq -e '.sliding_window == 8 and (has("layer_types") | not)' skip/config.json
	fl-attnpattern -a d64-f96-fwf -o mixed.tar base.tar
	one_line_error 1 fl-export --to hf -o out/ mixed.tar
	[[ $stderr = *mistral* ]]
	[ ! -e out ]
}

@test "hf: a llama whose width is no multiple of its heads is refused" {
	model '"head_dim": 8' | sed 's/"num_attention_heads": 4/"num_attention_heads": 12/' > config.json
	fl-init -o base.tar config.json
	one_line_error 1 fl-export --to hf -o out/ base.tar
	[[ $stderr = *"width 64 with 12 heads"* ]]
}

@test "hf: a MobileLLM is the llama it is" {
	base '"model_type": "mobilellm", "share_embedding": true, "layer_sharing": false, "auto_map": { "AutoConfig": "x" }'
	fl-export --to hf -o out/ base.tar
	jq -e '.model_type == "llama" and .architectures == ["LlamaForCausalLM"] and .tie_word_embeddings and
		(has("auto_map") or has("share_embedding") or has("layer_sharing") | not)' out/config.json
}

@test "hf: a type is not asked for" {
	base
	one_line_error 2 fl-export --to hf --type f32 -o out/ base.tar
}

@test "gguf: --strict refuses attention that adds zero where all heads would compute it" {
	base '"rope_scaling": { "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 32 }'
	fl-attnpattern -a d64-f96-fws -o hybrid.tar base.tar
	fl-export -q --to gguf -o x.gguf hybrid.tar
	one_line_error 1 fl-export --to gguf --strict -o y.gguf hybrid.tar
	fl-attnpattern -a d64-f96-fsf base.tar | fl-export -q --strict --to gguf -o y.gguf
}

# operators FILE NAME: how many nodes of that kind.
operators() {
	grep -ao "$2" "$1" | wc -l
}

@test "onnx: a directory of a graph, its data and what belongs to it" {
	base '"eos_token_id": [2, 3]'
	silent fl-export --to onnx -o out/ base.tar
	assert_equal "$(ls out | tr '\n' ' ')" "config.json fl-history.jsonl genai_config.json model.onnx model.onnx.data "
	assert_equal "$(operators out/model.onnx GroupQueryAttention) $(operators out/model.onnx FusedMatMul)" "3 22"
	jq -e '.model | .eos_token_id == [2, 3] and .pad_token_id == 2 and .decoder.num_hidden_layers == 3' out/genai_config.json
	silent fl-export --to onnx -o out/ base.tar # over its own result
	fl-export -j1 --to onnx -o one/ < base.tar
	fl-export -j4 --to onnx -o four/ base.tar
	diff -r one four
	diff -r one out
}

@test "onnx: a context whose tables would fill the memory is refused by its size" {
	model | jq '.max_position_embeddings = 1000000000' > config.json
	fl-init -o base.tar config.json
	one_line_error 1 fl-export --to onnx -o out/ base.tar
	[[ $stderr = *"onnx cannot express a context of 1000000000 tokens, whose positions would take "*" MiB" && ! -e out ]]
	fl-export -q --to gguf -o base.gguf base.tar
}

@test "onnx: layers without attention are absent, and caches are counted without them" {
	base
	fl-attnpattern --window 8 -a d64-f96-swf base.tar | fl-export --to onnx -o out/
	assert_equal "$(operators out/model.onnx GroupQueryAttention)" 2
	assert_equal "$(operators out/model.onnx local_window_size)" 1
	grep -aq 'present[.]1[.]value' out/model.onnx
	run -1 grep -aq 'present[.]2[.]' out/model.onnx
	jq -e '.model.decoder.num_hidden_layers == 2' out/genai_config.json
	# transformers, by which optimum reads it, knows no such layers.
	jq -e '.layer_types == ["full_attention", "sliding_attention", "full_attention"]' out/config.json
}

@test "onnx: 4 and 8 bits stay integers unless f32 is asked for" {
	base
	fl-quantize -o int4.tar base.tar
	fl-export --to onnx -o out/ int4.tar
	assert_equal "$(operators out/model.onnx MatMulNBits) $(operators out/model.onnx GatherBlockQuantized)" "22 1"
	jq -e 'has("quantization_config") | not' out/config.json
	fl-export --to onnx --type f32 -o f32/ int4.tar
	assert_equal "$(operators f32/model.onnx MatMulNBits) $(operators f32/model.onnx FusedMatMul)" "0 22"
	[ "$(stat -c %s f32/model.onnx.data)" -gt $((4 * $(stat -c %s out/model.onnx.data))) ]
}

@test "onnx: logits of the last token alone where they are asked for" {
	base
	fl-export --to onnx -o all/ base.tar
	fl-export --to onnx --last-logits -o last/ base.tar
	run -1 grep -aq 'model[.]norm[.]last' all/model.onnx
	grep -aq 'model[.]norm[.]last' last/model.onnx
	cmp all/model.onnx.data last/model.onnx.data
}

@test "onnx: tokenizer files go with it" {
	mkdir base
	model > config.json
	fl-init -o base/ config.json
	printf '{ "x":\t1 }\r\n' > base/tokenizer.json
	printf '{ "eos_token_id": 7 }' > base/generation_config.json
	fl-export --to onnx -o out/ base
	cmp base/tokenizer.json out/tokenizer.json
	jq -e '.model.eos_token_id == 7' out/genai_config.json
}

@test "onnx: heads that the runtime's attention does not take are refused" {
	base '"head_dim": 12'
	one_line_error 1 fl-export --to onnx -o out/ base.tar
	[[ $stderr = *"heads of 12"*"multiple of 8"* ]]
	one_line_error 1 fl-info --check-for onnx base.tar
	[ ! -e out ]
	fl-attnpattern -a d64-f96-sss base.tar | fl-export --to onnx -o out/ # there is no attention left
}

@test "onnx: no other output and no other type than it has" {
	base
	one_line_error 2 fl-export --to onnx -o out base.tar
	one_line_error 2 fl-export --to onnx base.tar
	one_line_error 2 fl-export --to onnx --type q4_0 -o out/ base.tar
	one_line_error 2 fl-export --to hf --last-logits -o out/ base.tar
	[ ! -e out ]
}

@test "onnx: a checkpoint is not replaced by what holds no weights of its kind" {
	model > config.json
	fl-init -o base/ config.json
	one_line_error 2 fl-export --to onnx -o base/ base
	[[ $stderr = *model.safetensors*"not replaced"* ]]
	fl-info --check base
}

# member DIR NAME: a member of its model.pth
member() {
	unzip -p "$1/model.pth" "model/$2"
}

@test "executorch gets a directory: weights in a ZIP, parameters, a recipe, the tokenizer, a history" {
	need unzip jq
	base '"model_type": "qwen3", "head_dim": 32'
	fl-attnpattern --window 8 -a d64-f96-fws base.tar > hybrid.tar
	silent fl-export --to executorch -o out/ hybrid.tar
	unzip -tq out/model.pth
	assert_equal "$(jq -c '[.dim, .hidden_dim, .n_layers, .head_dim, .use_qk_norm, .layer_types]' out/params.json)" \
		'[64,96,3,32,true,["full_attention","full_attention","skip_attention"]]'
	grep -qx '  local_global_attention: \[0, 8, 0\]' out/export.yaml
	grep -qx '  max_seq_length: 9' out/export.yaml
	assert_equal "$(jq -r .tool out/fl-history.jsonl | tail -n 1)" fl-export
	# The last layer has no attention, and what is there is aligned.
	member out data.pkl | strings | grep -c 'layers.2.attention' | grep -qx 0
	member out data.pkl | strings | grep -q 'layers.2.feed_forward.w1.weight'
	# The embedding is the second tensor, stored as it was; q moves rows within each head of 32.
	mkdir x && tar xf hybrid.tar -C x
	fl-export --to executorch -o again/ x/
	cmp out/model.pth again/model.pth
	one_line_error 2 fl-export --to executorch -o out.pth hybrid.tar
	one_line_error 2 fl-export --to executorch hybrid.tar
	one_line_error 2 fl-export --to executorch --type f16 -o other/ hybrid.tar
	[ ! -e other ]
}

@test "executorch gets integers as they are, with their scales" {
	need unzip jq
	base '"tie_word_embeddings": true'
	fl-quantize -o int8/ base.tar
	one_line_error 1 fl-export --to executorch -o out/ int8
	[[ $stderr = *"quantize with --head int4" ]]
	fl-quantize --head int4 -o int4/ base.tar
	fl-export -q --to executorch -o out/ int4
	grep -q 'preq_mode: preq_8da4w$' out/export.yaml
	grep -q 'preq_embedding_quantize: "8,32"$' out/export.yaml
	member out data.pkl | strings | grep -q 'tok_embeddings.scales'
	# data/1 is the embedding, a byte a weight, data/3 the head: the same here. All are in -8 .. 7.
	cmp <(member out data/1) <(member out data/3)
	assert_equal "$(member out data/1 | wc -c)" $((128 * 64))
	assert_equal "$(member out data/1 | od -An -v -w1 -td1 | awk '$1 < -8 || $1 > 7' | wc -l)" 0
	# The first word of the packed embedding, low nibble first.
	fl-info --check int4
	word=$(member out data/1 | od -An -N8 -v -w1 -td1 | awk '{ n += ($1 + 8) * 16 ^ i++ } END { printf "%.0f", n }')
	n=$(od -An -N8 -tu8 int4/model.safetensors)
	at=$(tail -c +9 int4/model.safetensors | head -c $n | jq '.["model.embed_tokens.weight_packed"].data_offsets[0]')
	assert_equal "$(od -An -j$((8 + n + at)) -N4 -tu4 int4/model.safetensors | tr -d ' ')" "$word"
}

@test "what executorch would ignore or compute otherwise is refused by name" {
	base '"attention_bias": true'
	one_line_error 1 fl-export --to executorch -o out/ base.tar
	[[ $stderr = *"cannot express a bias of the attention's output" ]]
	base '"rope_scaling": { "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
		"original_max_position_embeddings": 32 }'
	one_line_error 1 fl-export --to executorch -o out/ base.tar
	one_line_error 1 fl-info --check-for executorch base.tar
	base
	fl-quantize --head int8 base.tar > head.tar
	one_line_error 1 fl-export --to executorch -o out/ head.tar
	fl-quantize --method mse --signed base.tar > signed.tar
	one_line_error 1 fl-export --to executorch -o out/ signed.tar
	[[ $stderr = *"a scale is below zero; quantize without --signed" ]]
	[ ! -e out ]
}
