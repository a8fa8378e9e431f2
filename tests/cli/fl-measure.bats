# SPDX-License-Identifier: Apache-2.0
# The machine that runs the tests is seldom quiet: -q leaves that remark out.
load helper

setup() {
	MODEL=$FIXTURES/calibrate/model
}

@test "the row has a column a length, with its standard deviation and number" {
	silent fl-measure -q -j 1 --prefill 16,8 --decode 0,12 --generate 4 --repeat 2 --chunk 8 "$MODEL"
	assert_line --index 0 "$(printf '%s\t' arch \
		ttft_16_s ttft_16_s_sd ttft_16_s_n ttft_8_s ttft_8_s_sd ttft_8_s_n \
		decode_0_tok_s decode_0_tok_s_sd decode_0_tok_s_n decode_12_tok_s decode_12_tok_s_sd decode_12_tok_s_n \
		ttft_16_flop ttft_8_flop decode_0_flop decode_12_flop \
		params weights_mib loaded_mib load_s cache_mib peak_mib threads chunk kv swa cpu)kernels"
	assert_line --index 1 --regexp $'^d32-f64-fsw\t.*\t2\t.*\t1\t8\tint8\texact\t[a-z0-9_]+(\+[a-z0-9]+)*\tattention=[^ ]+$'
}

@test "what is measured is positive, and the weights are those of the checkpoint" {
	silent fl-measure -q --json --prefill 16 --decode 4 --generate 2 --repeat 2 "$MODEL"
	jq -e '.ttft_16_s > 0 and .decode_4_tok_s > 0 and .cache_mib > 0 and
		.peak_mib > .weights_mib and .load_s > 0' <<< "$output"
	jq -e --argjson bytes "$(fl-info --json "$MODEL" | jq .bytes)" \
		'.weights_mib * 1048576 / $bytes | . > 0.99 and . < 1.01' <<< "$output"
}

@test "what it takes on paper is exact" {
	silent fl-measure -q --json --prefill 16 --decode 4 --generate 1 --repeat 1 "$MODEL"
	# 24576 weights a token and 2048 of the head, two operations each; 4 x 32 a query and key: 136 of them in the
	# full layer (1 + .. + 16), 100 in the window of 8 (1 + .. + 8, then 8 each).
	jq -e --argjson params "$(fl-info --json "$MODEL" | jq .parameters)" '.params == $params' <<< "$output"
	jq -e '.ttft_16_flop == 820736 and .decode_4_flop == 54528' <<< "$output"
}

@test "4-bit weights are loaded once, plain ones mapped, and one round has no deviation" {
	jq '. + { hidden_size: 512, intermediate_size: 2048, num_hidden_layers: 8 }' "$FIXTURES/tiny-qwen3.json" > config.json
	fl-init -q -o model.tar config.json
	fl-quantize -q -o int4.tar model.tar
	fl-measure -q --json --prefill 1 --warmup 0 --repeat 1 model.tar |
		jq -e '.weights_mib > 40 and .loaded_mib / .weights_mib < 0.5'
	silent fl-measure -q --json --prefill 2,1 --warmup 0 --repeat 1 int4.tar
	jq -e '.weights_mib > 12 and (.loaded_mib / .weights_mib | . > 0.95 and . < 1.3)' <<< "$output"
	jq -e '.ttft_2_s_n == 1 and .ttft_2_s_sd == 0 and .ttft_1_s_sd == 0' <<< "$output"
}

@test "a head of 8 bits is larger" {
	small() { fl-measure -q --json -c "$MODEL" --quantize --prefill 8 --repeat 1 "$@" | jq .weights_mib; }
	awk -v a="$(small)" -v b="$(small --head int8)" 'BEGIN { exit !(a < b) }'
	[ "$(small)" = "$(small --head int4)" ]
	one_line_error 2 fl-measure -c "$MODEL" --head int8
}

