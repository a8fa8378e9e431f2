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
	one_line_error 2 fl-predict t.tsv
	assert_equal "$stderr" "fl-predict: which columns? --agree is missing"
	one_line_error 2 fl-predict --agree loss_nats t.tsv
	assert_equal "$stderr" "fl-predict: 'loss_nats' is not two columns with a comma between"
	one_line_error 2 fl-predict --agree loss_nats,speed t.tsv
	assert_equal "$stderr" "fl-predict: the table has no column 'speed'"
	one_line_error 3 fl-predict --agree a,b /dev/null
	one_line_error 4 fl-predict --agree a,b absent
}
