# SPDX-License-Identifier: Apache-2.0
# real.mk on a random model of six layers: every step and every table, of which only the shape is looked at.
load ../cli/helper

setup() {
	need jq
	fl-init -q -s 1 -a d96-f192-ffffff -o base/ "$FIXTURES/tiny/config.json"
	cp "$FIXTURES/tiny/tokenizer.json" base/
	documents 300 > text.txt
	head -n 200 text.txt > one.txt
	tail -n 200 text.txt > two.raw
	mkdir tasks
	for i in 1 2 3; do
		echo "{ \"query\": \"Document $i\", \"choices\": [\"says\", \"is\"], \"gold\": $((i % 2)) }"
	done > tasks/hellaswag_1000.jsonl
	real=(make -s -f "$ROOT/pipelines/real.mk" MODEL=base CALIB=text.txt HELD='one.txt two.raw' TASKS=tasks OUT=real SEQUENCES=8 CONTEXT=64
		DROP=2 JUDGED=1024 QUESTIONS=2 SEPARATOR='<|end|>' PROMPT=number STEPS=2 TRAIN='--batch 1 --context 32' TRIALS=2)
}

@test "make real leaves a row for each cut by both operators, tasks, times and costs, and a second run does nothing" {
	run -0 --separate-stderr "${real[@]}"
	assert_equal "$(grep -cE '^\| (none|depth|ffn|width|all|skip|window) ' <<< "$output")" 19
	grep -qF '| cut | sizes | weights | one, paper | one, ours | two, paper | two, ours |' <<< "$output"
	assert_equal "$(grep -cE '^\| (base|all-[123]0-ours) \| -?[0-9.]+ % \| .* \| (0|50|100) \|$' <<< "$output")" 4
	assert_equal "$(grep -cE '^\| (calibrate|cut and judge of 37 models|tasks of 4 models|4 bits and time of 4 models) \| [0-9.]+ \| [0-9]+ \|$' <<< "$output")" 4
	assert_equal "$(grep -c '^    .*number' <<< "$output")" 4
	[[ $stderr = *"real: no task piqa: 'tasks/piqa.jsonl' is not there"* ]]
	[[ $stderr = *"[46/46] speed-all-30-ours: "*"about 0 min left"* ]]
	# by what they say, and within the share that was asked for
	assert_equal "$(awk '{ print $1 }' real/archs | paste -sd ' ')" "depth-10 ffn-10 width-10 all-10 depth-20 ffn-20 width-20 all-20 depth-30 ffn-30 width-30 all-30"
	[ "$(tar xOf real/model/all-20-ours.tar fl-history.jsonl | jq -c 'select(.tool == "fl-prune").kept.by.repaired | length > 0')" = true ]
	assert_equal "$(ls real/model)" "$(printf 'all-%d-ours.tar\n' 10 20 30)"
	find real -type f ! -path '*/asked/*' -printf '%p %T@\n' | sort > before
	run -0 "${real[@]}"
	find real -type f ! -path '*/asked/*' -printf '%p %T@\n' | sort | diff before -
}

@test "killed, make real goes on where it was; with FULL=1 it says the hours, trains, searches and adds a table" {
	setsid "${real[@]}" > /dev/null 2>&1 3>&- &
	sleep 4
	kill -KILL -- -$!
	wait || true
	run -0 --separate-stderr "${real[@]}" FULL=1
	[[ $stderr = *"real: training takes about "*" hours, the search "* ]]
	assert_equal "$(grep -cE '^\| (trained-[123]0|winner) \| ' <<< "$output")" 4
	grep -qE '^The winner is d[0-9]+-f[0-9]+-[fws]+\.$' <<< "$output"
	for p in 10 20 30; do
		assert_equal "$(tar xOf real/model/trained-$p.tar fl-history.jsonl | jq -r .tool | tail -n 1)" fl-train
	done
	[ "$(wc -l < real/search/trials.tsv)" = 4 ]
}

@test "what make real does not find is named" {
	run -2 "${real[@]}" CALIB=none.txt
	assert_output --partial "'none.txt' is not there: CALIB=, HELD= and TASKS= name texts and questions"
	run -2 "${real[@]}" OUT='a#b'
}
