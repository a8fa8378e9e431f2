# SPDX-License-Identifier: Apache-2.0
load helper

# base NAME: a checkpoint without tensors that has the tokenizer NAME of tests/data/tokenizer.
base() {
	mkdir -p base
	echo '{}' > base/config.json
	cp "$FIXTURES/tokenizer/$1.json" base/tokenizer.json
	printf '\2\0\0\0\0\0\0\0{}' > base/model.safetensors
}

# kind NAME: a checkpoint with the tokenizer in the directory NAME of tests/data/tokenizer.
kind() {
	rm -rf base
	cp -r "$FIXTURES/tokenizer/$1" base
	chmod -R u+w base
	echo '{}' > base/config.json
	printf '\2\0\0\0\0\0\0\0{}' > base/model.safetensors
}

ids() { # OPTION...: the ids of standard input, on one line
	fl-tokenize -c base "$@" | od -An -v -tu4 -w4 | tr -d ' ' | paste -sd' '
}

# What the PyPI package tokenizers makes of "a\r\n\r\nb\t\tc\n" and others is in cases.jsonl.
expected() { # TOKENIZER TEXT-AS-JSON
	grep -F "\"tokenizer\": \"$1\", \"specials\": false, \"text\": $2, \"ids\"" "$FIXTURES/tokenizer/cases.jsonl" |
		sed 's/.*"ids": \[\([^]]*\)\].*/\1/; s/,//g'
}

@test "text becomes the ids of the checkpoint's tokenizer, BOS first" {
	base level
	printf 'Hello, world!' > text.txt
	want="300 $(expected level '"Hello, world!"')"
	assert_equal "$(ids text.txt)" "$want"
	assert_equal "$(ids < text.txt)" "$want"
	assert_equal "$(ids - < text.txt)" "$want"
}

@test "the checkpoint may be a tar, compressed, or standard input" {
	base level
	printf 'Hello, world!' > text.txt
	fl-tokenize -c base -o want.tok text.txt
	tar -cf base.tar base/config.json base/tokenizer.json base/model.safetensors
	zstd -q base.tar
	fl-tokenize -c base.tar text.txt | cmp - want.tok
	fl-tokenize -c base.tar.zst text.txt | cmp - want.tok
	fl-tokenize -c - text.txt < base.tar.zst | cmp - want.tok
}

@test "end of text stands between documents, BOS before each" {
	base level
	printf a > a.txt
	printf b > b.txt
	a=$(expected level '"a"') one=$(ids a.txt) two=$(ids b.txt)
	assert_equal "$(ids a.txt b.txt)" "$one 302 $two"
}

@test "with --separator a file holds many documents; empty ones are skipped" {
	base level
	printf a > a.txt
	printf b > b.txt
	printf '\n--\na\r\n--\n\n--\n\nb\n--' > many.txt
	assert_equal "$(ids --separator -- many.txt)" "$(ids a.txt b.txt)"
	assert_equal "$(ids --separator -- /dev/null many.txt)" "$(ids a.txt b.txt)"
	: > none.txt
	assert_equal "$(ids none.txt)" ""
}

@test "special tokens in the text are text, unless --specials" {
	base level
	want=$(expected level '"<s"')
	assert_regex "$(printf '<s>' | ids)" "^300 $want [0-9]+$"
	assert_equal "$(printf '<s>' | ids --specials)" "300 300"
}

@test "-d gives the text back" {
	for name in level meta; do
		base $name
		printf 'Hello, world!  in  o' > text.txt
		fl-tokenize -c base text.txt | fl-tokenize -c base -d -o again.txt
		cmp text.txt again.txt
	done
}

@test "-d leaves special tokens out, spells them out with --specials, or writes the separator" {
	base level
	printf a > a.txt
	fl-tokenize -c base -o a.tok a.txt a.txt
	silent fl-tokenize -c base -d a.tok
	assert_output aa
	silent fl-tokenize -c base -d --specials a.tok
	assert_output '<s>a<|endoftext|><s>a'
	fl-tokenize -c base -d --separator -- a.tok > many.txt
	fl-tokenize -c base --separator -- many.txt | cmp - a.tok
}

@test "a tokenizer without end of text says so and goes on" {
	base prefix
	run --separate-stderr -0 fl-tokenize -c base -o a.tok "$FIXTURES/tokenizer/prefix.json"
	assert_equal "${#stderr_lines[@]}" 1
	silent fl-tokenize -q -c base -o a.tok "$FIXTURES/tokenizer/prefix.json"
}

@test "the bytes do not depend on the number of threads" {
	base level
	for i in $(seq 3000); do echo "text $i"; [ $((i % 7)) != 0 ] || echo --; done > text.txt
	fl-tokenize -j 1 -c base --separator -- -o one.tok text.txt
	fl-tokenize -j 4 -c base --separator -- -o four.tok text.txt
	cmp one.tok four.tok
	[ "$(stat -c %s one.tok)" -gt 10000 ]
}

