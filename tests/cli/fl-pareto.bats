# SPDX-License-Identifier: Apache-2.0
load helper

setup() {
	sed 's/ /\t/g' > t.tsv <<-'END'
		arch loss_nats ttft_1024_s decode_1024_tok_s note
		d64-f128-fff 3.10 0.20 50 a
		d64-f128-fs 3.3 0.15 70 b
		d64-f128-ss 3.4 0.18 65 c
		d64-f128-sf  0.01 99 pending
		d64-f128-sw 3.0 nan 10 failed
		d64-f128-wf 3.1 0.20 40 same
	END
}

@test "the frontier is printed as it was read, from the fastest to the best" {
	silent fl-pareto t.tsv
	assert_output "$(printf '%s\n' "$(sed -n 1p t.tsv)" "$(sed -n 3p t.tsv)" "$(sed -n 2p t.tsv)" \
		"$(sed -n 7p t.tsv)")"
	cmp <(fl-pareto < t.tsv) <(fl-pareto - < t.tsv)
}

@test "objectives can be named, and what is better follows from the unit" {
	silent fl-pareto --objectives loss_nats,decode_1024_tok_s t.tsv
	assert_line --index 1 --partial d64-f128-fs
	assert_line --index 2 --partial d64-f128-fff
	assert_line --index 3 --partial d64-f128-sw
	assert_equal "${#lines[@]}" 4
}

@test "repeated rows are averaged and several tables joined" {
	printf 'arch\tttft_1024_s\nd64-f128-f\t1\nd64-f128-f\t2\n' > latency
	printf 'arch\tloss_nats\nd64-f128-f\t3\n' > loss
	silent fl-pareto latency loss
	assert_line --index 0 "$(printf 'arch\tttft_1024_s\tloss_nats')"
	assert_line --index 1 "$(printf 'd64-f128-f\t1.5\t3')"
}

@test "bounds leave rows out, and the best under a budget is one row" {
	silent fl-pareto --max ttft_1024_s=0.18 --best t.tsv
	assert_line --index 1 --partial d64-f128-fs
	assert_equal "${#lines[@]}" 2
	silent fl-pareto --min decode_1024_tok_s=45 --best t.tsv
	assert_line --index 1 --partial d64-f128-fff
	one_line_error 1 fl-pareto --max ttft_1024_s=0.1 t.tsv
	assert_equal "$stderr" "fl-pareto: no row has loss_nats and ttft_1024_s within the bounds"
}

@test "the hypervolume is exact and says its reference point" {
	silent fl-pareto --hypervolume --ref loss_nats=4 --ref ttft_1024_s=0.3 t.tsv
	assert_line --index 0 "$(printf 'hypervolume\tloss_nats\tttft_1024_s')"
	assert_line --index 1 "$(printf '0.125\t4\t0.3')" # .15 * .7 + .1 * .2
	silent fl-pareto --hypervolume t.tsv
	assert_line --index 1 "$(printf '0.0021\t3.32\t0.205')" # .055 * .02 + .005 * .2
}

@test "a trace has every row in turn, up to one reference point, and ends with the hypervolume" {
	silent fl-pareto --trace --ref loss_nats=4 --ref ttft_1024_s=0.3 t.tsv
	assert_output "$(sed 's/ /\t/g' <<-'END'
		arch trial hypervolume ref_loss_nats ref_ttft_1024_s
		d64-f128-fff 1 0.09 4 0.3
		d64-f128-fs 2 0.125 4 0.3
		d64-f128-ss 3 0.125 4 0.3
		d64-f128-sf 4 0.125 4 0.3
		d64-f128-sw 5 0.125 4 0.3
		d64-f128-wf 6 0.125 4 0.3
	END
	)"
	# Bounds leave out what they leave out of the frontier
	silent fl-pareto --trace --max ttft_1024_s=0.18 --ref loss_nats=4 --ref ttft_1024_s=0.3 t.tsv
	assert_line --index 1 --regexp 'fff	1	0	'
}

# In Ax a reference point inferred for what is minimised once had the wrong sign, and traces read 0.
@test "an inferred reference lies beyond the frontier whichever way is better, and no trace reads 0" {
	need jq
	printf 'arch\ta_s\tb_nats\tc_tok_s\td_acc\nd1-f1-f\t1\t-4\t10\t-.5\nd1-f1-w\t2\t-5\t20\t-.4\nd1-f1-s\t3\t-6\t5\t-.3\n' > signs
	for pair in a_s,b_nats a_s,d_acc c_tok_s,d_acc b_nats,c_tok_s; do
		fl-pareto --objectives $pair --trace --json signs > trace
		fl-pareto --objectives $pair --hypervolume --json signs > whole
		[ "$(jq -s 'map(.hypervolume) | last > 0 and . == sort' trace)" = true ]
		assert_equal "$(jq -s 'last.hypervolume' trace)" "$(jq .hypervolume whole)"
	done
	# (1,-4) (2,-5) (3,-6): up to 3.2 and -3.8
	silent fl-pareto --objectives a_s,b_nats --hypervolume signs
	assert_line --index 1 "$(printf '1.84\t3.2\t-3.8')" # 2.2 * .2 + 1.2 * 1 + .2 * 1
	# (20,-.4) (5,-.3), larger is better: down to 3.5 and -.41
	silent fl-pareto --objectives c_tok_s,d_acc --hypervolume signs
	assert_line --index 1 "$(printf '0.315\t3.5\t-0.41')" # 16.5 * .01 + 1.5 * .1
}

