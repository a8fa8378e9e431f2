# SPDX-License-Identifier: Apache-2.0
# The recipe that measures repairs, on a random model.
load ../cli/helper

repair() {
	make -s -f "$ROOT/pipelines/repair.mk" BASE=base.tar CALIB='a.txt b.txt' HELD=held.txt OUT=run CONTEXT=32 SEQUENCES=6 DROP=2 \
		JUDGED=4 STEPS=4 EVERY=2 TRAIN='--batch 2 --rate 1e-3' CANDIDATES=3 RANK_STEPS=2 "$@"
}

# base [SEED]: a model and its texts.
base() {
	need jq
	rm -rf base
	fl-init -q -s "${1:-1}" -a d96-f192-fffffff -o base/ "$FIXTURES/tiny/config.json"
	cp "$FIXTURES/tiny/tokenizer.json" base/
	tar cf base.tar -C base config.json tokenizer.json model.safetensors
	for t in a b held; do seq 900 > $t.txt; done
}

# rows TABLE COLUMNS: of that table, with so many columns in each; every loss is one
rows() {
	run -0 awk -F '\t' -v n="$2" 'NF != n' "run/$1.tsv"
	assert_output ""
	run -0 grep -cE $'\t[0-9]+[.][0-9]{4}(\t|$)' "run/$1.tsv"
}

@test "every table of repairs is there, and a second run does nothing" {
	base
	run -0 repair
	rows cuts 4
	assert_output 59
	assert_equal "$(cut -f 1 run/cuts.tsv | uniq | wc -l)" 15
	rows order 4
	assert_output 9
	rows text 4
	assert_output 17
	rows int4 3
	assert_output 9
	assert_equal "$(sed 1,2d run/int4.tsv | cut -f 2 | uniq | wc -l)" 1 # bytes
	rows train 6
	assert_output 3
	assert_equal "$(cut -f 1,2 run/rank.tsv | sed 1d)" "$(printf '%s\t%s\n' paper_0_nats paper_2_nats repair_0_nats repair_2_nats \
		repair_0_nats paper_2_nats paper_2_nats repair_2_nats)"
	# The part given back is that of the losses beside it
	run -0 awk -F '\t' '$1 == "none" { least = $3 } $2 == "paper" { most = $3 }
		$1 == "width 2/3" && $2 == "rotate" { d = (most - $3) / (most - least) * 100 - $4; print (d < 1 && d > -1) }' run/cuts.tsv
	assert_output 1
	touch stamp
	run -0 repair
	assert_equal "$(find run -newer stamp -type f)" ""
}

@test "with other settings it makes again what depends on them" {
	base
	repair int4
	cp run/metrics metrics
	repair int4 CANDIDATES=4 STEPS=5
	cmp run/metrics metrics
	touch stamp
	repair int4 JUDGED=3
	assert_equal "$(find run -newer stamp -name '*.t??' | sort | xargs)" "run/held/held.tok run/int4.tsv"
	for other in DROP=3 SEQUENCES=5 CONTEXT=24 CALIB=a.txt; do
		repair int4 $other
		run ! cmp run/metrics metrics
		repair int4
		cmp run/metrics metrics
	done
	# An older model in the place of the first
	base 2
	touch -d 2000-01-01 base.tar
	repair int4
	run ! cmp run/metrics metrics
}

@test "a loss that cannot be measured is no table" {
	base
	mkdir bin
	printf '#!/bin/bash\n[[ ${!#} = base.tar ]] && exec %s "$@"\nexit 3\n' "$(command -v fl-eval)" > bin/fl-eval
	chmod +x bin/fl-eval
	PATH=$PWD/bin:$PATH run -2 repair -k
	assert_equal "$(ls run/*.tsv)" run/ranked.tsv
	tar xf base.tar tokenizer.json config.json model.safetensors
	fl-tokenize -c . -o text.tok a.txt
	PATH=$PWD/bin:$PATH run -3 "$ROOT/pipelines/scores.sh" base.tar text.tok text.tok 1
	assert_equal "${#lines[@]}" 2
}

@test "texts of one name are refused" {
	base
	mkdir other
	cp a.txt other
	run -2 repair CALIB='a.txt other/a.txt'
	assert_output --partial "two texts of one name"
}
