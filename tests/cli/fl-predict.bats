# SPDX-License-Identifier: Apache-2.0
load helper

setup() {
	sed 's/ /\t/g' > t.tsv <<-'END'
		arch loss_nats ttft_1024_s params note
		d64-f128-fff 1 2 900 a
		d64-f128-ffs 2 2 800 b
		d64-f128-fss 3 5 700 c
		d64-f128-sss 4 4 700 d
		d64-f128-ss  9 300 pending
		d64-f128-sw 3 nan 400 failed
	END
}

@test "agreement is tau-b, its error and Spearman's rho over the rows that have both columns" {
	silent fl-predict --agree loss_nats,ttft_1024_s --agree loss_nats,params t.tsv
	assert_line --index 0 "$(printf 'a\tb\ttau\ttau_se\tspearman\tn')"
	# scipy's kendalltau and spearmanr
	assert_line --index 1 "$(printf 'loss_nats\tttft_1024_s\t0.547723\t0.418432\t0.737865\t4')"
	assert_line --index 2 --regexp "^loss_nats	params	-0\.666667	[0-9.]+	-[0-9.]+	5$" # -6 of 9 and 9
	assert_equal "${#lines[@]}" 3
	cmp <(fl-predict --agree loss_nats,params < t.tsv) <(fl-predict --agree loss_nats,params t.tsv)
}

@test "without an order there is no agreement, which is no failure" {
	silent fl-predict --agree loss_nats,note t.tsv
	assert_line --index 1 "$(printf 'loss_nats\tnote\tnan\tnan\tnan\t0')"
	need jq
	assert_equal "$(fl-predict --json --agree loss_nats,note t.tsv)" \
		'{"a":"loss_nats","b":"note","tau":null,"tau_se":null,"spearman":null,"n":0}'
}

@test "tables are joined by architecture, and repeats are one row" {
	printf 'arch\tx\nd1-f1-f\t1\nd1-f1-w\t2\n' > x
	printf 'arch\ty_s\nd1-f1-w\t5\nd1-f1-f\t9\nd1-f1-f\t7\n' > y
	silent fl-predict --agree x,y_s x y
	assert_line --index 1 "$(printf 'x\ty_s\t-1\tnan\t-1\t2')"
}

@test "mistakes are named" {
	one_line_error 2 fl-predict
	assert_equal "$stderr" "fl-predict: which table? The architectures are on standard input"
	one_line_error 2 fl-predict --agree loss_nats,params --cv t.tsv
	one_line_error 2 fl-predict --folds 10 --agree loss_nats,params t.tsv
	one_line_error 2 fl-predict --column params t.tsv
	assert_equal "$stderr" "fl-predict: --column: 'params' is neither a time, _s, nor a rate, _tok_s"
	one_line_error 3 fl-predict --cv t.tsv
	assert_equal "$stderr" "fl-predict: --cv takes 20 rows or more with ttft_1024_s: there are 5"
	echo d64 | one_line_error 3 fl-predict t.tsv
	one_line_error 2 fl-predict --agree loss_nats t.tsv
	assert_equal "$stderr" "fl-predict: --agree: 'loss_nats' is not two columns with a comma between"
	one_line_error 2 fl-predict --agree loss_nats,speed t.tsv
	assert_equal "$stderr" "fl-predict: --agree: the table has no column 'speed'"
	one_line_error 3 fl-predict --agree a,b /dev/null
	one_line_error 4 fl-predict --agree a,b absent
}

# A machine whose time is known: so much for each weight and each layer with attention.
machine() {
	awk -F '[-df]' -v OFS='\t' 'BEGIN { print "arch", "ttft_64_s", "params", "decode_8_tok_s" }
		{ arch = $0; pattern = $0; sub(/.*-/, "", pattern); n = length(pattern); attend = gsub(/[fw]/, "", pattern)
		  t = 1e-3 + 3e-8 * $2 * $4 * n + 2e-3 * attend; print arch, t, $2 * $4 * n, 1 / t }'
}

@test "a time is predicted, with its standard deviation, and a rate as its inverse" {
	printf '%s\n' 'layers 2..6' 'width 64..512/64' 'ffn 128..1024/128' 'letters f s' > space
	fl-suggest --space space --batch 50 < /dev/null > archs
	machine < archs | head -n 41 > known.tsv
	tail -n 10 archs > unknown
	fl-predict known.tsv < unknown > predicted
	assert_equal "$(head -n 1 predicted)" "$(printf 'arch\tttft_64_s\tttft_64_s_sd')"
	paste predicted <(machine < unknown) | awk 'NR > 1 && ($1 != $4 || ($2 / $5 - 1) ^ 2 > .02 ^ 2)' > wrong
	assert_equal "$(cat wrong)" ""
	fl-predict --column decode_8_tok_s known.tsv < unknown | paste predicted - |
		awk 'NR > 1 && ($2 * $5 - 1) ^ 2 > .02 ^ 2' > wrong
	assert_equal "$(cat wrong)" ""
	cmp predicted <(fl-predict known.tsv < unknown)
}

@test "cross-validation compares the model with linear ones on the same rows" {
	printf '%s\n' 'layers 2..6' 'width 64..512/64' 'ffn 128..1024/128' 'letters f s' > space
	fl-suggest --space space --batch 60 < /dev/null | machine > known.tsv
	silent fl-predict --cv known.tsv
	assert_equal "$(cut -f 1 <<< "$output" | paste -sd ' ')" "model gp params linear"
	cmp <(fl-predict --cv --folds 10 known.tsv) <(echo "$output")
	cmp <(fl-predict --cv --folds 60 known.tsv) <(fl-predict --cv --folds 999 known.tsv) # one left out at a time
	run -1 cmp -s <(fl-predict --cv --folds 60 known.tsv) <(fl-predict --cv known.tsv)
	silent fl-predict --cv known.tsv
	awk 'NR == 2 { gp = $2 > .99 && $3 < 2 && $5 > 99 && $6 > .95 } NR > 2 { worse += $3 } \
		END { exit !(gp && worse > 4) }' <<< "$output"
}

@test "a row whose repeats scatter counts for less" {
	printf '%s\n' 'layers 2..6' 'width 64..512/64' 'ffn 128..1024/128' 'letters f s' > space
	fl-suggest --space space --batch 42 < /dev/null > archs
	head -n 40 archs | machine | awk -v OFS='\t' 'NR == 1 { print $1, $2, $2 "_sd", $2 "_n"; next } { print $1, $2, 0, 3 }' > sure.tsv
	# A fifth too slow, once unnoticed, once with the scatter to show for it.
	awk -v OFS='\t' 'NR == 3 { $2 *= 1.2 } { print }' sure.tsv > wrong.tsv
	awk -v OFS='\t' 'NR == 3 { $3 = 2 * $2 } { print }' wrong.tsv > noisy.tsv
	off() { # TABLE: the error of what it predicts of that row
		paste <(fl-predict "$1" < archs) <(machine < archs) | awk 'NR == 3 { print ($2 / $5 - 1) ^ 2 }'
	}
	run -0 awk -v a="$(off noisy.tsv)" -v b="$(off wrong.tsv)" 'BEGIN { print (a < .02 ^ 2 && b > 4 * a) }'
	assert_output 1
}