@test "with --confidence only what is surely beaten is left out" {
	printf 'arch\tloss_nats\tttft_1_s\tttft_1_s_sd\tttft_1_s_n\n' > noisy
	printf 'd1-f1-f\t1\t10\t2\t4\nd1-f1-w\t1.1\t11\t2\t4\nd1-f1-s\t2\t30\t2\t4\n' >> noisy
	# The second is slower by 1 with an error of sqrt(2): beaten with probability Phi(.7071) = .7602.
	silent fl-pareto noisy
	assert_equal "${#lines[@]}" 2
	silent fl-pareto --confidence 0.76 noisy
	assert_equal "${#lines[@]}" 2
	silent fl-pareto --confidence 0.761 noisy
	assert_equal "${#lines[@]}" 3
	assert_line --index 2 --partial d1-f1-w
	silent fl-pareto --confidence 0.761 --best noisy
	assert_line --index 1 --partial d1-f1-f
	cmp <(fl-pareto --hypervolume noisy) <(fl-pareto --hypervolume --confidence 0.99 noisy)
	# Repeated rows scatter, too; what is not repeated is exact.
	printf 'arch\tloss_nats\tttft_1_s\nd1-f1-f\t1\t9\nd1-f1-f\t1\t11\nd1-f1-w\t1.1\t10.5\n' > repeats
	assert_equal "$(fl-pareto --confidence 0.7 repeats | wc -l)" 3 # .5 of an error of 1: .6915
	assert_equal "$(fl-pareto --confidence 0.69 repeats | wc -l)" 2
	cmp <(fl-pareto t.tsv) <(fl-pareto --confidence 1 t.tsv)
}

@test "JSON has numbers as numbers and failures as null" {
	need jq
	fl-pareto --json t.tsv > out
	assert_equal "$(jq -s 'map(.loss_nats) | add * 10 | round' out)" 95
	assert_equal "$(fl-pareto --objectives decode_1024_tok_s,loss_nats --json t.tsv | jq -s 'map(.ttft_1024_s) | .[0]')" null
}

@test "a plot appears complete, as PNG or SVG" {
	need gnuplot
	fl-pareto --plot a.png t.tsv > rows
	cmp rows <(fl-pareto t.tsv)
	assert_equal "$(head -c 4 a.png | tail -c 3)" PNG
	fl-pareto --plot a.svg t.tsv > rows
	grep -q '</svg>' a.svg
	grep -q 'time to first token, 1024-token prompt (s)' a.svg
	assert_equal "$(ls)" "$(printf '%s\n' a.png a.svg rows t.tsv)"
}

@test "what a column is called is text to gnuplot, nothing more" {
	need gnuplot
	name="'\".system('touch hit').\"'\`touch hit\`\\_s"
	printf 'arch\tloss_nats\t%s\nd1-f1-f\t1\t2\n' "$name" > odd.tsv
	silent fl-pareto --objectives "loss_nats,$name" --plot a.svg odd.tsv
	[ ! -e hit ]
	grep -q 'touch hit' a.svg
}

@test "without gnuplot a plot is exit 4 and leaves nothing" {
	run --separate-stderr -4 env PATH=/nowhere "$(command -v fl-pareto)" --plot a.png t.tsv
	assert_equal "$output" ""
	assert_equal "$stderr" \
		"fl-pareto: cannot run gnuplot, which draws the plot: No such file or directory"
	[ ! -e a.png ]
}

@test "a text plot has both axes and fits 80 columns" {
	silent fl-pareto --text-plot t.tsv
	assert_line "loss (nats per token); O frontier, + others"
	assert_line --partial "time to first token, 1024-token prompt (s), logarithmic"
	run -1 grep -E '.{81}' <<< "${output#*loss (nats}"
}

@test "equal, extreme and negative values are plotted" {
	local pair
	for pair in '1 1' '1 1.0000000000000002' '1e-100 1e100' '-1e100 1e100' '0 0' '5e-324 1'; do
		printf 'arch\tloss_nats\tttft_1_s\nd1-f1-f\t%s\t%s\nd1-f1-s\t%s\t%s\n' \
			$pair ${pair#* } ${pair% *} > odd.tsv
		silent fl-pareto --text-plot odd.tsv
		! command -v gnuplot > /dev/null || silent timeout 20 fl-pareto --plot a.svg odd.tsv
	done
}

@test "mistakes are named" {
	one_line_error 2 fl-pareto --objectives loss_nats t.tsv
	one_line_error 2 fl-pareto --objectives loss_nats,speed t.tsv
	assert_equal "$stderr" "fl-pareto: --objectives: the table has no column 'speed'"
	one_line_error 2 fl-pareto --objectives loss_nats,note t.tsv
	one_line_error 2 fl-pareto --max ttft_1024_s t.tsv
	one_line_error 2 fl-pareto --hypervolume --ref note=1 t.tsv
	one_line_error 2 fl-pareto --ref loss_nats=1 t.tsv
	one_line_error 2 fl-pareto --best --trace t.tsv
	one_line_error 2 fl-pareto --hypervolume --trace t.tsv
	one_line_error 2 fl-pareto --plot a.gif t.tsv
	one_line_error 2 fl-pareto --confidence 0.4 t.tsv
	one_line_error 3 fl-pareto /dev/null
	printf 'arch\tloss_nats\nd1-f1-f\t1\n' > short
	one_line_error 3 fl-pareto short
	one_line_error 4 fl-pareto absent
}
