# SPDX-License-Identifier: Apache-2.0
load helper

# model NAME FAMILY TYPE [JSON members]: a checkpoint of random weights, untied, with a tokenizer.
model() {
	jq -n "{ model_type: \"$2\", hidden_size: 64, intermediate_size: 96, num_hidden_layers: 4, num_attention_heads: 4,
		num_key_value_heads: 2, head_dim: 32, vocab_size: 320, rms_norm_eps: 1e-5, initializer_range: 0.2,
		max_position_embeddings: 256, torch_dtype: \"$3\", tie_word_embeddings: false } + { ${4:-} }" > config.json
	rm -rf "$1"
	fl-init -q -s 7 -o "$1/" config.json
}

# words CHECKPOINT: gives it a tokenizer that cuts as SmolLM2's does.
words() {
	jq '.model.ignore_merges = false | .normalizer = null | .pre_tokenizer = {type: "Sequence", pretokenizers: [
		{type: "Split", pattern: {Regex: "\\p{N}"}, behavior: "Isolated", invert: false},
		{type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true}]}' \
		"$FIXTURES/tokenizer/level.json" > "$1/tokenizer.json"
	echo '{"bos_token":"<s>","eos_token":"</s>","chat_template":"{{ messages[0].content }}"}' > "$1/tokenizer_config.json"
}

# back CHECKPOINT: by GGUF and back, into back/.
back() {
	rm -rf back
	fl-export -q --to gguf -o model.gguf "$1"
	fl-import -q -o back/ model.gguf
}

scaling='"rope_scaling": { "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
	"original_max_position_embeddings": 64 }'
setup() {
	mkdir here && cd here
}

@test "what was exported without rounding comes back byte for byte, of every family and type" {
	while IFS='|' read -r family type more; do
		echo "# $family $type $more"
		model base "$family" "$type" "$more"
		back base
		cmp back/model.safetensors base/model.safetensors
		case $family in
		llama | qwen*) assert_equal "$(fl-info --json back | jq .fingerprint)" "$(fl-info --json base | jq .fingerprint)" ;;
		esac
	done <<-END
		llama|float32|
		llama|float16|"tie_word_embeddings": true
		llama|bfloat16|$(tr -d '\n' <<< "$scaling")
		llama|bfloat16|"attention_bias": true
		llama|float32|"rope_theta": 500000.0, "head_dim": 64, $(tr -d '\n' <<< "$scaling" | sed 's/ 64 / 8192 /')
		qwen2|float32|"head_dim": 16
		qwen2|bfloat16|"tie_word_embeddings": true
		qwen3|bfloat16|
		qwen3|float16|"tie_word_embeddings": true, "rope_theta": 1000000
		llama|float32|"rope_scaling": { "type": "linear", "factor": 4.0 }
		qwen3|bfloat16|"rope_scaling": { "rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64 }
		qwen2|float32|"head_dim": 16, "rope_scaling": { "rope_type": "yarn", "factor": 2.5, "attention_factor": 1.5 }
		mistral|bfloat16|
		mistral|float32|"sliding_window": 8
		mobilellm|float16|"share_embedding": true
	END
}

@test "layers that skip attention or have a window come back as such" {
	while IFS='|' read -r family pattern more; do
		echo "# $family $pattern $more"
		model base "$family" bfloat16 "$more"
		rm -rf hybrid
		fl-attnpattern --window 8 -a "d64-f96-$pattern" -o hybrid/ base
		back hybrid
		cmp back/model.safetensors hybrid/model.safetensors
		assert_equal "$(fl-info --json back | jq -c '[.arch, .window, .fingerprint]')" \
			"$(fl-info --json hybrid | jq -c '[.arch, .window, .fingerprint]')"
	done <<-END
		llama|fsfs|
		llama|sffs|"attention_bias": true
		llama|fwsw|"tie_word_embeddings": true
		llama|swsf|$(tr -d '\n' <<< "$scaling")
		qwen2|ssff|
		qwen3|sfsf|"tie_word_embeddings": true
		qwen3|wfsw|
	END
}

@test "int4 and int8 come back as the numbers they stand for" {
	perl -e 'print pack "V*", map { ($_ * 7919) % 300 } 1 .. 64' > ids
	for options in '--head int8' '--head int4 --embedding int8' ''; do
		model base qwen3 float32
		rm -rf small
		fl-quantize $options -o small/ base
		back small
		fl-eval -q --dequantize -t ids --context 64 --logits want small > /dev/null
		fl-eval -q -t ids --context 64 --logits got back > /dev/null
		cmp got want
	done
}

