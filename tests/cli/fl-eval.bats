# SPDX-License-Identifier: Apache-2.0
# The loss itself is compared with transformers' in tests/unit/eval.c.
load helper

setup() {
	MODEL=$FIXTURES/calibrate/model
	TOKENS=$FIXTURES/calibrate/tokens
}

# column NAME FILE: its value in the only row
column() {
	awk -F '\t' -v name="$1" 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i } NR == 2 { print $at[name] }' "$2"
}

@test "a row is printed, the same at any -j and of every form of a checkpoint" {
	tar cf model.tar -C "$MODEL" config.json model.safetensors
	fl-eval -j 1 -t "$TOKENS" "$MODEL" > a
	fl-eval -j 3 -t "$TOKENS" model.tar > b
	pipe "zstd -qc model.tar | fl-eval -t '$TOKENS' > c"
	pipe "cat '$TOKENS' | fl-eval -t - '$MODEL' > d"
	for x in b c d; do
		cmp a $x
	done
	run -0 head -n 1 a
	assert_output $'arch\tloss_nats\tloss_nats_se\tperplexity\ttokens'
	assert_equal "$(column arch a) $(column tokens a)" "d32-f64-fsw 97"
	awk -v loss="$(column loss_nats a)" -v p="$(column perplexity a)" \
		'BEGIN { d = log(p) - loss; exit !(d < 1e-4 && d > -1e-4) }'
}

@test "with --json the same is one object" {
	silent fl-eval --json -t "$TOKENS" "$MODEL"
	run -0 jq -r '[.arch, .tokens, (.loss_nats | type)] | @tsv' <<< "$output"
	assert_output $'d32-f64-fsw\t97\tnumber'
}

@test "a stride predicts more tokens, BOS all of them" {
	fl-eval --stride 20 -t "$TOKENS" "$MODEL" > a
	fl-eval --bos -t "$TOKENS" "$MODEL" > b
	assert_equal "$(column tokens a) $(column tokens b)" "100 101"
	one_line_error 2 fl-eval --stride 33 -t "$TOKENS" "$MODEL"
	[[ $stderr = *33*32* ]]
}

@test "the first tokens of a window can be left out" {
	fl-eval --skip 17 -t "$TOKENS" "$MODEL" > a
	assert_equal "$(column tokens a)" "45"
	one_line_error 2 fl-eval --skip 32 -t "$TOKENS" "$MODEL"
	[[ $stderr = *32*32* ]]
	head -c 64 "$TOKENS" > short
	one_line_error 3 fl-eval --skip 17 -t short "$MODEL"
}

@test "one window has no standard error" {
	head -c 64 "$TOKENS" > short
	run -0 fl-eval -t short "$MODEL"
	assert_line --index 0 $'arch\tloss_nats\tperplexity\ttokens'
}

@test "bits per byte count the bytes of the predicted tokens' text" {
	need_data backbone5m
	printf 'Once upon a time there was a caf\303\251.' > text
	fl-tokenize -c "$DATA/backbone5m" -o tokens text
	fl-tokenize -c "$DATA/backbone5m" -d <(tail -c +5 tokens) > predicted
	fl-eval -t tokens "$DATA/backbone5m" > row
	awk -v l="$(column loss_nats row)" -v n="$(column tokens row)" -v b="$(wc -c < predicted)" \
		-v got="$(column bits_per_byte row)" \
		'BEGIN { d = l * n / b / log(2) / got - 1; exit !(d < 1e-4 && d > -1e-4) }'
}

@test "the loss of backbone5m on held-out text is what transformers finds" {
	need_data backbone5m corpora/c4.heldout.txt
	fl-tokenize -c "$DATA/backbone5m" --separator '<|endoftext|>' "$DATA/corpora/c4.heldout.txt" |
		head -c 20480 > tokens
	fl-eval -t tokens "$DATA/backbone5m" > row
	assert_equal "$(column tokens row)" 5100
	awk -v l="$(column loss_nats row)" 'BEGIN { d = l - 4.599675; exit !(d < 1e-5 && d > -1e-5) }'
}

@test "a command line without tokens is refused, and tokens that cannot be" {
	one_line_error 2 fl-eval "$MODEL"
	one_line_error 2 fl-eval -t -
	printf '\1\0\0\0' > one
	one_line_error 3 fl-eval -t one "$MODEL"
	one_line_error 3 fl-eval -t - "$MODEL" < one
	[[ $stderr = "fl-eval: 'standard input': "* ]]
	printf '\1\0\0\0\100\0\0\0' > high
	one_line_error 3 fl-eval -t high "$MODEL"
	one_line_error 3 fl-eval --bos -t "$TOKENS" <(tar c -C "$MODEL" model.safetensors config.json)
}

@test "a loss that is not finite is nan in its row" {
	fl-init -s 1 -o bad/ "$FIXTURES/tiny-qwen3.json"
	poison bad/model.safetensors model.norm.weight
	silent fl-eval -t "$TOKENS" bad
	assert_equal "$(column loss_nats <(cat <<< "$output")) $(column perplexity <(cat <<< "$output"))" "nan nan"
	silent fl-eval --json -t "$TOKENS" bad
	[ "$(jq -c '[.loss_nats, .perplexity]' <<< "$output")" = '[null,null]' ]
}

@test "tokens may come through a named pipe" {
	mkfifo pipe
	cat "$TOKENS" > pipe &
	fl-eval -t pipe "$MODEL" > a
	fl-eval -t "$TOKENS" "$MODEL" | cmp a
}
