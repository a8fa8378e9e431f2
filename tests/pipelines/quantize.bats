# SPDX-License-Identifier: Apache-2.0
# The table of what quantization costs, on a random model.
load ../cli/helper

@test "every method of quantization has a row of sizes and scores" {
	need jq
	fl-init -q -s 1 -o base/ "$FIXTURES/tiny/config.json"
	cp "$FIXTURES/tiny/tokenizer.json" base/
	seq 2000 > text.txt
	fl-tokenize -c base -o text.tok text.txt
	"$ROOT/pipelines/quantize.sh" base text.tok text.tok > table
	assert_equal "$(head -n 1 table)" $'method\tembedding\tbits_per_weight\tgguf_mb\tperplexity\tloss_nats'
	assert_equal "$(tail -n +2 table | cut -f 1,2 | sort | uniq -d)" ""
	assert_equal "$(wc -l < table)" 16
	# Untied: the embedding alone changes its type; f32 first
	run -0 awk -F '\t' 'NR > 1 { print $3 }' table
	assert_equal "$(sort -u <<< "$output" | wc -l) ${lines[0]}" "3 32"
	run -0 awk -F '\t' 'NF != 6 || (NR > 1 && !(log($5) - $6 < 1e-4 && $6 - log($5) < 1e-4))' table
	assert_output ""
}