@test "what a file of another program holds is the same at any -j, in a pipe, and asked for in another type" {
	model base llama float32
	words base
	fl-export -q --to gguf --type q8_0 -o model.gguf base
	fl-import -o want.tar model.gguf
	fl-import -j 1 model.gguf | cmp - want.tar
	fl-import -j 3 - < model.gguf | cmp - want.tar
	cat model.gguf | fl-import | cmp - want.tar
	assert_equal "$(fl-info --json want.tar | jq -c '.bytes_as_F32 > 0')" true
	fl-import --type bf16 model.gguf | fl-info --json | jq -e '.bytes_as_BF16 == .bytes'
	fl-import --type f16 model.gguf | fl-info --json | jq -e '.bytes_as_F16 == .bytes'
	fl-info want.tar | grep -q '^history *fl-import < '
}

@test "a tokenizer comes back: ids, special tokens, chat template, and what ends a text" {
	model base llama float32
	words base
	back base
	cat "$ROOT/README.md" "$ROOT/man/fl.7" > text
	cmp <(fl-tokenize -c back text) <(fl-tokenize -c base text)
	cmp <(fl-tokenize --specials -c back <<< '<s>a</s> b <tool> c') <(fl-tokenize --specials -c base <<< '<s>a</s> b <tool> c')
	jq -e '.chat_template == "{{ messages[0].content }}" and .add_bos_token' back/tokenizer_config.json
	jq -e '.eos_token_id == [301, 302]' back/generation_config.json
	jq -e '.bos_token_id == 300 and .eos_token_id == 301' back/config.json
	silent fl-info --check back
}

@test "a model without an end of text comes back without one" {
	model base llama float32
	words base
	echo '{"eos_token": null}' > base/tokenizer_config.json
	back base
	jq -e '.eos_token_id == null' back/config.json
	jq -e 'has("eos_token") and .eos_token == null' back/tokenizer_config.json
	silent fl-info --check back
}

@test "a tokenizer with NFC comes back with it, and one without it without it" {
	model base llama float32
	printf 'cafe\314\201' > text
	for kind in qwen2 mpt; do
		for normalizer in null '{"type": "NFC"}'; do
			jq ".normalizer = $normalizer | .added_tokens[].single_word = false" \
				"$FIXTURES/tokenizer/$kind/tokenizer.json" > base/tokenizer.json
			back base
			cmp <(fl-tokenize -c back text) <(fl-tokenize -c base text)
		done
	done
}

@test "a sentencepiece tokenizer comes back, its merges found from scores" {
	need_data stories260K corpora
	back "$DATA/stories260K"
	cmp back/model.safetensors "$DATA/stories260K/model.safetensors"
	head -c 100000 "$DATA/corpora/tinystories.txt" > text
	cmp <(fl-tokenize -c back text) <(fl-tokenize -c "$DATA/stories260K" text)
	printf 'caf\303\251 \360\237\230\200' > text
	cmp <(fl-tokenize -c back text) <(fl-tokenize -c "$DATA/stories260K" text)
}

@test "sentencepiece tokens that no key names are where llama.cpp takes them for granted" {
	need_data stories260K
	fl-export -q --to gguf -o model.gguf "$DATA/stories260K"
	fl-import -o want/ model.gguf
	perl -pe 's/ggml.(bos|eos|unknown)_token_id/ggml.$1_taken_id/' model.gguf > odd.gguf
	fl-import -o got/ odd.gguf
	diff -r -x fl-history.jsonl want got
}

@test "a real model comes back, and its text is the same" {
	need_data backbone5m
	back "$DATA/backbone5m"
	fl-export --to gguf -o again.gguf back
	cmp again.gguf model.gguf
	cmp <(fl-generate -q -n 30 -p 'Once upon a time' back) <(fl-generate -q -n 30 -p 'Once upon a time' "$DATA/backbone5m")
	cmp <(fl-tokenize -c back "$DATA/corpora/wiki.test.raw") <(fl-tokenize -c "$DATA/backbone5m" "$DATA/corpora/wiki.test.raw")
}

