# SPDX-License-Identifier: Apache-2.0
load helper

setup() {
	printf '%s\n' 'layers 4..8' 'width 64..128/32' 'ffn 128..512/128' 'letters f w s' \
		'max-run 2' 'first f' > space
	printf '%s\n' 'layers 2..3' 'width 64' 'ffn 32..64' 'letters f s' > small # 2 * (4 + 8)
}

@test "suggestions are distinct, in the space, and the same every time" {
	silent fl-suggest --space space --batch 200
	assert_equal "${#lines[@]}" 200
	printf '%s\n' "${lines[@]}" > archs
	assert_equal "$(sort -u archs | wc -l)" 200
	run -1 grep -vE '^d(64|96|128)-f(128|256|384|512)-f[fws]{3,7}$' archs
	run -1 grep -E '[ws]{3}' archs
	fl-suggest --space space --batch 200 | cmp - archs
}

@test "the default is eight" {
	silent fl-suggest --space space
	assert_equal "${#lines[@]}" 8
}

@test "another seed suggests others" {
	fl-suggest --space space --batch 20 > a
	fl-suggest --space space --batch 20 -s 1 > b
	run -1 cmp -s a b
}

@test "a seed goes on where the tables stopped, whatever became of the rows" {
	fl-suggest --space space --batch 60 > all
	(printf 'arch\tloss_nats\n'; sed -n 1,20p all | sed 's/$/\t3.1/') > measured
	(printf 'arch\tloss_nats\n'; sed -n 21,40p all | sed 's/$/\t/') > pending
	(printf 'arch\n'; sed -n 41,50p all) > queue
	fl-suggest --space space --batch 10 measured pending - < queue > next
	sed -n 51,60p all | cmp - next
}

@test "without operands the table is standard input, where an empty one is none" {
	fl-suggest --space space --batch 20 < /dev/null > all
	(echo arch; sed -n 1,10p all) | fl-suggest --space space --batch 10 > next
	sed -n 11,20p all | cmp - next
	fl-suggest --space - --batch 20 < space | cmp all -
	printf 'base\n' > bad.tsv
	one_line_error 3 fl-suggest --space space < bad.tsv
	assert_equal "$stderr" "fl-suggest: 'standard input': the first column is 'base', not 'arch'"
	one_line_error 4 fl-suggest --space space < .
}

@test "a terminal holds no table, and is not waited for" {
	need script
	mkfifo never
	timeout 20 script -qec "fl-suggest --space space --batch 20" log <> never > typed
	tr -d '\r' < typed | cmp - <(fl-suggest --space space --batch 20 < /dev/null)
}

@test "an architecture outside the space changes nothing" {
	printf 'arch\nd2048-f8192-ssss\n' > other
	cmp <(fl-suggest --space space) <(fl-suggest --space space other)
}

@test "an exhausted space gives what it has and exit 1" {
	run --separate-stderr -1 fl-suggest --space small --batch 100
	assert_equal "${#lines[@]}" 24
	assert_equal "$(printf '%s\n' "${lines[@]}" | sort -u | wc -l)" 24
	assert_equal "$stderr" "fl-suggest: the space is exhausted: 100 asked for, 24 left"
	(echo arch; printf '%s\n' "${lines[@]}") > all.tsv
	one_line_error 1 fl-suggest --space small all.tsv
	sed 5d all.tsv > but-one.tsv
	silent fl-suggest --space small --batch 1 but-one.tsv
	assert_output "$(sed -n 5p all.tsv)"
}

@test "the last architecture of a large space is found at once" {
	printf '%s\n' 'layers 12' 'width 32..320/32' 'ffn 32' 'letters f s' > large # 40960
	timeout 20 fl-suggest --space large --batch 40959 > most
	(echo arch; cat most) > most.tsv
	run --separate-stderr -1 timeout 20 fl-suggest --space large --batch 2 most.tsv
	assert_equal "${#lines[@]}" 1
	run -1 grep -xF "$output" most
}

@test "bad input is named: space, table, option" {
	echo 'layers 4..2' > bad
	one_line_error 3 fl-suggest --space bad
	assert_equal "$stderr" "fl-suggest: 'bad', line 1: layers: the range 4..2 is empty"
	one_line_error 4 fl-suggest --space absent
	printf 'arch\nbase\n' > bad.tsv
	one_line_error 3 fl-suggest --space space bad.tsv
	[[ $stderr = *"'bad.tsv', line 2: 'base' is no architecture"* ]]
	one_line_error 2 fl-suggest
	one_line_error 2 fl-suggest --space space --batch 0
}

