# SPDX-License-Identifier: Apache-2.0
# The loss itself is compared with transformers' in tests/unit/eval.c.
load helper

setup() {
	MODEL=$FIXTURES/calibrate/model
	TOKENS=$FIXTURES/calibrate/tokens
}

# column NAME FILE: its value in the only row
column() {
	awk -F '\t' -v name="$1" 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i } NR == 2 { print $at[name] }' "$2"
}

@test "a row is printed, the same at any -j and of every form of a checkpoint" {
	tar cf model.tar -C "$MODEL" config.json model.safetensors
	fl-eval -j 1 -t "$TOKENS" "$MODEL" > a
	fl-eval -j 3 -t "$TOKENS" model.tar > b
	pipe "zstd -qc model.tar | fl-eval -t '$TOKENS' > c"
	pipe "cat '$TOKENS' | fl-eval -t - '$MODEL' > d"
	for x in b c d; do
		cmp a $x
	done
	run -0 head -n 1 a
	assert_output $'arch\tloss_nats\tloss_nats_se\tperplexity\ttokens'
	assert_equal "$(column arch a) $(column tokens a)" "d32-f64-fsw 97"
	awk -v loss="$(column loss_nats a)" -v p="$(column perplexity a)" \
		'BEGIN { d = log(p) - loss; exit !(d < 1e-4 && d > -1e-4) }'
}

@test "a quantized model rounds activations, unless --dequantize says otherwise" {
	fl-init -q -s 1 -o base/ "$FIXTURES/tiny/config.json"
	fl-quantize -o q.tar base
	for j in 1 3; do
		fl-eval -j $j -t "$TOKENS" q.tar > runtime$j
	done
	cmp runtime1 runtime3
	fl-eval --dequantize -t "$TOKENS" q.tar > floats
	awk -v a="$(column loss_nats runtime1)" -v b="$(column loss_nats floats)" \
		'BEGIN { exit !(a != b && a - b < 0.01 && b - a < 0.01) }'
	fl-eval -t "$TOKENS" base > a
	fl-eval --dequantize -t "$TOKENS" base > b
	cmp a b
}

@test "a cache of 8 bits changes the loss a little, the same at any number of threads" {
	fl-eval -t "$TOKENS" "$MODEL" > floats
	for j in 1 3; do
		fl-eval -j $j --kv int8 -t "$TOKENS" "$MODEL" > bytes$j
	done
	cmp bytes1 bytes3
	awk -v a="$(column loss_nats floats)" -v b="$(column loss_nats bytes1)" \
		'BEGIN { exit !(a != b && a - b < 0.02 && b - a < 0.02) }'
}

# nll FILE: the mean over the windows of a logits file, each of whose tokens but the first is predicted.
nll() {
	local size rows vocab
	size=$(od -An -tu8 -N8 "$1")
	read -r rows vocab < <(tensors "$1" | jq -r '.logits.shape | @tsv')
	{
		od -An -v -w8 -td8 -j$((8 + size)) -N$((8 * rows)) "$1"
		od -An -v -w$((4 * vocab)) -tf4 -j$((8 + size + 8 * rows)) "$1"
	} | awk -v rows="$rows" -v context="$2" '
		NR <= rows { id[NR] = $1; next }
		{
			r = NR - rows
			if (r == rows || r % context == 0) next
			sum = 0
			for (i = 1; i <= NF; i++) sum += exp($i)
			all += log(sum) - $(id[r + 1] + 1)
			n++
		}
		END { printf "%.9g\n", all / n }'
}

@test "--logits with --kv int8 are the logits of the loss that is printed, and not those of an f32 cache" {
	for kv in f32 int8; do
		fl-eval -t "$TOKENS" --context 32 --kv $kv --logits $kv.logits "$MODEL" > $kv
		awk -v a="$(nll $kv.logits 32)" -v b="$(column loss_nats $kv)" 'BEGIN { exit !(a - b < 1e-5 && b - a < 1e-5) }'
	done
	awk -v a="$(column loss_nats f32)" -v b="$(column loss_nats int8)" 'BEGIN { exit !((a - b) ^ 2 > 1e-8) }'
}