@test "--tokenizer writes a tokenizer and nothing else, and --pre says how it cuts" {
	need_data backbone5m
	fl-export -q --to gguf -o model.gguf "$DATA/backbone5m"
	silent fl-import --tokenizer -o words/ model.gguf
	assert_equal "$(ls words | paste -sd' ')" "generation_config.json tokenizer.json tokenizer_config.json"
	echo "it's 12345" > text
	cmp <(fl-tokenize -c words text) <(fl-tokenize -c "$DATA/backbone5m" text)
	fl-import --tokenizer model.gguf | fl-tokenize -c - text | cmp - <(fl-tokenize -c words text)
	fl-import --tokenizer --pre falcon model.gguf > other.tar
	run ! cmp <(fl-tokenize -c other.tar text) <(fl-tokenize -c words text)
	one_line_error 2 fl-import --tokenizer --pre no-such-name model.gguf
	[[ $stderr = *"--pre: no pre-tokenizer of the name 'no-such-name' is known" ]]
	one_line_error 3 fl-import --tokenizer <(sed 's/tokenizer.ggml.pre.\{12\}qwen2/tokenizer.ggml.pre\x8\x0\x0\x0\x5\x0\x0\x0\x0\x0\x0\x0xwen2/' model.gguf)
	[[ $stderr = *"the pre-tokenizer 'xwen2' is not known: name one with --pre" ]]
	sed 's/tokenizer.ggml.pre/tokenizer.ggml.pro/' model.gguf > nameless.gguf
	one_line_error 3 fl-import nameless.gguf
	[[ $stderr = *--pre* ]]
	fl-import --pre qwen2 nameless.gguf | fl-tokenize -c - text | cmp - <(fl-tokenize -c words text)
}

@test "what would compute something else is refused by name" {
	model base llama float32
	fl-export -q --to gguf -o model.gguf base
	refuse() { # PERL WORDS: what has the same length may take its place
		perl -pe "$1" model.gguf > odd.gguf
		one_line_error 3 fl-import -q odd.gguf
		[[ $stderr = *$2* ]] || fail "$stderr"
	}
	refuse 's/general.architecture.{12}llama/$& =~ s,llama,gamma,r/es' "the architecture 'gamma' is not supported"
	refuse 's/general.type.{12}model/$& =~ s,model,adapt,r/es' "no model but of type 'adapt'"
	refuse 's/blk.1.ffn_gate.weight/blk.1.ffn_gato.weight/' "'blk.1.ffn_gate.weight' is missing"
	refuse 's/llama.context_length/llama.context_lenght/' "'llama.context_length' is missing"
	refuse 's/(rope.dimension_count....)./$1\x10/s' "RoPE on 16 of 32 dimensions"
	refuse 's/(attention.value_length....)./$1\x10/s' "values of 16 elements"
	refuse 's/(attention.head_count_kv....)./$1\x03/s' 4
}

# add FILE KEY NUMBER: one more key; a second one keeps the tensors where they may be.
add() {
	KEY=$2 NUMBER=$3 perl -0777 -i -pe 'my $new = pack("(Q</a*)Vf<", $ENV{KEY}, 6, $ENV{NUMBER});
		$new .= pack("(Q</a*)V(Q</a*)", "pad", 8, "x" x (31 - (length($new) + 22) % 32));
		substr($_, 16, 8) = pack("Q<", 2 + unpack("Q<", substr($_, 16, 8))); substr($_, 24, 0) = $new' "$1"
}

@test "RoPE that is scaled in two ways, or multiplied by a factor that only yarn has, is refused by name" {
	for more in "$scaling" '"rope_scaling": { "type": "linear", "factor": 2.0 }' '"rope_scaling": null'; do
		model base llama float32 "$more"
		fl-export -q --to gguf -o model.gguf base
		fl-import -q model.gguf > want.tar
		add model.gguf llama.rope.scaling.attn_factor 1
		fl-import -q model.gguf | cmp - want.tar
		fl-export -q --to gguf -o model.gguf base
		add model.gguf llama.rope.scaling.attn_factor 1.25
		one_line_error 3 fl-import model.gguf
		[[ $stderr = *"'llama.rope.scaling.attn_factor' is 1.25, which is supported with yarn alone" ]]
	done
	model base llama float32 "$scaling"
	fl-export -q --to gguf -o model.gguf base
	add model.gguf llama.rope.scaling.factor 2
	one_line_error 3 fl-import model.gguf
	[[ $stderr = *"RoPE is scaled by 'llama.rope.scaling' and by a tensor, which is not supported" ]]
}

