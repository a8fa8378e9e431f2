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
