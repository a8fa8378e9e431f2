# SPDX-License-Identifier: Apache-2.0
# demo.mk and ranking.mk, as small as they can be: every step on real tools, too short to learn anything.
load ../cli/helper

@test "the demo goes from nothing to a winner, a second run does nothing, and ranking.mk uses its backbone" {
	need spm_train gnuplot jq
	demo=(make --no-print-directory -f "$ROOT/pipelines/demo.mk" OUT=demo STORIES=400 HELD_STORIES=20 STEPS=4
		TRIALS=2 BATCH=2 LATENCY_SAMPLES=3 CPT_STEPS=2 FINAL_STEPS=2 PREFILL=64 REPEAT=1 TRAIN='--batch 2 --rate 2e-3')
	"${demo[@]}"
	for file in backbone.tar search/trials.tsv search/front.tsv search/front.svg search/winner.tar search/winner.gguf; do
		[ -s demo/$file ]
	done
	assert_equal "$(wc -l < demo/search/trials.tsv)" 4
	run -0 grep -A 1 'define TEACHER ' demo/search/asked/settings.mk
	assert_line demo/backbone.tar
	assert_equal "$(tar xOf demo/search/winner.tar fl-history.jsonl | jq -r .tool | tail -n 1)" fl-train
	find demo -type f -printf '%p %T@\n' | sort > before
	"${demo[@]}"
	find demo -type f -printf '%p %T@\n' | sort | diff before -
	make --no-print-directory -f "$ROOT/pipelines/ranking.mk" DEMO=demo OUT=rank N=1 CANDIDATES=3 TRAIN='--batch 2' > said
	grep -q 'tau-b between inherited weights and random ones' said
	assert_equal "$(grep -cE ' -?[01]\.[0-9]{3} \+- ([0-9.]+|nan)$' said)" 5
	assert_equal "$(wc -l < rank/ranking.tsv) $(awk -F '\t' '{ print NF }' rank/ranking.tsv | sort -u)" "4 6"
	[ -s rank/ranking.svg ] && [ -s rank/ranking.png ]
	run -1 "${demo[@]}" -q STEPS=5 demo/backbone.tar
	run -1 "${demo[@]}" -q STORIES=401 demo/stories.txt
}