@test "a block that only predicts more tokens is refused by its key" {
	model base qwen3 float32
	fl-export -q --to gguf -o model.gguf base
	add model.gguf qwen3.nextn_predict_layers 1
	one_line_error 3 fl-import model.gguf
	[[ $stderr = *"'qwen3.nextn_predict_layers' is 1, which is not supported" ]]
}

@test "a tokenizer that lacks merges or the types of its tokens is refused, and can be left out" {
	model base llama float32
	words base
	fl-export -q --to gguf -o model.gguf base
	while read -r key other why; do
		sed "s/tokenizer.ggml.$key/tokenizer.ggml.$other/" model.gguf > odd.gguf
		one_line_error 3 fl-import odd.gguf
		[[ $stderr = *"$why" ]] || fail "$stderr"
		fl-import --no-tokenizer odd.gguf | fl-info --check
	done <<-END
		merges mergez the file has no merges
		token_type token_tipe the file has 320 tokens and types of 0
	END
}

@test "a word that is spelt as an end of text elsewhere ends none" {
	model base llama float32
	words base
	fl-export -q --to gguf -o model.gguf base
	fl-import --tokenizer model.gguf | tar xO generation_config.json | jq -e '.eos_token_id == [301, 302]'
	perl -0777 -i -pe 's/((\x03\0\0\0){2})\x03/$1\x01/' model.gguf
	fl-import --tokenizer model.gguf | tar xO generation_config.json | jq -e '.eos_token_id == 301'
}

@test "bytes of a sentencepiece tokenizer are told by their texts, whatever their types" {
	need_data stories260K
	fl-export -q --to gguf -o model.gguf "$DATA/stories260K"
	printf 'caf\303\251 \360\237\230\200\n' > text
	perl -0777 -pe 's/(\x06\0\0\0){256}/"\x01\0\0\0" x 256/e' model.gguf > odd.gguf
	! cmp -s odd.gguf model.gguf
	fl-import --tokenizer odd.gguf | fl-tokenize -c - text | cmp - <(fl-tokenize -c "$DATA/stories260K" text)
}

@test "added tokens of Phi 3 take the white space behind them, </s> too" {
	need_data stories260K
	fl-export -q --to gguf -o model.gguf "$DATA/stories260K"
	fl-import --tokenizer model.gguf | tar xO tokenizer.json | jq -e '[.added_tokens[].rstrip] | any | not'
	sed 's/general.name/general.game/; s/general.type/general.name/' model.gguf |
		perl -0777 -pe 's/(general.name.{12})model/$1phi-3/s' > phi.gguf
	fl-import --tokenizer phi.gguf | tar xO tokenizer.json |
		jq -e '[.added_tokens[] | select(.rstrip).content] == ["</s>"]'
}

@test "a weight that is not finite is refused by its tensor's name" {
	model base llama float32
	poison base/model.safetensors model.layers.2.mlp.up_proj.weight
	fl-export -q --to gguf -o model.gguf base
	one_line_error 3 fl-import -q -o out.tar model.gguf
	[[ $stderr = *"'blk.2.ffn_up.weight' has a value that is not finite" ]]
	[ ! -e out.tar ]
}

@test "every other tool, given a GGUF, says to use fl-import" {
	model base llama float32
	fl-export -q --to gguf -o model.gguf base
	perl -e 'print pack "V*", 1 .. 64' > ids
	fl-calibrate --static -o metrics base
	try() {
		one_line_error 3 "$@" model.gguf
		assert_equal "$stderr" "$1: 'model.gguf' is a GGUF file: make a checkpoint of it with fl-import"
	}
	try fl-info
	try fl-eval -t ids
	try fl-calibrate -t ids
	try fl-prune -m metrics -a d32-f64-ff
	try fl-attnpattern -a d64-f96-ffff
	try fl-quantize
	try fl-export --to onnx
	try fl-generate -p x
	try fl-measure
	try fl-train -t ids
	try fl-init
	one_line_error 3 fl-tokenize -c model.gguf ids
	[[ $stderr = *fl-import ]]
	one_line_error 3 fl-info < model.gguf
	[[ $stderr = *fl-import ]]
}