@test "the paper's space can be searched" {
	silent fl-suggest --space "$ROOT/pipelines/flash.space" --batch 32
	assert_equal "${#lines[@]}" 32
}

# measured N: a table of the space's first N, larger is better and slower.
measured() {
	printf 'arch\tloss_nats\tttft_64_s\n'
	fl-suggest --space space --batch "$1" < /dev/null | awk -F '[-df]' -v OFS='\t' '{ n = length($0) - 8
		size = $2 * $4 * n; print $0, 2 + 100 / sqrt(size), size * 1e-6 + .01 * n }'
}

@test "where enough is measured, what improves the frontier is suggested, the same at any -j" {
	measured 30 > trials.tsv
	silent fl-suggest --space space --batch 6 trials.tsv
	printf '%s\n' "${lines[@]}" > archs
	assert_equal "$(sort -u archs | wc -l)" 6
	run -1 grep -qxFf <(cut -f 1 trials.tsv) archs
	fl-suggest --space space --batch 6 trials.tsv | cmp - archs
	run -1 cmp -s archs <(fl-suggest --space space --batch 6 --initial 31 trials.tsv)
	fl-suggest --space space --batch 6 -v trials.tsv 2>&1 > /dev/null | grep -c 'expected to raise the hypervolume by' | grep -qx 6
}

@test "what is pending is not suggested, and counts as being measured" {
	measured 30 > trials.tsv
	fl-suggest --space space --batch 3 trials.tsv > archs
	(cat trials.tsv; awk '{ print $0 "\t\t" }' archs) > pending.tsv
	fl-suggest --space space --batch 3 pending.tsv > next
	run -1 grep -qxFf archs next
	# Failed rows are known too, but nothing is expected to come of them.
	(cat trials.tsv; awk '{ print $0 "\tnan\tnan" }' archs) > failed.tsv
	fl-suggest --space space --batch 3 failed.tsv > other
	run -1 grep -qxFf archs other
}

@test "a reference point draws the search to what is better than it" {
	measured 30 > trials.tsv
	fl-suggest --space space --batch 6 --ref ttft_64_s=.09 trials.tsv > fast
	run -0 awk -F '[-df]' '{ n = length($0) - 8; if ($2 * $4 * n * 1e-6 + .01 * n > .13) print }' fast
	assert_equal "$output" ""
	one_line_error 2 fl-suggest --space space --ref size=1 trials.tsv
	one_line_error 2 fl-suggest --space space --objectives loss_nats,size trials.tsv
	sed -i '2s/[^\t]*$/0/' trials.tsv
	one_line_error 3 fl-suggest --space space trials.tsv
	[[ $stderr = *"ttft_64_s of '"*"' is not positive" ]]
}

@test "models too go on until the space is exhausted" {
	(printf 'arch\tloss_nats\tttft_64_s\n'; fl-suggest --space small --batch 12 < /dev/null | awk '{ print $0 "\t" 3 + NR / 10 "\t" 1 / NR }') > few.tsv
	run --separate-stderr -1 fl-suggest --space small --batch 20 few.tsv
	assert_equal "${#lines[@]}" 12
}

@test "with --latency the cost comes from its table, measured or expected, and its rows may be suggested" {
	measured 60 > all.tsv
	cut -f 1,3 all.tsv | (head -n 41) > latency.tsv
	(printf 'arch\tloss_nats\n'; sed -n 32,61p all.tsv | cut -f 1,2) > trials.tsv
	silent fl-suggest --space space --batch 6 --latency latency.tsv trials.tsv
	assert_equal "$(sort -u <<< "$output" | wc -l)" 6
	run -1 grep -qxFf <(cut -f 1 trials.tsv) <<< "$output"
	fl-suggest --space space --batch 6 --latency latency.tsv -v trials.tsv 2>&1 > archs |
		sed 's/.*: expected.*; loss_nats \([0-9.]*\) +- [0-9.e-]*, ttft_64_s \([0-9.]*\) +- [0-9.]* %$/\1 \2/' > expected
	# What the machine of these tables would do is what the models expect.
	paste -d ' ' <(awk -F '[-df]' '{ n = length($0) - 8; s = $2 * $4 * n; print 2 + 100 / sqrt(s), s * 1e-6 + .01 * n }' archs) \
		expected | awk '{ if (($1 / $3 - 1) ^ 2 > .1 ^ 2 || ($2 / $4 - 1) ^ 2 > .1 ^ 2) print; n++ } END { print n }' > off
	assert_equal "$(cat off)" 6
	# A row of the latency table may be a suggestion: only the trials' are known.
	printf 'arch\tttft_64_s\n' > every.tsv
	fl-suggest --space small --batch 24 < /dev/null | sed 's/$/\t1/' >> every.tsv
	silent fl-suggest --space small --batch 24 --latency every.tsv < /dev/null
	assert_equal "${#lines[@]}" 24
}

