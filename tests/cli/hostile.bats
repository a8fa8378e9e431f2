# SPDX-License-Identifier: Apache-2.0
# Broken and hostile input: exit 3, one line that names it, nothing left, little memory, little time.
# hostile/try.pl makes the inputs and says what is wrong with them; ALL=1 gives each to every tool that reads
# its kind, else the tools take turns where there are many.
load helper

# A model small enough to be copied a hundred times, and what is read beside one.
setup_file() {
	cd "$BATS_FILE_TMPDIR"
	jq '.hidden_size = 32 | .intermediate_size = 64 | .num_hidden_layers = 2 | .head_dim = 8' \
		"$FIXTURES/tiny/config.json" > config.json
	fl-init -s 1 -o tiny/ --no-history config.json
	cp "$FIXTURES/tiny/tokenizer.json" tiny
	echo 'the thin man and the other' > tiny.txt
	perl -e 'print pack "V*", map { ($_ * 7919) % 262 } 1 .. 100' > tiny.tok
	fl-calibrate -j 1 -t tiny.tok --context 32 -o metrics.safetensors tiny
	printf 'layers 2..3\nwidth 32..64/32\nffn 64..128/32\nletters f s\n' > space
}

setup() {
	cp -R "$BATS_FILE_TMPDIR" here
	cd here
}

# refused KIND: every tool refuses every input of the kind.
refused() {
	run perl "$ROOT/tests/cli/hostile/try.pl" "$1"
	echo "# ${lines[-1]}" >&3
	assert_success
}

@test "tars: names that lead out, links, devices, sparse files, sizes and records that lie" { refused tar; }

@test "zstd: damaged frames, windows too large, bombs" { refused zstd; }

@test "safetensors: overlaps, gaps, overflows, headers of 100 MB" { refused safetensors; }

@test "shards: missing, in two places, an index that lies" { refused shards; }

@test "config.json: depth, numbers, keys, encodings" { refused config; }

@test "fl-history.jsonl that these tools did not write" { refused history; }

@test "tokenizer.json: no JSON, ids and merges that cannot be, missing bytes" { refused tokenizer; }

@test "generation_config.json and tokenizer_config.json" { refused generation; refused special; }

@test "metrics that lie" { refused metrics; }

@test "token files: odd sizes, ids beyond the vocabulary" { refused tokens; }

@test "tables" { refused table; }

@test "spaces" { refused space; }

@test "architectures that are none" {
	for a in d f d32 d32-f32 d32-f32- d32-f32-q d32-f32-F d-f32-f d032-f32-f d+32-f32-f d32-f32-f- \
		d99999999999999999999-f32-f d32-f0-f 'd32-f32-f ' $'d32-f32-f\n' "d32-f32-$(printf 'f%.0s' {1..5000})"; do
		one_line_error 2 fl-prune -a "$a" --score random -o out.tar tiny
		one_line_error 2 fl-attnpattern -a "$a" -o out.tar tiny
		[ ! -e out.tar ]
	done
}

@test "what a history holds stays on its line" {
	printf '%s\n' '{"tool":"a\u001b[31m\nb","arguments":["\r"]}' > tiny/fl-history.jsonl
	silent fl-info tiny
	assert_line --regexp '^history +a\?\[31m\?b \?$'
}

# The next are named after what users of other programs ran into.

@test "wanda 44: a context of a million tokens in config.json does not set how much is computed at once" {
	jq '.max_position_embeddings = 1048576' tiny/config.json > config.json
	mv config.json tiny
	(ulimit -v 262144 && fl-calibrate -j 1 -t tiny.tok -o m.safetensors tiny && fl-eval -j 1 -t tiny.tok tiny)
}

@test "llm-compressor 1119: calibration needs the memory of its sequences, not of its token file" {
	for _ in {1..20}; do cat tiny.tok; done > a.tok
	for _ in {1..1000}; do cat a.tok; done > b.tok	# 8 MB
	(ulimit -v 131072 && fl-calibrate -j 1 --context 64 --sequences 4 -t b.tok -o m.safetensors tiny)
}

@test "mergekit 398 and 445: a tensor that the family does not have is named, never dropped" {
	fl-init -s 1 -o other/ <(jq '.model_type = "qwen3" | .head_dim = 8' tiny/config.json)
	cp tiny/config.json other
	for command in 'fl-prune -a d32-f32-f --score random --layer-score random -o out/' 'fl-quantize -o out/' \
		'fl-attnpattern -a d32-f64-fs -o out/' 'fl-export --to gguf -o out' fl-info; do
		one_line_error 3 $command other
		[[ $stderr = *"model.layers.0.self_attn.k_norm.weight"* || $stderr = *"q_norm.weight"* ]]
		[ ! -e out ]
	done
}

@test "executorch 7981: a config.json of other sizes than the weights is refused with both" {
	jq '.intermediate_size = 96' tiny/config.json > config.json
	mv config.json tiny
	one_line_error 3 fl-eval -t tiny.tok tiny
	[[ $stderr = *"[64, 32]"*"[96, 32]"* ]]
}
