# SPDX-License-Identifier: Apache-2.0
# The search on a random model, its latency computed from the architecture, so that everything it leaves
# can be compared byte by byte.
load ../cli/helper

setup() {
	need jq gnuplot
	fl-init -q -s 1 -o base/ "$FIXTURES/tiny/config.json"
	cp "$FIXTURES/tiny/tokenizer.json" base/
	documents 300 > text.txt
	cat > measure <<-'EOF'
	#!/bin/bash
	# 1 microsecond for each unit of width and FFN in each layer, half as much where attention is not full
	arch=$(fl-info --json "$1" | jq -r .arch)
	echo "$arch" >> measured
	printf 'arch\tttft_1024_s\n'
	awk -F- -v a="$arch" 'BEGIN { split(a, p, "-"); w = substr(p[1], 2); f = substr(p[2], 2)
		full = gsub("f", "f", p[3]); l = length(p[3])
		printf "%s\t%.6f\n", a, (w + f) * (full + l) / 2 * 1e-6 }'
	EOF
	chmod +x measure
}

search() {
	make -s -f "$ROOT/pipelines/search.mk" BASE=base TEXT=text.txt OUT=run TRIALS=13 BATCH=4 SEPARATOR='<|end|>' \
		LATENCY_SAMPLES=5 MEASURE=./measure PROMPT=number "$@"
}

# Everything that a search leaves but the lock and what it was asked.
results() {
	(cd "${1:-run}" && find . -type f ! -name lock ! -path './asked/*' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum)
}

@test "a search leaves trials, a frontier, plots, and a winner that speaks and is exported" {
	run -0 search
	[ "$(wc -l < run/trials.tsv)" = 15 ] # the header, BASE, thirteen trials, the last as models of the others suggest
	[ "$(cut -f 1 run/trials.tsv | sort -u | wc -l)" = 15 ]
	cmp <(tail -n +2 run/trials.tsv | cut -f 1) <(cat run/round/{0..4}/archs) # in the order of their trial
	[ "$(wc -l < run/latency.tsv)" = 6 ]
	[ "$(cut -f 1 run/latency.tsv | sort -u | wc -l)" = 6 ]
	[ "$(find run/sample -name '*.tar')" = "" ]
	[ "$(head -c 4 run/winner.gguf)" = GGUF ]
	[ -s run/front.svg ] && [ -s run/front.png ] && [ -s run/winner.txt ]
	[ "$(grep -c '^d[0-9]*-f[0-9]*-.* loss .* ttft_1024_s' <<< "$output")" -ge 14 ]
	# Under six tenths of BASE's time, and the best such
	base=$(awk '$1 == "d64-f128-fff" { print 0.6 * $NF }' run/trials.tsv)
	[ "$(fl-pareto --max ttft_1024_s="$base" --best run/trials.tsv | sed -n '2s/\t.*//p')" = "$(cat run/winner)" ]
}

@test "a second run does nothing" {
	search > /dev/null
	results > before
	find run -type f -printf '%p %T@\n' | grep -v lock | sort > times
	cp measured measured.before
	run -0 search
	refute_output --partial " loss "$'\n'
	results | cmp - before
	find run -type f -printf '%p %T@\n' | grep -v lock | sort | cmp - times
	cmp measured measured.before
}

now() {
	date +%s%3N
}

# Until it has killed KILLS runs (4), each at a moment drawn evenly from the time that a whole run takes, with
# everything that make had started. A run that ends before its moment is compared, and the next begins anew.
# KILL_SEED repeats the draws.
@test "killed at any moment and run again, it leaves the same files and no others, also under -j" {
	local kills=${KILLS:-4} killed=0 searches=1 began took at pid status
	RANDOM=${KILL_SEED:=$RANDOM}
	echo "# KILL_SEED=$KILL_SEED" >&3
	began=$(now)
	search -j2 > /dev/null
	took=$(($(now) - began))
	mv run expected
	while ((killed < kills)); do
		[ -e run ] || began=$(now)
		setsid bash -c "$(declare -f search); search -j2" > said 2>&1 3>&- &
		pid=$!
		at=$((took * RANDOM / 32768))
		sleep "$((at / 1000)).$(printf %03d $((at % 1000)))"
		kill -KILL -- -$pid 2> /dev/null || true
		wait $pid && status=0 || status=$?
		if ((status == 137)); then
			killed=$((killed + 1))
			began=
			continue
		fi
		((status == 0)) || fail "status $status: $(tail said)"
		[ -z "$began" ] || took=$(($(now) - began))
		diff -r expected run
		rm -r run
		searches=$((searches + 1))
	done
	search -j2 > /dev/null
	diff -r expected run
	echo "# $killed kills in $searches searches of $took ms" >&3
}