@test "with --json the same is one object" {
	silent fl-eval --json -t "$TOKENS" "$MODEL"
	run -0 jq -r '[.arch, .tokens, (.loss_nats | type)] | @tsv' <<< "$output"
	assert_output $'d32-f64-fsw\t97\tnumber'
}

@test "a stride predicts more tokens, BOS all of them" {
	fl-eval --stride 20 -t "$TOKENS" "$MODEL" > a
	fl-eval --bos -t "$TOKENS" "$MODEL" > b
	assert_equal "$(column tokens a) $(column tokens b)" "100 101"
	one_line_error 2 fl-eval --stride 33 -t "$TOKENS" "$MODEL"
	[[ $stderr = *33*32* ]]
}

@test "the first tokens of a window can be left out" {
	fl-eval --skip 17 -t "$TOKENS" "$MODEL" > a
	assert_equal "$(column tokens a)" "45"
	one_line_error 2 fl-eval --skip 32 -t "$TOKENS" "$MODEL"
	[[ $stderr = *32*32* ]]
	head -c 64 "$TOKENS" > short
	one_line_error 3 fl-eval --skip 17 -t short "$MODEL"
}

@test "one window has no standard error" {
	head -c 64 "$TOKENS" > short
	run -0 fl-eval -t short "$MODEL"
	assert_line --index 0 $'arch\tloss_nats\tperplexity\ttokens'
}

@test "bits per byte count the bytes of the predicted tokens' text" {
	need_data backbone5m
	printf 'Once upon a time there was a caf\303\251.' > text
	fl-tokenize -c "$DATA/backbone5m" -o tokens text
	fl-tokenize -c "$DATA/backbone5m" -d <(tail -c +5 tokens) > predicted
	fl-eval -t tokens "$DATA/backbone5m" > row
	awk -v l="$(column loss_nats row)" -v n="$(column tokens row)" -v b="$(wc -c < predicted)" \
		-v got="$(column bits_per_byte row)" \
		'BEGIN { d = l * n / b / log(2) / got - 1; exit !(d < 1e-4 && d > -1e-4) }'
}

@test "the loss of backbone5m on held-out text is what transformers finds" {
	need_data backbone5m corpora/c4.heldout.txt
	fl-tokenize -c "$DATA/backbone5m" --separator '<|endoftext|>' "$DATA/corpora/c4.heldout.txt" |
		head -c 20480 > tokens
	fl-eval -t tokens "$DATA/backbone5m" > row
	assert_equal "$(column tokens row)" 5100
	awk -v l="$(column loss_nats row)" 'BEGIN { d = l - 4.599675; exit !(d < 1e-5 && d > -1e-5) }'
}

@test "a command line without tokens is refused, and tokens that cannot be" {
	one_line_error 2 fl-eval "$MODEL"
	one_line_error 2 fl-eval -t -
	printf '\1\0\0\0' > one
	one_line_error 3 fl-eval -t one "$MODEL"
	one_line_error 3 fl-eval -t - "$MODEL" < one
	[[ $stderr = "fl-eval: 'standard input': "* ]]
	printf '\1\0\0\0\100\0\0\0' > high
	one_line_error 3 fl-eval -t high "$MODEL"
	one_line_error 3 fl-eval --bos -t "$TOKENS" <(tar c -C "$MODEL" model.safetensors config.json)
}

@test "a loss that is not finite is nan in its row" {
	fl-init -s 1 -o bad/ "$FIXTURES/tiny-qwen3.json"
	poison bad/model.safetensors model.norm.weight
	silent fl-eval -t "$TOKENS" bad
	assert_equal "$(column loss_nats <(cat <<< "$output")) $(column perplexity <(cat <<< "$output"))" "nan nan"
	silent fl-eval --json -t "$TOKENS" bad
	[ "$(jq -c '[.loss_nats, .perplexity]' <<< "$output")" = '[null,null]' ]
}

@test "tokens may come through a named pipe" {
	mkfifo pipe
	cat "$TOKENS" > pipe &
	fl-eval -t pipe "$MODEL" > a
	fl-eval -t "$TOKENS" "$MODEL" | cmp a
}

# --- tasks ---