@test "a cache of 8 bits is smaller, and a ring is there however short the prompt" {
	for kv in f32 int8; do
		silent fl-measure -q --json --prefill 16 --repeat 1 --warmup 0 --kv $kv --chunk 8 "$MODEL"
		jq -r .cache_mib <<< "$output"
		jq -e --arg kv $kv '.kv == $kv and .swa == "exact"' <<< "$output" >&2
	done > sizes
	awk 'NR == 1 { f32 = $1 } END { exit !($1 < f32 / 2) }' sizes
	# One head of 16: the 16 positions of the full layer, a ring of twice the chunk; keys and values of 4 bytes.
	silent fl-measure -q --json --prefill 16 --repeat 1 --warmup 0 --kv f32 --chunk 16 --swa ring "$MODEL"
	jq -e '.swa == "ring" and (.cache_mib * 1048576 | round) == (16 + 2 * 16) * 16 * 2 * 4' <<< "$output"
}

@test "a trace says where the time goes, all of it, beside what the machine can do" {
	silent fl-measure -q --trace --prefill 16 --decode 4,8 --repeat 2 "$MODEL"
	assert_line --index 0 "$(printf '%s\t' phase operator seconds share int8_op f32_flop bytes limit)fraction"
	assert_equal "${#lines[@]}" $((2 + 3 * 8))
	silent fl-measure -q --trace --json --prefill 16 --decode 4 --generate 1 --repeat 1 "$MODEL"
	jq -es '.[0].phase == "machine" and .[0].int8_op > 0 and .[0].f32_flop > 0 and .[0].bytes > 0' <<< "$output"
	jq -es 'map(select(.phase == "ttft_16")) | (map(select(.operator != "all").seconds) | add) as $sum
		| map(select(.operator == "all"))[0].seconds / $sum | . > 0.999 and . < 1.001' <<< "$output"
	# Together what the row says it takes on paper.
	jq -es 'map(select(.operator == "all") | .int8_op + .f32_flop) == [820736, 54528]' <<< "$output"
}

@test "lengths beyond the context are measured with a warning" {
	run --separate-stderr -0 fl-measure -j 1 --prefill 40 --repeat 1 --warmup 0 "$MODEL"
	[[ $stderr = *"40 tokens exceed the model's context of 32: measured all the same"* ]]
	[[ $output = *ttft_40_s* ]]
}

@test "an architecture and a configuration need no weights" {
	silent fl-measure -q --json -c "$FIXTURES/tiny-qwen3.json" -a d32-f64-ffs --prefill 8 --repeat 1
	assert_equal "$(jq -r .arch <<< "$output")" d32-f64-ffs
	whole=$(jq .weights_mib <<< "$output")
	tar cf model.tar -C "$MODEL" config.json model.safetensors
	silent fl-measure -q --json -c model.tar --quantize --prefill 8 --repeat 1
	assert_equal "$(jq -r .arch <<< "$output")" d32-f64-fsw
	jq -e --argjson whole "$whole" '.weights_mib < $whole and .decode_0_tok_s == null and .load_s == null' <<< "$output"
}

@test "lengths that are not given are not measured" {
	silent fl-measure -q --decode 3 --generate 1 --repeat 1 "$MODEL"
	refute_output --partial ttft
}

@test "a command line without sense is refused" {
	one_line_error 2 fl-measure -a d32-f64-f "$MODEL"
	one_line_error 2 fl-measure --quantize "$MODEL"
	one_line_error 2 fl-measure --timeout 600 "$MODEL"
	one_line_error 2 fl-measure -c "$MODEL" "$MODEL"
	one_line_error 2 fl-measure --prefill 8,8 "$MODEL"
	one_line_error 2 fl-measure --prefill 0 "$MODEL"
	one_line_error 2 fl-measure --kv int4 "$MODEL"
	one_line_error 2 fl-measure --swa sliding "$MODEL"
	one_line_error 2 fl-measure -c "$MODEL" -a d32
	one_line_error 4 fl-measure -c absent
	one_line_error 4 fl-measure -c absent.json
	mkdir empty
	one_line_error 3 fl-measure -c empty
}

@test "it does not claim that the threads make no difference" {
	silent fl-measure --help
	assert_line --partial "-j, --threads=n"
	refute_output --partial "does not depend"
}