@test "a search measures in another runtime, quantized or not" {
	mkdir tmp
	export TMPDIR=$PWD/tmp
	cat > runner <<-'END'
	[ "$1" = run ] || { fl-info --json "$2" | grep -c int4 > bits; mkdir "$3"; fl-export --to gguf -o "$3/model.gguf" "$2"; exit; }
	echo "{ \"ttft_1024_s\": $(wc -c < model.gguf)e-6, \"runtime\": \"mine\" }"
	END
	search=(make -s -f "$ROOT/pipelines/search.mk" BASE=base TEXT=text.txt OUT=run TRIALS=2 SEPARATOR='<|end|>' LATENCY_SAMPLES=2
		RUNTIME=./runner VIA='sh -c' THREADS=1 PREFILL=1024)
	run -0 "${search[@]}"
	[ "$(awk -F '\t' 'NR > 1 { print $(NF - 0) }' run/latency.tsv | sort -u | wc -l)" = 1 ]
	grep -qF mine run/trials.tsv
	cp run/latency.tsv int4.tsv
	run -0 "${search[@]}" QUANTIZE=0
	# Without it the file is larger, and so is the time that is made of its size.
	paste int4.tsv run/latency.tsv | awk -F '\t' 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "ttft_1024_s") at[++n] = i; next }
		$at[2] < 1.5 * $at[1] { print }' > wrong
	[ ! -s wrong ]
}

@test "calibration and judging take so many tokens, and 4 bits are judged too, or searched for" {
	run -0 search TRIALS=1 CALIB_TOKENS=1024 HELD_TOKENS=1100
	assert_equal "$(stat -c %s run/held.tok)" 4400
	assert_equal "$(fl-info --json run/metrics.safetensors | jq .tokens)" 1024
	for c in run/cand/*; do
		fl-eval -t run/held.tok "$c/shipped.tar" | awk 'NR == 2 { print $2 }' | grep -qx "$(awk 'NR == 2 { print $2 }' "$c/eval4.tsv")"
		tar xOf "$c/shipped.tar" fl-history.jsonl | jq -s '.[-1].kept.method' | grep -qx '"calib"'
	done
	head -n 1 run/trials.tsv | grep -q loss4_nats
	run -0 search TRIALS=1 LOSS=loss4_nats
	run -2 search LOSS=loss5
	run -2 search LOSS=loss4_nats QUANTIZE=0
	for few in HELD_TOKENS=10 CALIB_TOKENS=x; do
		run -2 search $few
		assert_output --partial "is no number of tokens, 1024 or more"
	done
}

@test "candidates that are no better than a guess are named, and none of them wins" {
	need_data backbone5m corpora/tinystories.txt
	head -c 60000 "$DATA/corpora/tinystories.txt" > text.txt
	printf '%s\n' 'layers 1' 'width 32' 'ffn 32' 'letters f' > space.txt
	run -0 search BASE="$DATA/backbone5m" SPACE=space.txt REPAIR=0 TRIALS=1 LATENCY_SAMPLES=0
	assert_output --partial "search: d32-f32-f is no better than a uniform guess, whose loss is 8.3178 nats; a milder SPACE, CPT_STEPS=200, REPAIR=1 would help"
	assert_output --partial "is better than a guess: the fastest one is taken"
	assert_equal "$(cat run/winner)" d192-f768-ffffffff
}

@test "candidates are mended in closed form, or not where that is asked for" {
	mended() {
		for c in run/cand/*/model.tar; do tar xOf "$c" fl-history.jsonl | jq -r 'select(.tool == "fl-prune").kept.by | if . then .repaired | join(" ") else "whole" end'; done | sort -u
	}
	printf '%s\n' 'layers 2' 'width 32' 'ffn 64..128/32' 'letters f w s' > space.txt
	run -0 search TRIALS=4 SPACE=space.txt REPAIR=0
	assert_equal "$(mended)" $'\nwhole'
	run -0 search TRIALS=4 SPACE=space.txt
	assert_equal "$(ls run/cand/*/model.tar | wc -l)" 5
	mended | grep -qx 'layers width ffn'
	assert_equal "$(mended | grep -vx 'layers width ffn' | grep -vx 'layers width')" whole
	touch stamp
	run -0 search TRIALS=4 SPACE=space.txt
	assert_equal "$(find run -newer stamp -name '*.t*')" ""
}

@test "the space that is made of BASE is one whatever its sizes, and milder where nothing is trained" {
	least() { awk '$1 == "width" { split($2, n, "[.]+"); print n[1] }' "$1"; }
	for sizes in "576 1536 30" "1152 6912 26" "1600 6400 48" "64 172 5" "2048 8192 16" "896 4864 24" "960 2560 32"; do
		read -r width ffn layers <<< "$sizes"
		jq "del(.layer_types) | .hidden_size = $width | .intermediate_size = $ffn | .num_hidden_layers = $layers" \
			base/config.json > config.json
		for steps in 0 100; do
			run -0 make -s -f "$ROOT/pipelines/search.mk" BASE=config.json TEXT=text.txt OUT=run CPT_STEPS=$steps run/space
			run -0 fl-suggest --space run/space --batch 4 < /dev/null
			cp run/space space.$steps
		done
		(($(least space.0) >= width / 2 && $(least space.0) >= $(least space.100)))
		grep -qx "max-skip $(((layers + 7) / 8))" space.0
		run ! grep max-skip space.100
	done
}