# What two files of marks differ in: questions, wrong verdicts, other answers, the largest difference of nats.
compare_marks() {
	jq -n -r --slurpfile a "$1" --slurpfile b "$2" '
		[$a, $b] | transpose as $p | [
			($p | length),
			([$p[] | select(.[0].right != .[1].right)] | length),
			([$p[] | select(.[1].right_norm != null and .[0].right_norm != null and .[0].right_norm != .[1].right_norm)] | length),
			([$p[] | select((.[0].answer // "" | gsub("^\\s+|\\s+$"; "")) != (.[1].answer // ""))] | length),
			([$p[] | map(.nats // []) | transpose[] | (.[0] - .[1]) | fabs] | max // 0 | . < 1e-3)
		] | @tsv'
}

# what lm-evaluation-harness gives each question, in every kind of task
agrees_with_the_harness() {
	need jq
	need_data "$1"
	while read -r task shots seed; do
		echo "# $1 $task"
		fl-eval -q --task "$FIXTURES/tasks/$task.jsonl" --shots "$shots" -s "$seed" --marks got "$DATA/$1" > row
		run -0 compare_marks got "$FIXTURES/tasks/$1/$task.jsonl"
		assert_output "$(wc -l < "$FIXTURES/tasks/$task.jsonl")"$'\t0\t0\t0\ttrue'
		awk -v got="$(cut -f 2 row | tail -1)" -v n="$(jq -s 'map(select(.right)) | length' got)" \
			-v all="$(wc -l < got)" 'BEGIN { d = got - n / all; exit !(d < 1e-5 && d > -1e-5) }'
	done < "$FIXTURES/tasks/cases"
}

@test "tasks are scored as lm-evaluation-harness scores them" {
	agrees_with_the_harness backbone5m
}

@test "tasks are scored as lm-evaluation-harness scores them, with a tokenizer that puts BOS in front" {
	agrees_with_the_harness stories260K
}

@test "figures of a task stand beside their standard errors and those of other tasks" {
	need_data backbone5m
	cp "$FIXTURES"/tasks/{choice,partial,target,answers}.jsonl .
	silent fl-eval -q --task choice.jsonl --task partial.jsonl --task target.jsonl --task answers.jsonl "$DATA/backbone5m"
	assert_line --index 0 "$(printf '%s\t' arch choice_acc choice_acc_se choice_norm_acc choice_norm_acc_se \
		choice_questions partial_acc partial_acc_se partial_questions target_acc target_acc_se target_perplexity \
		target_perplexity_se target_questions answers_em_acc answers_em_acc_se)answers_questions"
	# sqrt(p (1 - p) / (n - 1)), as the harness has it
	fl-eval -q --task choice.jsonl "$DATA/backbone5m" > row
	awk -v p="$(column choice_acc row)" -v se="$(column choice_acc_se row)" \
		'BEGIN { d = sqrt(p * (1 - p) / 18) / se - 1; exit !(d < 1e-4 && d > -1e-4) }'
	head -n 1 choice.jsonl > one.jsonl
	run -0 fl-eval -q --task one.jsonl --shots 0 "$DATA/backbone5m"
	assert_line --index 0 $'arch\tone_acc\tone_norm_acc\tone_questions'
}

@test "the marks are the same bytes at any -j, and the same within rounding in any order" {
	need jq
	need_data backbone5m
	cp "$FIXTURES/tasks/choice.jsonl" a.jsonl
	tac a.jsonl > b.jsonl
	fl-eval -q -j 1 --task a.jsonl --marks one "$DATA/backbone5m" > row1
	fl-eval -q -j 3 --task a.jsonl --marks three "$DATA/backbone5m" > row3
	cmp one three
	cmp row1 row3
	fl-eval -q --task b.jsonl --marks tac "$DATA/backbone5m" > row
	run -0 jq -n --slurpfile a one --slurpfile b tac \
		'[$a, ($b | reverse)] | transpose | map(map(.nats) | transpose[] | (.[0] - .[1]) | fabs) | max < 1e-4'
	assert_output true
	cut -f 2-6 row1 | tail -1 | cmp - <(cut -f 2-6 row | tail -1)
}

@test "examples that all questions share are computed once, and change nothing" {
	need jq
	need_data stories260K
	# Each question alone has nothing to share; the examples are others in one of eight cases.
	split -l 1 -d "$FIXTURES/tasks/shots.jsonl" part
	fl-eval -q --task "$FIXTURES/tasks/shots.jsonl" --shots 2 --shots-file "$FIXTURES/tasks/choice.jsonl" \
		--marks all "$DATA/stories260K" > row
	for part in part*; do
		fl-eval -q --task $part --shots 2 --shots-file "$FIXTURES/tasks/choice.jsonl" --marks m "$DATA/stories260K" > row1
		cat m >> each
	done
	run -4 bash -c "fl-eval -q --task part00 --marks none '$DATA/stories260K' > /dev/full"
	[ ! -e none ]
	run -0 compare_marks all each
	assert_output $'8\t0\t0\t0\ttrue'
}

@test "loss and tasks come in one row, examples are never the question itself" {
	need_data backbone5m
	cp "$FIXTURES/tasks/shots.jsonl" t.jsonl
	printf '\1\0\0\0\2\0\0\0\3\0\0\0' > tokens
	run -0 fl-eval -q -t tokens --task t.jsonl --shots 7 "$DATA/backbone5m"
	assert_line --index 0 --regexp $'^arch\tloss_nats\t.*\ttokens\tt_acc\t.*\tt_questions\tt_shots$'
	one_line_error 3 fl-eval -q --task t.jsonl --shots 8 "$DATA/backbone5m"
	[[ $stderr = *"'t.jsonl'"*"--shots 8: there are 7 other questions to be examples" ]]
}

@test "questions longer than the model's context are counted, what cannot be cut is refused" {
	need_data backbone5m
	jq -c -n '{context: ("a " * 400), choices: ["b", "c"], gold: 0}, {context: "a", choices: ["b", "c"], gold: 0}' > t.jsonl
	run --separate-stderr -0 fl-eval --task t.jsonl "$DATA/backbone5m"
	[[ $stderr = "fl-eval: 't.jsonl': 1 of 2 questions are longer"* ]]
	jq -c -n '{context: "a", choices: ["b", ("c " * 400)], gold: 0}' > t.jsonl
	one_line_error 3 fl-eval --task t.jsonl "$DATA/backbone5m"
	jq -c -n '{context: "a", answers: ["b"], until: ["."]}' > t.jsonl
	one_line_error 3 fl-eval --task t.jsonl "$DATA/backbone5m"
	[[ $stderr = *max_tokens*256* ]]
}

@test "what is wrong with a task is said with its line and field" {
	while IFS=$'\t' read -r say line; do
		printf '{"context": "a", "target": "b"}\n%s\n' "$line" > t.jsonl
		one_line_error 3 fl-eval --task t.jsonl "$MODEL"
		[[ $stderr = "fl-eval: 't.jsonl', line 2: "*"$say"* ]] || fail "$line: $stderr"
	done <<-'END'
		JSON	{"context": "a"
		object	[1]
		JSON	
		choices	{"context": "a"}
		until	{"context": "a", "target": "b", "until": ["c"]}
		targett	{"context": "a", "target": "b", "targett": "c"}
		target	{"context": "a", "target": ""}
		target	{"context": "a", "target": 3}
		context	{"target": "b"}
		kind	{"context": "a", "choices": ["b", "c"], "gold": 0}
		delimiter	{"context": "a", "target": "b", "delimiter": null}
	END
	while IFS=$'\t' read -r say line; do
		echo "$line" > t.jsonl
		one_line_error 3 fl-eval --task t.jsonl "$MODEL"
		[[ $stderr = "fl-eval: 't.jsonl', line 1: "*"$say"* ]] || fail "$line: $stderr"
	done <<-'END'
		gold	{"context": "a", "choices": ["b", "c"], "gold": 2}
		gold	{"context": "a", "choices": ["b", "c"], "gold": "0"}
		gold	{"context": "a", "choices": ["b", "c"]}
		choices	{"context": "a", "choices": ["b"], "gold": 0}
		choices	{"context": "a", "choices": ["b", ""], "gold": 0}
		contexts	{"contexts": "a", "continuation": "b", "gold": 0}
		continuation	{"contexts": ["a", "b"], "gold": 0}
		until	{"context": "a", "answers": ["b"]}
		answers	{"context": "a", "answers": "b", "until": ["."]}
		max_tokens	{"context": "a", "answers": ["b"], "until": ["."], "max_tokens": 0}
		ignore	{"context": "a", "answers": ["b"], "until": ["."], "ignore": ["spaces"]}
	END
	: > t.jsonl
	one_line_error 3 fl-eval --task t.jsonl "$MODEL"
	one_line_error 4 fl-eval --task none.jsonl "$MODEL"
}

@test "options of tasks that do not go together are refused" {
	cp "$FIXTURES/tasks/choice.jsonl" a.jsonl
	one_line_error 2 fl-eval --shots 1 -t x "$MODEL"
	for alone in '--context 9' '--stride 9' '--skip 1' --bos '--kv f32'; do
		one_line_error 2 fl-eval $alone --task a.jsonl "$MODEL"
	done
	one_line_error 2 fl-eval -s 1 --task a.jsonl "$MODEL"
	one_line_error 2 fl-eval --shots-file a.jsonl --task a.jsonl "$MODEL"
	one_line_error 2 fl-eval --shots 1 --shots-file a.jsonl --task a.jsonl --task b.jsonl "$MODEL"
	one_line_error 2 fl-eval --task - < a.jsonl
	one_line_error 2 fl-eval --task - -t - "$MODEL" < a.jsonl
	one_line_error 2 fl-eval --task a.jsonl --task b/a.jsonl "$MODEL"
	one_line_error 2 fl-eval --task 'a b.jsonl' "$MODEL"
	one_line_error 2 fl-eval --task a.jsonl --marks - "$MODEL"
	# a model without a tokenizer reads no questions
	one_line_error 3 fl-eval --task a.jsonl "$MODEL"
}

@test "the marks of a ruined model are nan" {
	need_data stories260K
	mkdir bad
	cp "$DATA"/stories260K/*.json bad
	cat "$DATA/stories260K/model.safetensors" > bad/model.safetensors
	poison bad/model.safetensors model.norm.weight
	for task in choice target answers; do
		run -0 fl-eval -q --task "$FIXTURES/tasks/$task.jsonl" bad
		assert_line --index 1 --regexp $'\tnan\tnan\t'
	done
}

@test "the filters make tasks of the published benchmarks, and their questions are the harness's" {
	need jq
	need_data benchmarks
	task() { jq -c -f "$ROOT/pipelines/tasks/$1.jq" "$DATA/benchmarks/$2.jsonl" > "$1.jsonl"; }
	task hellaswag hellaswag_1000
	task piqa piqa
	task arc_easy arc_easy
	task arc_challenge arc_challenge
	task openbook_qa openbook_qa
	task boolq boolq
	task siqa siqa
	task winogrande winogrande
	task lambada lambada_openai
	task triviaqa triviaqa_sm_sub
	task nq_open nq_open.dev
	for t in "$ROOT"/pipelines/tasks/*.jq; do
		t=$(basename "$t" .jq)
		[ -s "$t.jsonl" ]
		# All of it is read before the model, which is none, is missed.
		one_line_error 4 fl-eval --task "$t.jsonl" none
		[[ $stderr = *"'none'"* ]]
	done
	first() { jq -r "$2" "$1.jsonl" | head -n "${3:-2}"; }
	run -0 first piqa .context
	assert_output $'Question: How do I ready a guinea pig cage for it\'s new occupants?\nAnswer:'
	run -0 first arc_easy .context
	assert_line --index 1 "Answer:"
	run -0 first boolq .context 3
	refute_output --partial Passage:
	assert_line --index 2 Answer:
	run -0 first siqa .context
	assert_output $'Q: Tracy didn\'t go home that evening and resisted Riley\'s attacks. What does Tracy need to do before this?\nA:'
	run -0 first siqa '.choices[]'
	assert_output $'make a new plan\nFind somewhere to go'
	run -0 first nq_open '.description + .context' 4
	assert_output $'Answer these questions:\n\nQ: when was the last time anyone was on the moon?\nA:'
	run -0 first triviaqa .context
	assert_output $'Question: Brunswick, Lancastrian and Pearl Pickler are types of which vegetable??\nAnswer:'
}