@test "--refine asks for what the model of the cost knows least" {
	# Measured are deep models only, so the shallowest and the deepest that lack are asked for.
	fl-suggest --space space --batch 300 < /dev/null | awk 'length($0) > 15' | head -n 20 > deep
	(printf 'arch\tttft_64_s\n'; awk -F '[-df]' '{ n = length($0) - 8; print $0 "\t" $2 * $4 * n * 1e-6 + .01 * n }' deep) > latency.tsv
	silent fl-suggest --space space --refine --batch 4 latency.tsv
	assert_equal "$(grep -cE -- '-[fws]{4,5}$' <<< "$output")" 4
	fl-suggest --space space --refine --batch 4 --latency latency.tsv < /dev/null | cmp - <(echo "$output")
	# Those being measured are taken as known.
	(cat latency.tsv; sed 's/$/\t/' <<< "$output") > pending.tsv
	fl-suggest --space space --refine --batch 4 pending.tsv > next
	run -1 grep -qxFf <(echo "$output") next
	fl-suggest --space space --refine --batch 4 -v latency.tsv 2>&1 > /dev/null | awk '{ print $(NF - 1) }' > sd
	sort -rn sd | cmp - sd
	# Too few are spread evenly.
	fl-suggest --space space --refine --initial 21 --batch 4 latency.tsv | cmp - <(fl-suggest --space space --batch 4 latency.tsv)
	one_line_error 2 fl-suggest --space space --refine --max ttft_64_s=1 latency.tsv
}

@test "a limit keeps to what is affordable, on an objective or any other column" {
	measured 30 | awk -v OFS='\t' 'NR == 1 { print $0, "weights_mib", "decode_8_tok_s"; next }
		{ split($1, a, /[-df]/); s = a[2] * a[4]; print $0, s / 1e3, 1e5 / s }' > trials.tsv
	size() { awk -F '[-df]' '{ print $2 * $4 / 1e3 }' | sort -g; }
	assert_equal "$(fl-suggest --space space --max ttft_64_s=.09 trials.tsv)" \
		"$(fl-suggest --space space --ref ttft_64_s=.09 trials.tsv)"
	fl-suggest --space space --max weights_mib=20 trials.tsv > small-ones
	run awk '$1 > 20' <(size < small-ones)
	assert_equal "$output" ""
	fl-suggest --space space --min decode_8_tok_s=5 trials.tsv > fast-ones
	run awk '$1 > 20' <(size < fast-ones)
	assert_equal "$output" ""
	fl-suggest --space space trials.tsv | size > any
	run awk '$1 > 20' any
	[ -n "$output" ]
	one_line_error 2 fl-suggest --space space --max weights_mib=-1 trials.tsv
	one_line_error 2 fl-suggest --space space --max size=3 trials.tsv
}

@test "--ref-from takes a row of the tables as what is to be beaten" {
	measured 30 > trials.tsv
	read -r arch loss time < <(sort -gk 3 trials.tsv | sed -n 15p)
	# Some are better in both: its values are the reference.
	printf 'd64-f128-fff\t%s\t%s\n' "$(awk "BEGIN { print $loss - .1 }")" "$(awk "BEGIN { print $time / 2 }")" >> trials.tsv
	fl-suggest --space space --ref-from "$arch" trials.tsv > archs
	fl-suggest --space space --ref "loss_nats=$loss" --ref "ttft_64_s=$time" trials.tsv | cmp archs -
	# A limit beside it holds where it is tighter.
	fl-suggest --space space --ref-from "$arch" --max ttft_64_s=.05 trials.tsv > limited
	fl-suggest --space space --ref "loss_nats=$loss" --ref ttft_64_s=.05 trials.tsv | cmp limited -
	run -1 cmp -s limited archs
	fl-suggest --space space --ref-from "$arch" --max ttft_64_s=9 trials.tsv | cmp archs -
	one_line_error 2 fl-suggest --space space --ref-from d1-f1-f trials.tsv
	assert_equal "$stderr" "fl-suggest: --ref-from: no row of 'd1-f1-f' has both objectives"
	one_line_error 2 fl-suggest --space space --ref-from "$arch" --ref loss_nats=2 trials.tsv
}