@test "the first stage says how well the time is predicted, and can be left out" {
	run -0 search LATENCY_SAMPLES=24 TRIALS=2
	[ "$(wc -l < run/latency.tsv)" = 25 ]
	assert_output --partial "How well ttft_1024_s is predicted, by cross-validation:"
	assert_output --regexp $'\ngp +'
	assert_equal "$(cut -f 1 run/crossval.tsv | paste -sd ' ')" "model gp linear"
	run -0 search LATENCY_SAMPLES=0 TRIALS=2 OUT=other
	refute_output --partial cross-validation
	[ "$(wc -l < other/trials.tsv)" = 4 ]
	[ ! -e other/latency.tsv ]
	run -2 search LATENCY_SAMPLES=-1
}

@test "a changed text rebuilds what depends on it" {
	search > /dev/null
	results > before
	sed -i 's/number/numeral/' text.txt
	search > /dev/null
	results > after
	run -1 cmp -s after before
	[ "$(wc -l < run/trials.tsv)" = 15 ]
}

# again VARIABLE=VALUE...: searches once more; the names of the results that changed are then in $changed.
again() {
	results > before
	search "$@" > /dev/null
	changed=$(results | diff before - | sed -n 's/^[<>] .*  \.\///p' | sort -u)
}

@test "more trials are the old ones and more" {
	search > /dev/null
	cp run/trials.tsv old
	cp measured measured.before
	again TRIALS=17
	[ "$(wc -l < run/trials.tsv)" = 19 ]
	[ "$(comm -13 <(sort run/trials.tsv) <(sort old) | wc -l)" = 0 ]
	[ "$(wc -l < measured)" = $(($(wc -l < measured.before) + 4)) ]
	again TRIALS=13
	cmp run/trials.tsv old
}

@test "another budget, prompt, separator, space or base counts" {
	search > /dev/null
	again BUDGET=1
	[ "$(cat run/winner)" = "$(fl-pareto --best run/trials.tsv | sed -n '2s/\t.*//p')" ]
	[[ $changed != *trials.tsv* ]]
	again BUDGET=1 PROMPT="It's 9"
	[[ $changed = *winner.txt* && $changed != *winner.gguf* ]]
	again SEPARATOR="9"
	[[ $changed = *text.tok* && $changed = *trials.tsv* ]]
	printf 'layers 3\nwidth 32..64/32\nffn 64..128/32\nletters f s\n' > space.txt
	again SPACE=space.txt
	[[ $changed = *space* && $changed = *trials.tsv* ]]
	fl-init -q -s 2 -a d64-f128-ffff -o other/ base/config.json
	cp base/tokenizer.json other/
	touch -d '2001-01-01' other/*
	again BASE=other
	[[ $changed = *metrics* && $changed = *trials.tsv* ]]
	grep -q ^d64-f128-ffff run/trials.tsv
}

@test "without a model within the budget the fastest is taken, and said so" {
	run -0 search BUDGET=0.000001
	assert_output --partial "no model within"
	[ "$(cat run/winner)" = "$(sed -n '2s/\t.*//p' run/front.tsv)" ]
}

@test "a space smaller than the trials asked for is searched whole" {
	printf 'layers 2\nwidth 32..64/32\nffn 128\nletters f\n' > space.txt
	run -0 search SPACE=space.txt
	[ "$(wc -l < run/trials.tsv)" = 4 ]
}

@test "a second search in one directory is refused by who holds it" {
	sed -i '2i sleep 2' measure
	setsid bash -c "$(declare -f search); search" > said 2>&1 3>&- &
	for i in $(seq 100); do [ -e measured ] && break; sleep 0.1; done
	run -2 search
	assert_line --index 0 --regexp "^search: 'run' is being searched by process [0-9]+$"
	kill -0 "$(sed -n 's/.*process //p' <<< "${lines[0]}")"
	kill -- -$!
	wait || true
	run -0 search TRIALS=1
}

@test "a failing measurement stops the search and leaves no row" {
	printf '#!/bin/sh\nexit 1\n' > measure
	run -2 search
	[ ! -e run/trials.tsv ]
	[ -z "$(find run/cand -name row.tsv)" ]
}

