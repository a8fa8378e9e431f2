# SPDX-License-Identifier: Apache-2.0
# shards.bats -- which weights files of a checkpoint count, and the names of tensors that are read.
load helper

# part PATTERN FILE [PREFIX]: in FILE the tensors of base/ whose names match PATTERN, PREFIX taken off.
part() {
	local base=base/model.safetensors size begin end
	size=$(od -An -tu8 -N8 $base)
	tensors $base | jq -c --arg pattern "$1" '[to_entries[] | select(.key | test($pattern))]' > some
	jq -cj --arg prefix "${3:-}" 'reduce .[] as $t ({}; (.at // 0) as $at |
		.at = $at + ($t.value.data_offsets | .[1] - .[0]) |
		.header[$t.key | ltrimstr($prefix)] = $t.value + { data_offsets: [$at, .at] }) | .header' some > header
	while [ $(($(stat -c %s header) % 8)) != 0 ]; do printf ' ' >> header; done
	{
		perl -e 'print pack "Q<", -s "header"'
		cat header
		jq -r '.[].value.data_offsets | @tsv' some | while read -r begin end; do
			tail -c +$((9 + size + begin)) $base | head -c $((end - begin))
		done
	} > "$2"
}

# index FILE...: the index of these shards.
index() {
	local file
	for file; do
		tensors "$file" | jq --arg file "${file##*/}" 'map_values($file)'
	done | jq -s '{ metadata: {}, weight_map: add }'
}

# base/ is one file, dir/ a directory for the same weights.
setup() {
	cat > config.json <<-END
		{ "model_type": "llama", "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2,
		  "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 64, "rms_norm_eps": 1e-5,
		  "max_position_embeddings": 64, "torch_dtype": "float32", "tie_word_embeddings": false }
	END
	fl-init -s 3 -o base/ config.json
	mkdir dir
	cp config.json dir
}

# halves A B [PREFIX]: dir/ has them in two files.
halves() {
	part 'embed|layers.0' "dir/$1" "${3:-}"
	part '^model.norm|layers.1|lm_head' "dir/$2" "${3:-}"
}

number() { # WHICH OF
	printf 'model-%05d-of-%05d.safetensors' "$@"
}

# same FROM [REMARK]: what is read FROM dir, a tar of it or standard input is base/, and nothing but REMARK is said.
same() {
	fl-prune -q --no-history --score random -a d32-f32-ff -o want/ base
	run --separate-stderr -0 fl-prune --no-history --score random -a d32-f32-ff -o is/ "$1"
	assert_equal "$stderr" "${2:+fl-prune: '${1/#-/standard input}': $2}"
	fl-export -q --to gguf -o is.gguf is
	fl-export -q --to gguf want | cmp - is.gguf
	rm -r want is
}