@test "a large document is the same in parts, on many threads" {
	yes 'A text of a few words, 12 lines: the cat sat' | head -n 9000 > text.txt
	for name in starcoder sp_llama; do
		kind $name
		fl-tokenize -q -j 1 -c base -o one.tok text.txt
		fl-tokenize -q -j 4 -c base -o four.tok text.txt
		cmp one.tok four.tok
		fl-tokenize -q -c base -d one.tok | cmp - text.txt
		# one document: a BOS at most, and no end of text inside
		fl-tokenize -q -c base -d --specials one.tok | { ! grep -m1 -n '</s>\|endoftext'; }
	done
}

@test "text that is not UTF-8 is refused with file and byte, and nothing is left" {
	base level
	printf 'ab\377' > text.txt
	one_line_error 3 fl-tokenize -c base -o a.tok text.txt
	assert_equal "$stderr" "fl-tokenize: 'text.txt': byte 2 is not UTF-8"
	one_line_error 3 fl-tokenize -c base -o a.tok < text.txt
	assert_equal "$stderr" "fl-tokenize: 'standard input': byte 2 is not UTF-8"
	assert_equal "$(ls -A | grep -v ^separate-stderr | paste -sd' ')" "base text.txt"
}

@test "a text comes back from every form and kind" {
	printf "Don't  the caf\303\251 12345 \360\237\230\200\n\n x_1[0] " > text.txt
	for name in falcon starcoder neox llama3 gpt4o gemma phi3 pairs_gpt2 pairs_qwen2 tiktoken_llama3 sp_llama; do
		kind $name
		fl-tokenize -q -c base text.txt | fl-tokenize -q -c base -d -o again.txt
		cmp text.txt again.txt
	done
}

@test "of several forms tokenizer.json wins, then tokenizer.model, then vocab.json with merges.txt" {
	printf 'Hello, the cat' > text.txt
	kind pairs_gpt2
	fl-tokenize -q -c base -o three.tok text.txt
	kind sp_llama
	fl-tokenize -q -c base -o two.tok text.txt
	kind phi3
	fl-tokenize -q -c base -o one.tok text.txt
	cp "$FIXTURES"/tokenizer/pairs_gpt2/{vocab.json,merges.txt} "$FIXTURES/tokenizer/sp_llama/tokenizer.model" base
	fl-tokenize -q -c base text.txt | cmp - one.tok
	rm base/tokenizer.json base/tokenizer_config.json
	fl-tokenize -q -c base text.txt | cmp - two.tok
	rm base/tokenizer.model
	fl-tokenize -q -c base text.txt | cmp - three.tok
}

@test "without a tokenizer_class vocab.json and merges.txt are GPT-2's, with a remark; an unknown one is refused" {
	kind pairs_gpt2
	echo hello > text.txt
	fl-tokenize -c base -o want.tok text.txt
	rm base/tokenizer_config.json
	run --separate-stderr -0 fl-tokenize -c base -o got.tok text.txt
	assert_equal "$stderr" "fl-tokenize: no tokenizer_class says how words are cut: as GPT-2 does"
	cmp want.tok got.tok
	echo '{"tokenizer_class":"BertTokenizer"}' > base/tokenizer_config.json
	one_line_error 3 fl-tokenize -c base text.txt
	assert_equal "$stderr" "fl-tokenize: 'base': how the tokenizer class 'BertTokenizer' cuts words is not known: it needs its tokenizer.json"
}

@test "flags of an added token in tokenizer_config.json count over those of the model" {
	kind sp_llama
	printf '<s>  a' > text.txt
	[ "$(ids --specials text.txt)" != "$(printf '<s>a' | ids --specials)" ]
	echo '{"added_tokens_decoder":{"1":{"content":"<s>","rstrip":true,"special":true}}}' > base/tokenizer_config.json
	assert_equal "$(ids --specials text.txt)" "$(printf '<s>a' | ids --specials)"
}

@test "where add_bos_token disagrees with the post-processor of tokenizer.json, that is followed and a remark says so" {
	base level
	printf a > text
	want=$(ids < text)
	[[ $want = "300 "* ]]
	for flag in true false; do
		echo "{\"bos_token\": \"<s>\", \"add_bos_token\": $flag}" > base/tokenizer_config.json
		assert_equal "$(ids < text 2>> said)" "$want"
	done
	assert_equal "$(cat said)" "fl-tokenize: 'tokenizer_config.json' says add_bos_token false; tokenizer.json does otherwise and is followed"
	kind sp_llama
	echo '{"add_bos_token": false}' > base/tokenizer_config.json
	silent fl-tokenize -c base text
	echo '{"add_bos_token": true}' > base/tokenizer_config.json
	assert_equal "$(ids < text | wc -w)" 2
	kind pairs_gpt2
	echo '{"tokenizer_class": "GPT2Tokenizer", "add_bos_token": true}' > base/tokenizer_config.json
	one_line_error 3 fl-tokenize -c base text
	[[ $stderr = *"asks for a bos_token and has none" ]]
}