@test "that jq or gnuplot is missing is said before anything is done" {
	mkdir bin
	for t in bash make mkdir dirname nproc; do ln -s "$(command -v $t)" bin; done
	PATH=$PWD/bin run -2 search
	assert_output --partial "jq is needed and not there"
	[ ! -e run ]
}

@test "a winner that cannot be exported leaves no GGUF of the one before" {
	few=(TRIALS=1 LATENCY_SAMPLES=0)
	search "${few[@]}" > /dev/null
	[ -s run/winner.gguf ]
	mkdir bin
	printf '#!/bin/sh\nexit 1\n' > bin/fl-export
	chmod +x bin/fl-export
	touch run/winner.tar
	PATH=$PWD/bin:$PATH run -0 search "${few[@]}"
	assert_output --partial "search: there is no run/winner.gguf"
	[ ! -e run/winner.gguf ]
}

@test "that there is no GGUF of what the space has is said before anything is done" {
	fl-init -q -o qwen2/ <(jq '.model_type = "qwen2"' "$FIXTURES/tiny/config.json")
	cp base/tokenizer.json qwen2
	printf '#!/bin/sh\nexit 1\n' > measure
	for samples in 0 2; do
		run -2 search BASE=qwen2 LATENCY_SAMPLES=$samples OUT=run$samples
		assert_line --index 0 "fl-info: gguf cannot express attention biases together with sliding windows"
		assert_line --index 1 "search: a winner with layers 'fws' will have no run$samples/winner.gguf"
	done
	printf 'layers 2..3\nwidth 32..64/32\nffn 128\nletters s f # no windows\nmax-run 2\n' > space.txt
	run -2 search BASE=qwen2 SPACE=space.txt OUT=other
	refute_output --partial GGUF
	refute_output --partial gguf
	tar cf base.tar -C base .
	run -0 search BASE=base.tar OUT=tar tar/space
	assert_output ""
}

@test "a space whose sizes do not go into groups of 32 is refused before anything is done" {
	printf '%s\n' 'layers 2..3' 'width 48..96/16' 'ffn 64..192/32' 'letters f w s' > space
	run -2 search SPACE=space
	assert_output --partial "search: the sizes of 'space' are no multiples of 32, as 4-bit weights need"
	[ ! -e run/metrics.safetensors ]
	for bad in REPAIR=no REPAIR= QUANTIZE=2; do
		run -2 search "$bad"
		assert_output --partial "is neither 0 nor 1"
	done
}

@test "which of two times is searched for counts, also where they are measured by a command" {
	sed -i 's/ttft_1024_s/ttft_1024_s\\tttft_2048_s/; s/%.6f.n", a/%.6f\\t%.6f\\n", a, 3e-3 - l * 1e-4/' measure
	run -0 search TRIALS=4 PREFILL=1024,2048
	run -0 search TRIALS=4 PREFILL=2048,1024
	cp -r run again
	rm -r run
	run -0 search TRIALS=4 PREFILL=2048,1024
	cmp run/front.tsv again/front.tsv
	cmp run/winner again/winner
}

@test "what is missing is named" {
	run -2 make -s -f "$ROOT/pipelines/search.mk" TEXT=text.txt
	assert_output --partial "BASE= must name a checkpoint"
	run -2 search TEXT="two words"
	assert_output --partial "blank"
	run -2 search TEXT=none
	assert_output --partial "TEXT='none' is not there"
	for n in BATCH=0 TRIALS=x; do
		run -2 search $n
		assert_output --partial "is no number of architectures"
		[ ! -e run ]
	done
}

@test "a path in which make or the shell would take a character for something else is refused, OUT='out#1'" {
	local value
	for value in 'out#1' 'a%b' 'a:b' "a'b" 'a"b' 'a;b' 'a$$b' 'a\b' 'a*b' 'a=b' 'a(b' 'a|b' 'a&b'; do
		run -2 search OUT="$value"
		assert_output --regexp "OUT='.*' has a '.' in it, which make or the shell takes for something else"
		assert_equal "${#lines[@]}" 1
	done
	for name in BASE TEXT HELD SPACE TEACHER; do
		run -2 search "$name=a#b"
		assert_output --partial "$name='a#b' has a '#' in it"
	done
	for name in demo findings ranking repair; do
		run -2 make -s -f "$ROOT/pipelines/$name.mk" OUT='out#1'
		assert_output --partial "OUT='out#1' has a '#' in it"
	done
	assert_equal "$(ls -d a* out* 2> /dev/null)" ""
}

@test "a measurement that is of another model stops the search by name" {
	printf '#!/bin/bash\nprintf "arch\\tttft_1024_s\\nd64-f32-f\\t1\\n"\n' > measure
	run -2 search
	assert_output --regexp "search: what was measured of 'd64-[^']*' is not one row of it"
	run -2 search LATENCY_SAMPLES=0
	assert_output --partial "search: what was measured of 'd64-f128-fff' is not one row of it"
}
