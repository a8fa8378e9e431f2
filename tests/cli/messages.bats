# SPDX-License-Identifier: Apache-2.0
# A message about what is missing names the option that asks for it, and what gives it.
load helper

setup() {
	fl-init -s 1 -o base/ "$FIXTURES/tiny-qwen3.json"
	perl -e 'print pack "V*", map { ($_ * 7919) % 256 } 1 .. 1500' > tokens
}

# A command a line, and the option that needs metrics.
needs_metrics() {
	cat <<-'END'
		fl-prune -a d64-f64-f4:--score flash
		fl-prune --score static -a d32-f128-f4:--score static
		fl-prune --score obs -a d64-f64-f4:--score obs
		fl-prune -a d64-f128-f2:--layer-score flash
		fl-prune --layer-score bi -a d64-f64-f2:--layer-score bi
		fl-prune --layer-score loss -a d64-f128-f2:--layer-score loss
		fl-prune --repair --score random -a d64-f64-f4:--repair
		fl-prune --rotate -a d32-f128-f4:--rotate
		fl-attnpattern --best 3:--best
		fl-attnpattern --repair -a d64-f128-fsff:--repair
		fl-quantize --method calib:--method calib
		fl-quantize --method gptq:--method gptq
		fl-quantize --rotate:--rotate
	END
}

@test "what needs metrics names its option, and the metrics that the message says to make do" {
	fl-calibrate --context 100 -t tokens -o sums base
	fl-calibrate --static -o static base
	while IFS=: read -r command option; do
		for other in "" sums static; do
			run --separate-stderr $command ${other:+-m $other} -o out.tar base
			((status)) || { [ "$other" ]; continue; }
			assert_equal "$status" "$([ "$other" ] && echo 3 || echo 2)"
			[[ $stderr = "${command%% *}: $option needs "*"with fl-calibrate -"* ]] || fail "$command: $stderr"
			remedy=${stderr##*with fl-calibrate }
			remedy=${remedy%%, and give them with -m}
			[[ $remedy = --static ]] || remedy="${remedy%-t tokens} --context 100 -t tokens"
			fl-calibrate $remedy -o made base
			$command -m made -o out.tar base
		done
	done < <(needs_metrics)
}

@test "losses of fewer rounds than are needed are made of as many" {
	fl-calibrate --context 100 --drop-attention 1 --drop-layers 1 -t tokens -o m base
	one_line_error 3 fl-attnpattern --best 3 -m m base
	[[ $stderr = *"make metrics with fl-calibrate --drop-attention 3" ]]
	one_line_error 3 fl-prune --layer-score loss -a d64-f128-ff -m m base
	[[ $stderr = *"make metrics with fl-calibrate --drop-layers 2" ]]
}

@test "a column that is not there is named with the option that asks for it" {
	printf 'arch\tloss_nats\nd64-f32-ff\t3\n' > loss.tsv
	printf 'arch\tloss_nats\tttft_8_s\nd64-f32-ff\t3\t1\n' > both.tsv
	printf '%s\n' 'layers 2..3' 'width 64' 'ffn 32..64' 'letters f s' > space
	for command in fl-pareto 'fl-suggest --space space'; do
		for option in --max --min --ref; do
			[[ $command$option != fl-pareto--ref ]] || option="--hypervolume $option"
			one_line_error 2 $command $option foo=3 both.tsv
			[[ $stderr = *": --${option##*--}: the table has no column 'foo'" ]] || fail "$stderr"
		done
		one_line_error 2 $command --objectives loss_nats,foo both.tsv
		[[ $stderr = *": --objectives: the table has no column 'foo'" ]]
	done
	one_line_error 3 fl-pareto loss.tsv
	[[ $stderr = *": --objectives: the table has no ttft column to compare by; name two columns" ]]
	one_line_error 3 fl-suggest --space space --refine loss.tsv
	[[ $stderr = *": --objectives: the table has no ttft column; name one" ]]
	one_line_error 3 fl-predict loss.tsv < /dev/null
	[[ $stderr = *": --column: the table has no ttft column; name one" ]]
}

@test "what needs a tokenizer or BOS names the option that does" {
	echo '{"context": "a", "choices": ["b", "c"], "gold": 0}' > task.jsonl
	for command in 'fl-eval --task task.jsonl' 'fl-train -t tokens --documents' 'fl-train --chat task.jsonl' \
		'fl-generate --chat -p a' 'fl-eval --bos -t tokens'; do
		one_line_error 3 $command base
		option=$(grep -o -e '--[a-z]*' <<< "$command")
		[[ $stderr = *": $option: 'base'"* ]] || fail "$stderr"
	done
}
