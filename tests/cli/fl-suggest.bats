# SPDX-License-Identifier: Apache-2.0
load helper

setup() {
	printf '%s\n' 'layers 4..8' 'width 64..128/32' 'ffn 128..512/128' 'letters f w s' \
		'max-run 2' 'first f' > space
	printf '%s\n' 'layers 2..3' 'width 64' 'ffn 32..64' 'letters f s' > small # 2 * (4 + 8)
}

@test "suggestions are distinct, in the space, and the same every time" {
	silent fl-suggest --space space -n 200
	assert_equal "${#lines[@]}" 200
	printf '%s\n' "${lines[@]}" > archs
	assert_equal "$(sort -u archs | wc -l)" 200
	run -1 grep -vE '^d(64|96|128)-f(128|256|384|512)-f[fws]{3,7}$' archs
	run -1 grep -E '[ws]{3}' archs
	fl-suggest --space space --count 200 | cmp - archs
}

@test "the default is eight" {
	silent fl-suggest --space space
	assert_equal "${#lines[@]}" 8
}

@test "another seed suggests others" {
	fl-suggest --space space -n 20 > a
	fl-suggest --space space -n 20 -s 1 > b
	run -1 cmp -s a b
}

@test "a seed goes on where the tables stopped, whatever became of the rows" {
	fl-suggest --space space -n 60 > all
	(printf 'arch\tloss_nats\n'; sed -n 1,20p all | sed 's/$/\t3.1/') > measured
	(printf 'arch\tloss_nats\n'; sed -n 21,40p all | sed 's/$/\t/') > pending
	(printf 'arch\n'; sed -n 41,50p all) > queue
	fl-suggest --space space -n 10 measured pending - < queue > next
	sed -n 51,60p all | cmp - next
}

@test "without operands the table is standard input, where an empty one is none" {
	fl-suggest --space space -n 20 < /dev/null > all
	(echo arch; sed -n 1,10p all) | fl-suggest --space space -n 10 > next
	sed -n 11,20p all | cmp - next
	fl-suggest --space - -n 20 < space | cmp all -
	printf 'base\n' > bad.tsv
	one_line_error 3 fl-suggest --space space < bad.tsv
	assert_equal "$stderr" "fl-suggest: 'standard input': the first column is 'base', not 'arch'"
	one_line_error 4 fl-suggest --space space < .
}

@test "a terminal holds no table, and is not waited for" {
	need script
	mkfifo never
	timeout 20 script -qec "fl-suggest --space space -n 20" log <> never > typed
	tr -d '\r' < typed | cmp - <(fl-suggest --space space -n 20 < /dev/null)
}

@test "an architecture outside the space changes nothing" {
	printf 'arch\nd2048-f8192-ssss\n' > other
	cmp <(fl-suggest --space space) <(fl-suggest --space space other)
}

@test "an exhausted space gives what it has and exit 1" {
	run --separate-stderr -1 fl-suggest --space small -n 100
	assert_equal "${#lines[@]}" 24
	assert_equal "$(printf '%s\n' "${lines[@]}" | sort -u | wc -l)" 24
	assert_equal "$stderr" "fl-suggest: the space is exhausted: 100 asked for, 24 left"
	(echo arch; printf '%s\n' "${lines[@]}") > all.tsv
	one_line_error 1 fl-suggest --space small all.tsv
	sed 5d all.tsv > but-one.tsv
	silent fl-suggest --space small -n 1 but-one.tsv
	assert_output "$(sed -n 5p all.tsv)"
}

@test "the last architecture of a large space is found at once" {
	printf '%s\n' 'layers 12' 'width 32..320/32' 'ffn 32' 'letters f s' > large # 40960
	timeout 20 fl-suggest --space large -n 40959 > most
	(echo arch; cat most) > most.tsv
	run --separate-stderr -1 timeout 20 fl-suggest --space large -n 2 most.tsv
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
	one_line_error 2 fl-suggest --space space -n 0
}

@test "the paper's space can be searched" {
	silent fl-suggest --space "$ROOT/pipelines/flash.space" -n 32
	assert_equal "${#lines[@]}" 32
}

# measured N: a table of the space's first N, larger is better and slower.
measured() {
	printf 'arch\tloss_nats\tttft_64_s\n'
	fl-suggest --space space -n "$1" < /dev/null | awk -F '[-df]' -v OFS='\t' '{ n = length($0) - 8
		size = $2 * $4 * n; print $0, 2 + 100 / sqrt(size), size * 1e-6 + .01 * n }'
}

@test "where enough is measured, what improves the frontier is suggested, the same at any -j" {
	measured 30 > trials.tsv
	silent fl-suggest --space space -n 6 trials.tsv
	printf '%s\n' "${lines[@]}" > archs
	assert_equal "$(sort -u archs | wc -l)" 6
	run -1 grep -qxFf <(cut -f 1 trials.tsv) archs
	fl-suggest --space space -n 6 trials.tsv | cmp - archs
	run -1 cmp -s archs <(fl-suggest --space space -n 6 --initial 31 trials.tsv)
	fl-suggest --space space -n 6 -v trials.tsv 2>&1 > /dev/null | grep -c 'expected to raise the hypervolume by' | grep -qx 6
}

@test "what is pending is not suggested, and counts as being measured" {
	measured 30 > trials.tsv
	fl-suggest --space space -n 3 trials.tsv > archs
	(cat trials.tsv; awk '{ print $0 "\t\t" }' archs) > pending.tsv
	fl-suggest --space space -n 3 pending.tsv > next
	run -1 grep -qxFf archs next
	# Failed rows are known too, but nothing is expected to come of them.
	(cat trials.tsv; awk '{ print $0 "\tnan\tnan" }' archs) > failed.tsv
	fl-suggest --space space -n 3 failed.tsv > other
	run -1 grep -qxFf archs other
}

@test "a reference point draws the search to what is better than it" {
	measured 30 > trials.tsv
	fl-suggest --space space -n 6 --ref ttft_64_s=.09 trials.tsv > fast
	run -0 awk -F '[-df]' '{ n = length($0) - 8; if ($2 * $4 * n * 1e-6 + .01 * n > .13) print }' fast
	assert_equal "$output" ""
	one_line_error 2 fl-suggest --space space --ref size=1 trials.tsv
	one_line_error 2 fl-suggest --space space --objectives loss_nats,size trials.tsv
	sed -i '2s/[^\t]*$/0/' trials.tsv
	one_line_error 3 fl-suggest --space space trials.tsv
	[[ $stderr = *"ttft_64_s of '"*"' is not positive" ]]
}

@test "models too go on until the space is exhausted" {
	(printf 'arch\tloss_nats\tttft_64_s\n'; fl-suggest --space small -n 12 < /dev/null | awk '{ print $0 "\t" 3 + NR / 10 "\t" 1 / NR }') > few.tsv
	run --separate-stderr -1 fl-suggest --space small -n 20 few.tsv
	assert_equal "${#lines[@]}" 12
}