@test "broken files of every form are refused in one line" {
	echo hello > text.txt
	kind tiktoken_llama3
	cp base/tokenizer.model whole
	for line in 'IQ==' 'I!== 1' 'IQ== x' 'IQ== 99999999' 'IQ== 1' 'YWJj 4' '= 5' ' 5' 'IQ= 5'; do
		{ cat whole; echo "$line"; } > base/tokenizer.model
		one_line_error 3 fl-tokenize -c base text.txt
	done
	cp whole base/tokenizer.model
	rm base/tokenizer_config.json # whose pattern is it?
	one_line_error 3 fl-tokenize -c base text.txt
	kind sp_bpe
	cp base/tokenizer.model whole
	size=$(stat -c %s whole)
	for n in 1 2 100 $((size / 2)) $((size - 1)); do
		head -c $n whole > base/tokenizer.model
		one_line_error 3 fl-tokenize -c base text.txt
	done
	printf '\n\377\377\377\377\017' > base/tokenizer.model
	one_line_error 3 fl-tokenize -c base text.txt
	kind pairs_qwen2
	for line in one 'one two three' ' a' 'a ' 'zzz yyy'; do
		echo "$line" > base/merges.txt
		one_line_error 3 fl-tokenize -c base text.txt
	done
	kind pairs_gpt2
	echo '{"<|endoftext|>": 1}' > base/added_tokens.json
	one_line_error 3 fl-tokenize -c base text.txt
	echo '["x"]' > base/added_tokens.json
	one_line_error 3 fl-tokenize -c base text.txt
}

@test "what cannot be used is refused in one line" {
	base level
	echo hello > text.txt
	one_line_error 2 fl-tokenize text.txt
	one_line_error 2 fl-tokenize -c -
	one_line_error 4 fl-tokenize -c base absent.txt
	one_line_error 4 fl-tokenize -c absent text.txt
	one_line_error 4 fl-tokenize -c base -o absent/a.tok text.txt
	one_line_error 3 fl-tokenize -c base -d text.txt
	printf '\377\377\0\0' > big.tok
	one_line_error 3 fl-tokenize -c base -d big.tok
	assert_equal "$stderr" "fl-tokenize: token 0 of 'big.tok' is 65535, beyond the vocabulary of 305"
	echo '{"model":{"type":"WordPiece"}}' > base/tokenizer.json
	one_line_error 3 fl-tokenize -c base text.txt
	assert_equal "$stderr" "fl-tokenize: 'base': 'tokenizer.json': unsupported model 'WordPiece'"
	rm base/tokenizer.json
	one_line_error 3 fl-tokenize -c base text.txt
	assert_equal "$stderr" "fl-tokenize: 'base': no tokenizer: none of tokenizer.json, tokenizer.model, vocab.json with merges.txt"
}

@test "a checkpoint stream that ends early is refused" {
	base level
	echo hello > text.txt
	tar -cf base.tar base
	head -c 9000 base.tar > cut.tar
	one_line_error 3 fl-tokenize -c - text.txt < cut.tar
	one_line_error 3 fl-tokenize -c cut.tar text.txt
}

@test "documents of the training corpus of backbone5m go there and back" {
	need_data backbone5m corpora/tinystories.heldout.txt
	fl-tokenize -c "$DATA/backbone5m" --separator '<|endoftext|>' -o held.tok "$DATA/corpora/tinystories.heldout.txt"
	fl-tokenize -c "$DATA/backbone5m" -d --separator '<|endoftext|>' held.tok > held.txt
	fl-tokenize -c "$DATA/backbone5m" --separator '<|endoftext|>' held.txt | cmp - held.tok
	diff <(grep -v '^$' held.txt) <(grep -v '^$' "$DATA/corpora/tinystories.heldout.txt" | sed '${/endoftext/d}')
}

@test "memory is that of a batch of documents, not that of the file" {
	[[ $B != *-san* ]] || skip "sanitizers take memory of their own"
	base level
	yes 'A text of a few words. --' | head -c 40000000 > text.txt
	(ulimit -d 24000 && fl-tokenize -q -j 1 -c base --separator -- -o text.tok text.txt)
	[ -s text.tok ]
}

@test "text whose bytes have no token is left out as the package tokenizers does, and counted in one remark" {
	kind holes
	printf '7 apples\n' > text.txt
	run --separate-stderr -0 fl-tokenize -c base -o text.tok text.txt
	assert_equal "$stderr" "fl-tokenize: 3 bytes of text have no token in the vocabulary: left out"
	assert_equal "$(fl-tokenize -d -c base text.tok)" apples
	kind fallback_holes
	printf '\360\237\230\200 \320\277' > text.txt
	run --separate-stderr -0 fl-tokenize -c base -o text.tok text.txt
	assert_equal "$stderr" "fl-tokenize: 6 bytes of text have no token in the vocabulary: written as the unknown token"
	printf apples > text.txt
	silent fl-tokenize -c base -o text.tok text.txt
	kind tiktoken_llama3
	sed -i '/^eg== /d' base/tokenizer.model # the byte z
	printf 'pizza' > text.txt
	run --separate-stderr -0 fl-tokenize -c base -o text.tok text.txt
	assert_equal "$stderr" "fl-tokenize: 2 bytes of text have no token in the vocabulary: left out"
	assert_equal "$(fl-tokenize -d -c base text.tok)" pia
}
