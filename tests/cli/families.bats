# SPDX-License-Identifier: Apache-2.0
# families.bats -- real configurations and the indexes of real shards: each works, or one line says what
# is not supported.
load helper

# config FAMILY [JSON members]: a small one.
config() {
	cat <<-END
		{ "model_type": "$1", "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 3,
		  "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 64, "rms_norm_eps": 1e-5,
		  "head_dim": 8, "max_position_embeddings": 64, "torch_dtype": "float32"${2:+, $2} }
	END
}

# shards INDEX HEADER DIR: weights of zeros, in the files where the index has them, in the shapes of
# HEADER; what that has not is a vector of four.
shards() {
	local file
	cp "$1" "$3/model.safetensors.index.json"
	jq -r '.weight_map[]' "$1" | sort -u | while read -r file; do
		jq -c --slurpfile known "$2" --arg file "$file" '[.weight_map | to_entries[] | select(.value == $file)] |
			reduce .[] as $t ({ at: 0, header: {} };
				($known[0][$t.key | sub("^lm_head"; "model.embed_tokens")] // { dtype: "F32", shape: [4] }) as $k |
				(.at + 4 * ($k.shape | reduce .[] as $n (1; . * $n))) as $stop |
				.header[$t.key] = $k + { data_offsets: [.at, $stop] } | .at = $stop)' "$1" > shard.json
		jq -cj .header shard.json > header
		while [ $(($(stat -c %s header) % 8)) != 0 ]; do printf ' ' >> header; done
		{ printf '%b' "$(printf '\\x%02x' $(($(stat -c %s header) & 255)) $(($(stat -c %s header) >> 8)))"
		  head -c 6 /dev/zero; cat header; head -c "$(jq .at shard.json)" /dev/zero; } > "$3/$file"
	done
}

@test "every real configuration works, or one line says what is not supported" {
	need_data configs
	while read -r file want; do
		if [[ $want = [0-9]* ]]; then
			silent fl-info --json "$DATA/configs/$file.config.json"
			assert_equal "$file $(jq .parameters <<< "$output")" "$file $want"
		else
			one_line_error 3 fl-info "$DATA/configs/$file.config.json"
			[[ $stderr = *"$want"* ]] || fail "$file: $stderr"
		fi
		echo "$file.config.json" >> seen
	done <<-END
		hf/LFM2.5-350M 'lfm2' is not supported
		hf/Llama-3.2-1B 1235814400
		hf/Megatron_assets_llama3-8B 8030261248
		hf/MobileLLM-1.5B 1562388800
		hf/MobileLLM-125M 143067456
		hf/MobileLLM-125M.mobilellm-class 124635456
		hf/MobileLLM-1B 1046421760
		hf/MobileLLM-350M 376075200
		hf/MobileLLM-600M 640052352
		hf/OLMo_tiny_llama 1028144
		hf/Qwen3-0.6B 596049920
		hf/SmolLM2-135M 134515008
		hf/SmolLM2-135M.transformers5 134515008
		hf/gemma-3-270m 'gemma3_text' is not supported
		hf/llama_3_1_8b_instruct 8030261248
		hf/llama_3_2_3b_instruct 3212749824
		hf/mistral-small-24b-instruct-2501 23572403200
		hf/qwen2_5_7b_instruct 7615616512
		hf/qwen3-8b 8190735360
		pruned/optipfair_pruned-llama 1074792448
		pruned/stories42M-pruned2.4-compressed 'sparsity_config' in config.json is not supported
		$(cd "$DATA/configs" && ls pruned/LLM-Drop*attn* | sed "s/.config.json/ 'drop_attn_list', which is not supported/")
		$(cd "$DATA/configs" && ls pruned/LLM-Drop*{block,mlp}* | sed "s/.config.json/ 'drop_mlp_list', which is not supported/")
	END
	# None was left out.
	diff <(sort seen) <(cd "$DATA/configs" && ls hf/*.config.json pruned/*.config.json)
}

@test "configurations of other families and of other tools are refused by the one thing that is not supported" {
	while read -r word text; do
		echo "$text" > config.json
		one_line_error 3 fl-info config.json
		[[ $stderr = *"'$word'"* ]] || fail "$word: $stderr"
	done <<-END
		gemma3_text { "model_type": "gemma3_text", "query_pre_attn_scalar": 256 }
		lfm2 { "model_type": "lfm2", "conv_bias": false }
		drop_attn_list $(config llama '"auto_map": { "AutoConfig": "x" }, "drop_attn_list": [1]' | tr '\n' ' ')
		auto_map $(config llama '"auto_map": { "AutoConfig": "x" }' | tr '\n' ' ')
		layer_sharing $(config mobilellm '"auto_map": { "AutoConfig": "x" }, "layer_sharing": true' | tr '\n' ' ')
		share_layer $(config llama '"share_layer": true' | tr '\n' ' ')
		mlp_bias $(config llama '"mlp_bias": true' | tr '\n' ' ')
		longrope $(config qwen2 '"rope_scaling": { "type": "longrope", "factor": 4.0 }' | tr '\n' ' ')
		gptq $(config llama '"quantization_config": { "quant_method": "gptq" }' | tr '\n' ' ')
		marlin-24 $(config llama '"quantization_config": { "quant_method": "compressed-tensors", "format": "marlin-24" }' | tr '\n' ' ')
	END
}

@test "shards load from the indexes that real models ship" {
	need_data configs/index
	while read -r index family layers more; do
		index=$DATA/configs/index/$index.model.safetensors.index.json
		rm -rf one dir
		mkdir dir
		config "$family" "$more" | jq ".num_hidden_layers = $layers" > config.json
		fl-init -o one/ config.json
		cp one/config.json dir
		tensors one/model.safetensors > known.json
		shards "$index" known.json dir
		fl-prune --score random -a "d32-f32-$(printf 'f%.0s' $(seq "$layers"))" --block 1 -o small/ dir 2> remarks
		# The index of the result is of the same shards, less what is no weight of the model.
		diff <(jq -S .weight_map "$index") <(jq -S .weight_map small/*.index.json) > left || true
		assert_equal "$family $(grep '^[<>]' left | sed 's/.*"\(.*\)":.*/\1/; s/[0-9][0-9]*/N/' | sort -u | tr '\n' ' ')" \
			"$family $(sed "s/.*: '\([^ ]*\)' .*not part of this model.*/\1/; s/[0-9][0-9]*/N/" remarks | sort -u | tr '\n' ' ')"
		fl-info --check small
		rm -rf small
	done <<-END
		Qwen2.5-3B qwen2 36 "tie_word_embeddings": true
		Qwen3-1.7B qwen3 28 "tie_word_embeddings": true
		Qwen3-4B qwen3 36 "tie_word_embeddings": true
		llama2-13b llama 40
		mistral-7b-v0.1 mistral 32
	END
}

@test "the size that a real index states is that of the tensors its configuration implies" {
	need_data configs/index
	while read -r index extra text; do
		echo "$text" > config.json
		total=$(jq .metadata.total_size "$DATA/configs/index/$index.model.safetensors.index.json")
		parameters=$(fl-info --json config.json | jq .parameters)
		assert_equal "$index $((2 * parameters + extra))" "$index $total"
	done <<-END
		Qwen2.5-3B 0 { "model_type": "qwen2", "hidden_size": 2048, "intermediate_size": 11008, "num_hidden_layers": 36, "num_attention_heads": 16, "num_key_value_heads": 2, "vocab_size": 151936, "tie_word_embeddings": true }
		Qwen3-1.7B $((2 * 151936 * 2048)) { "model_type": "qwen3", "hidden_size": 2048, "intermediate_size": 6144, "num_hidden_layers": 28, "num_attention_heads": 16, "num_key_value_heads": 8, "vocab_size": 151936, "tie_word_embeddings": true }
		Qwen3-4B 0 { "model_type": "qwen3", "hidden_size": 2560, "intermediate_size": 9728, "num_hidden_layers": 36, "num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 151936, "tie_word_embeddings": true }
		llama2-13b $((40 * 64 * 4)) { "model_type": "llama", "hidden_size": 5120, "intermediate_size": 13824, "num_hidden_layers": 40, "num_attention_heads": 40, "vocab_size": 32000 }
		mistral-7b-v0.1 0 { "model_type": "mistral", "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 32000 }
	END
}

@test "a configuration of 70 billion parameters is counted, and its weights begin in little memory" {
	cat > 70b.json <<-END
		{ "model_type": "llama", "hidden_size": 8192, "intermediate_size": 28672, "num_hidden_layers": 80,
		  "num_attention_heads": 64, "num_key_value_heads": 8, "vocab_size": 128256, "head_dim": 128,
		  "rms_norm_eps": 1e-5, "rope_theta": 500000.0, "max_position_embeddings": 131072,
		  "rope_scaling": { "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 8192 },
		  "tie_word_embeddings": false, "torch_dtype": "bfloat16" }
	END
	silent fl-info --json 70b.json
	assert_equal "$(jq .parameters <<< "$output")" 70553706496
	layers=$(printf 'f%.0s' $(seq 60))
	# The stream is cut: what matters is that both came so far within their limit, stacks included.
	run --separate-stderr bash -c "ulimit -d 65536; fl-init -j2 70b.json 2>/dev/null | head -c 100000000 |
		fl-prune -j2 --score random --layer-score random -a d4096-f14336-$layers | wc -c"
	[[ $stderr = *"ends early"* ]] || fail "$stderr"
	[ "$output" -gt 40000000 ]
}

@test "a bias is pruned, dropped and kept with its matrix" {
	config llama '"attention_bias": true' > config.json
	fl-init -s 1 -o base/ config.json
	fl-prune --score random -a d16-f32-ff --layer-score random --block 8 --align 8 -o small/ base
	tensors small/model.safetensors > header
	assert_equal "$(jq -c '[.[] | select(.shape == [16])] | length' header)" $((2 * (2 + 1 + 2) + 1))
	jq -e '."model.layers.1.self_attn.q_proj.bias".shape == [32] and ."model.layers.1.self_attn.k_proj.bias".shape == [16] and
		."model.layers.1.self_attn.o_proj.bias".shape == [16]' header
	fl-attnpattern -a d32-f48-fsf -o skip/ base
	tensors skip/model.safetensors | jq -e '[keys[] | select(test("layers.1.self_attn"))] == []'
	fl-quantize -o int4/ <(fl-prune --score random -a d32-f32-fff base)
	tensors int4/model.safetensors | jq -e '."model.layers.0.self_attn.q_proj.bias".dtype == "F32"'
	fl-info --check int4
}

@test "a norm or a bias that the configuration does not know, or misses, is an error that names it" {
	config qwen3 > config.json
	fl-init -s 1 -o base/ config.json
	jq '.model_type = "llama"' config.json > base/config.json
	one_line_error 3 fl-attnpattern -a d32-f48-ffs -o out/ base
	[[ $stderr = *"model.layers.0.self_attn."[kq]"_norm.weight' does not belong"* ]]
	config qwen2 > config.json
	fl-init -s 1 -o bias/ config.json
	jq '.model_type = "mistral"' config.json > bias/config.json
	one_line_error 3 fl-attnpattern -a d32-f48-wws -o out/ bias
	[[ $stderr = *"self_attn."[kqv]"_proj.bias' does not belong"* ]]
	config mistral > config.json
	fl-init -s 1 -o plain/ config.json
	jq '.model_type = "qwen2"' config.json > plain/config.json
	one_line_error 3 fl-export --to gguf -o out.gguf plain
	[[ $stderr = *"self_attn."[kqv]"_proj.bias' is missing"* ]]
	[ ! -e out ] && [ ! -e out.gguf ]
}

@test "nine query heads on three of keys and values (LLM-Pruner#64, llama.cpp#16021)" {
	config llama '"num_attention_heads": 9, "num_key_value_heads": 3, "head_dim": 4' |
		sed 's/"num_attention_heads": 4, "num_key_value_heads": 2, //; s/"head_dim": 8,//' > config.json
	fl-init -s 1 -o base/ config.json
	fl-prune --score random -a d16-f32-ff --layer-score random --block 8 --align 8 base | fl-info --check
}

@test "the history says which members a cut kept (LLM-Pruner#15)" {
	config llama > config.json
	fl-init -s 1 -o base/ config.json
	fl-prune --score random --layer-score random -a d16-f32-ff --block 8 --align 8 -o out/ base
	jq -e 'select(.tool == "fl-prune").kept | (.layers | length) == 2 and (.ffn | length) == 2 and (.width | test("^[0-9]+-[0-9]+"))' \
		out/fl-history.jsonl
}

@test "whether a target takes a model is known from its config.json, and is so (LLM-Pruner#16, llama.cpp#9483)" {
	local family pattern target asked done out
	for family in llama mistral mobilellm qwen2 qwen3; do
		config "$family" '"sliding_window": null' > config.json
		fl-init -s 1 -o base/ config.json
		for pattern in fff fsf fwf wsw www; do
			fl-attnpattern --window 8 -a "d32-f48-$pattern" -o pattern/ base
			for target in executorch gguf hf; do
				asked=0 done=0 out=out.$target
				[ $target = gguf ] || out+=/
				fl-info --check-for $target pattern/config.json 2> said || asked=$?
				fl-export -q --to $target -o $out pattern 2> said.too || done=$?
				assert_equal "$family $pattern $target $asked" "$family $pattern $target $done"
				[ $asked = 0 ] || [ $asked = 1 ]
				[ -e out.$target ] && rm -r out.$target || [ $asked = 1 ]
			done
			rm -r pattern
		done
		rm -r base
	done
}
