# SPDX-License-Identifier: Apache-2.0
# What users of other tools complain of most does not happen here. Each test names a thread or two of
# theirs. hostile.bats has some more, and ../pipelines/scale.bats those on memory.
load helper

setup() {
	fl-init -s 1 -o base/ "$FIXTURES/tiny/config.json"
	cp "$FIXTURES/tiny/tokenizer.json" base/
	printf '{"tokenizer_class": "x",\r\n\t"chat_template": "\\u00e9 {{ x }}"}' > base/tokenizer_config.json
	printf 'a card\n' > base/README.md
}

transforms=(
	"fl-prune --score random --layer-score random -a d32-f64-ff"
	"fl-prune --score random -a d64-f128-fff"
	"fl-prune --tie"
	"fl-attnpattern -a d64-f128-fsw"
	"fl-quantize"
)

# The names of the tensors of a directory.
tensors() {
	head -c $((8 + $(od -An -tu8 -N8 "$1/model.safetensors"))) "$1/model.safetensors" | tail -c +9 |
		jq -r 'keys[] | select(. != "__metadata__")'
}

@test "the default context is not the 131072 of the model (wanda#44)" {
	jq '.max_position_embeddings = 131072' base/config.json > long.json
	fl-init -o long/ long.json
	for i in $(seq 5000); do printf '\1\0\0\0'; done > 5000.tok
	fl-calibrate -q -t 5000.tok long > metrics.safetensors
	run -0 fl-info metrics.safetensors
	assert_line --regexp '^context +2048$'
	# Two windows of 2048 and what is left, of each all tokens but the first
	[ "$(fl-eval -q -t 5000.tok --json long | jq .tokens)" = 4997 ]
}

@test "the tie flag decides whether there is a head, in every transform (mergekit#385, llama.cpp#12456)" {
	jq '.tie_word_embeddings = true' base/config.json > tied.json
	fl-init -o tied/ tied.json
	for model in base tied; do
		for t in "${transforms[@]}"; do
			echo "# $t $model"
			$t -o out/ $model
			want=false
			[ "$model" = tied ] || [ "$t" = "fl-prune --tie" ] || want=true
			[ "$(tensors out | grep -q ^lm_head && echo true || echo false)" = $want ]
			[ "$(jq .tie_word_embeddings out/config.json)" != $want ]
			rm -r out
		done
	done
}

@test "a copy of the embedding that the tie flag does not want is left out with a remark, one that is missing refused" {
	cp -r base both
	jq '.tie_word_embeddings = true' base/config.json > both/config.json
	printf '\1\0\0\0%.0s' {1..40} > ids.tok
	for tool in "${transforms[@]/%/ -o out/}" "fl-train -t ids.tok --context 4 --steps 1 -o out/" "fl-eval -t ids.tok" \
		fl-info; do
		one_line_error 3 $tool both
		[[ $stderr = *"'both': 'lm_head.weight' differs from the embedding, to which config.json ties it"* ]]
		[ ! -e out ]
	done
	for tensor in model.embed_tokens.weight lm_head.weight; do
		head -c "$(jq '.vocab_size * .hidden_size * 4' base/config.json)" /dev/zero | overwrite both/model.safetensors $tensor
	done
	tar cf both.tar -C both config.json model.safetensors
	for input in both both.tar -; do
		run --separate-stderr -0 fl-prune --score random --layer-score random -a d64-f128-ff -o out/ $input < both.tar
		assert_equal "$stderr" \
			"fl-prune: '${input/#-/standard input}': 'lm_head.weight' is not part of this model and left out"
		[ "$(tensors out | grep -c ^lm_head)" = 0 ]
		rm -r out
	done
	fl-prune --tie -o none/ base
	jq '.tie_word_embeddings = false' none/config.json > config.json
	cp config.json none/
	one_line_error 3 fl-quantize none
	[[ $stderr = *"tensor 'lm_head.weight' is missing"* ]]
}

@test "tokenizer, template and card pass through every transform byte by byte (mergekit#428, #469)" {
	for t in "${transforms[@]}"; do
		$t -o out/ base
		for file in tokenizer.json tokenizer_config.json README.md; do
			cmp base/$file out/$file
		done
		rm -r out
	done
}

@test "what a transform writes has the sizes that its config says, one for all layers (executorch#7981, vllm#36512)" {
	for t in "${transforms[@]}"; do
		$t base | fl-info --check
	done
	fl-prune --score random --layer-score random -a d32-f64-ff -o out/ base
	run -0 jq -c '[.hidden_size, .intermediate_size, .num_hidden_layers, .num_key_value_heads, .head_dim]' out/config.json
	assert_output '[32,64,2,2,16]'
}

@test "a config whose layers differ, or that needs code of its own, is refused by the name of the field (TensorRT-LLM#1600)" {
	while read -r field value; do
		echo "# $field"
		jq ".$field = $value" base/config.json > odd.json
		one_line_error 3 fl-init odd.json
		[[ $stderr = *"'$field'"* ]]
	done <<-'EOF'
		intermediate_size [128,64,128]
		num_key_value_heads [2,1,2]
		block_configs [{"attention":{"no_op":true}}]
		drop_attn_list [1]
		per_layer_config {"1":{"skip":["attention"]}}
		auto_map {"AutoModelForCausalLM":"modeling.X"}
	EOF
}

@test "a cut to a model's own size changes no weight (Model-Optimizer: norms lost on import)" {
	for t in "fl-prune --score random -a d64-f128-fff" "fl-attnpattern -a d64-f128-fff"; do
		[ "$($t base | fl-info --json | jq .digest)" = "$(fl-info --json base | jq .digest)" ]
	done
}

@test "fl-prune says what share of the energy stays (Torch-Pruning#468)" {
	fl-tokenize -c base "$FIXTURES/tiny/config.json" > text.tok
	fl-calibrate -q -t text.tok base > metrics.safetensors
	run --separate-stderr -0 fl-prune -v -m metrics.safetensors -a d32-f64-fff -o out.tar base
	[[ $stderr =~ "layer 2: 64 of 128 channels hold "([0-9.]+)" % of the energy" ]]
	[ "$(jq -n "${BASH_REMATCH[1]} > 50 and ${BASH_REMATCH[1]} < 100")" = true ]
	[[ $stderr = *"32 of 64 dimensions hold "* ]]
}

@test "a long run shows progress on a terminal and nowhere else (LLM-Shearing#61)" {
	need script
	fl-init -o base.tar base/config.json
	local run="(head -c 300000 base.tar; sleep 1; tail -c +300001 base.tar) | fl-quantize -o out.tar"
	script -qec "$run" log < /dev/null > shown
	grep -q 'model.safetensors: .*MiB, .*left' shown
	silent bash -c "$run"
	script -qec "${run/fl-quantize/fl-quantize -q}" log < /dev/null > shown
	[ ! -s shown ]
}
