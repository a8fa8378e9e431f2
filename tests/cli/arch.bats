# SPDX-License-Identifier: Apache-2.0
# An architecture has one name, fl-arch(7), and is typed shorter.
load helper

setup() {
	fl-init -s 1 -o base/ "$FIXTURES/tiny-qwen3.json"
}

@test "a pattern with its runs counted makes the model that its letters make" {
	for arch in d32-f64-fff d32-f64-f3 d32-f64-f1f2; do
		fl-init -s 1 --no-history -a $arch -o $arch.tar base
		cmp d32-f64-fff.tar $arch.tar
		fl-prune --no-history --score random --layer-score random -a $arch -o cut-$arch.tar base
		cmp cut-d32-f64-fff.tar cut-$arch.tar
	done
	fl-attnpattern --no-history -a d64-f128-fsss -o long.tar base
	fl-attnpattern --no-history -a d64-f128-fs3 base | cmp - long.tar
	silent fl-measure -q -j 1 --prefill 8 --repeat 1 --json -c base/config.json -a d64-f128-fs3
	assert_equal "$(jq -r .arch <<< "$output")" d64-f128-fsss
}

@test "programs are given the letters, people the runs" {
	fl-attnpattern -a d64-f128-fs3 -o cand.tar base
	assert_equal "$(fl-info --json cand.tar | jq -r .arch)" d64-f128-fsss
	assert_equal "$(fl-info cand.tar | head -n 1 | tr -s ' ')" "arch d64-f128-fs3"
	printf '%s\n' 'layers 12' 'width 64' 'ffn 64' 'letters f' > space
	silent fl-suggest --space space --batch 1
	assert_output d64-f64-ffffffffffff
}

@test "rows of one architecture in both spellings are one architecture for fl-pareto, fl-suggest and fl-predict" {
	printf 'arch\tttft_8_s\nd64-f128-f3\t1\nd64-f128-fffs\t4\n' > latency
	printf 'arch\tloss_nats\tttft_8_s\nd64-f128-fff\t3\t2\n' > loss
	silent fl-pareto latency loss
	assert_line --index 1 "$(printf 'd64-f128-fff\t1.5\t3')"
	assert_equal "${#lines[@]}" 2
	printf '%s\n' 'layers 3..4' 'width 64' 'ffn 128' 'letters f' > space
	run --separate-stderr -1 fl-suggest --space space loss latency
	assert_output d64-f128-ffff
	for arch in d64-f128-f3 d64-f128-fff; do
		fl-predict --column ttft_8_s latency <<< $arch > $arch.tsv
		printf 'layers 3..6\nwidth 64\nffn 128\nletters f s\n' |
			fl-suggest --space - --initial 1 --batch 2 --ref-from $arch loss > $arch.next
	done
	cmp d64-f128-f3.tsv d64-f128-fff.tsv
	cmp d64-f128-f3.next d64-f128-fff.next
	assert_equal "$(sed -n '2s/\t.*//p' d64-f128-f3.tsv)" d64-f128-fff
}

@test "a number of letters that is not the model's is said beside it" {
	one_line_error 3 fl-attnpattern -a d64-f128-f3 base
	assert_equal "$stderr" "fl-attnpattern: 'base': the architecture has 3 letters, the model 4 layers"
	one_line_error 3 fl-prune --layer-score random -a d64-f128-f23 base
	assert_equal "$stderr" "fl-prune: 'base': the architecture has 23 letters, the model 4 layers"
	one_line_error 2 fl-prune -a d64-f128-24 base
	assert_equal "$stderr" "fl-prune: option '--arch': 'd64-f128-24' is no architecture: it must end in 1 to 512 of the letters f, w, s, of a run one and its length"
}