@test "of two sets of shards the index names one" {
	halves "$(number 1 2)" "$(number 2 2)"
	index dir/*.safetensors > dir/model.safetensors.index.json
	same dir
	for i in 1 2 3; do head -c 5000 base/model.safetensors > "dir/$(number $i 3)"; done
	said="leaving out '$(number 1 3)' and 2 more weights files, which the index does not name"
	same dir "$said"
	tar cf dir.tar dir
	same dir.tar "${said}"
	tar c -C dir config.json model.safetensors.index.json $(cd dir; ls *.safetensors) | same - "$said"
	tar c -C dir config.json $(cd dir; ls *-0000[23].safetensors) model.safetensors.index.json | same - "$said"
	rm dir/*.index.json
	one_line_error 3 fl-info dir
	[[ $stderr = *"two sets of shards and no index"*"'$(number 1 3)'"* ]]
}

@test "shards of any name count where the index names them, and leave with names of a set" {
	while read -r a b; do
		halves "$a" "$b"
		index dir/*.safetensors > dir/model.safetensors.index.json
		same dir
		tar cf dir.tar dir
		same dir.tar
		tar c -C dir config.json model.safetensors.index.json "$a" "$b" | same -
		fl-attnpattern -a d32-f64-fs -o out/ dir
		assert_equal "$(cd out; echo *.safetensors)" "$(number 1 2) $(number 2 2)"
		fl-attnpattern -a d32-f64-fs dir | fl-attnpattern -a d32-f64-fs | fl-info --check
		rm -rf dir/model* dir/*.safetensors out
	done <<-END
		pytorch_model-00001.safetensors pytorch_model-00002.safetensors
		weights_b.safetensors weights_a.safetensors
		model-00002-of-00009.safetensors model.safetensors
	END
}

@test "one file of any name counts where the index names it, and leaves as model.safetensors" {
	cp base/model.safetensors dir/weights.safetensors
	one_line_error 3 fl-info dir
	[[ $stderr = *"holds no model.safetensors" ]]
	index dir/weights.safetensors > dir/model.safetensors.index.json
	same dir
	fl-attnpattern -a d32-f64-fs -o out/ dir
	assert_equal "$(cd out; echo model*)" model.safetensors
}

@test "a stray shard beside model.safetensors is left out" {
	cp base/model.safetensors dir
	part lm_head "dir/$(number 9 9)"
	same dir "leaving out '$(number 9 9)', beside the weights that count"
	head -c 1000 /dev/urandom > dir/consolidated.safetensors
	same dir "leaving out '$(number 9 9)' and 1 more weights files, beside the weights that count"
	tar c -C dir config.json model.safetensors "$(number 9 9)" |
		same - "leaving out '$(number 9 9)', beside the weights that count"
	tar c -C dir config.json consolidated.safetensors model.safetensors |
		same - "leaving out 'consolidated.safetensors', beside the weights that count"
}

@test "model.safetensors beside an index that does not name it is left out" {
	halves "$(number 1 2)" "$(number 2 2)"
	index dir/*.safetensors > dir/model.safetensors.index.json
	fl-init -s 4 config.json | tar x -C dir model.safetensors
	same dir "leaving out 'model.safetensors', which the index does not name"
	tar c -C dir config.json "$(number 1 2)" "$(number 2 2)" model.safetensors model.safetensors.index.json |
		same - "leaving out 'model.safetensors', which the index does not name"
}

@test "an index none of whose files is there is left out beside model.safetensors, as transformers leaves it" {
	halves "$(number 1 2)" "$(number 2 2)"
	index dir/*.safetensors > dir/model.safetensors.index.json
	rm dir/*.safetensors
	one_line_error 3 fl-info dir
	[[ $stderr = *"holds no model.safetensors" ]]
	cp base/model.safetensors dir
	same dir "leaving out 'model.safetensors.index.json', none of whose files is there"
	tar c -C dir config.json model.safetensors model.safetensors.index.json |
		same - "leaving out 'model.safetensors.index.json', none of whose files is there"
}

@test "what a stream has passed on cannot be taken back: an index that comes too late says to give a file" {
	late() { # REMARK, with a tar on standard input
		one_line_error 3 fl-prune --score random -a d32-f32-ff -o is/ -
		[[ $stderr = *"'$1' comes before what says whether it counts; give the checkpoint as a directory or a plain tar"* ]]
		[ ! -e is ]
	}
	part lm_head "dir/$(number 1 9)"
	cp base/model.safetensors dir
	late "$(number 1 9)" < <(tar c -C dir config.json "$(number 1 9)" model.safetensors)
	rm dir/*.safetensors
	halves a.safetensors b.safetensors
	index dir/*.safetensors > dir/model.safetensors.index.json
	late a.safetensors < <(tar c -C dir config.json a.safetensors b.safetensors model.safetensors.index.json)
	cp base/model.safetensors dir
	late a.safetensors < <(tar c -C dir config.json model.safetensors {a,b}.safetensors model.safetensors.index.json)
	same dir "leaving out 'model.safetensors', which the index does not name"
}

@test "a file of the index that is missing, or lacks a tensor, is one error that names it" {
	halves "$(number 1 2)" "$(number 2 2)"
	index dir/*.safetensors > dir/model.safetensors.index.json
	mv "dir/$(number 2 2)" .
	one_line_error 3 fl-info dir
	[[ $stderr = *"'$(number 2 2)', a file of the index, is missing" ]]
	part layers.1 "dir/$(number 2 2)"
	one_line_error 3 fl-info dir
	[[ $stderr = *"tensor '"*"' of the index is missing" ]]
}

@test "names without 'model.', as the base class saves them, are read by every tool and written in full" {
	sed -i 's/"tie_word_embeddings": false/"tie_word_embeddings": true/' config.json dir/config.json
	fl-init -s 3 -o base/ config.json
	part . dir/model.safetensors model.
	tensors dir/model.safetensors | jq -e 'has("embed_tokens.weight") and has("layers.0.self_attn.q_proj.weight") and
		has("norm.weight") and length == 20'
	same dir
	silent fl-info --check dir
	perl -e 'print pack "V*", map { $_ * 7 % 64 } 1 .. 100' > ids.tok
	for tool in 'fl-eval -t ids.tok' 'fl-calibrate -t ids.tok' 'fl-train --no-history --steps 1 -t ids.tok' \
		'fl-quantize --no-history' 'fl-attnpattern --no-history -a d32-f64-fs' 'fl-export --to gguf'; do
		$tool -q dir > got
		$tool -q base | cmp - got
		[ -s got ]
	done
	halves "$(number 1 2)" "$(number 2 2)" model.
	rm dir/model.safetensors
	index dir/*.safetensors > dir/model.safetensors.index.json
	same dir
}
