# SPDX-License-Identifier: Apache-2.0
# A dead upstream must never look like a short checkpoint: whatever the place where a stream ends
# early, every tool that reads one exits with 3, says so in one line, and leaves nothing behind.
# tests/unit/checkpoint.c cuts a small archive at every byte; here the tools are held to it.
load helper

# Sets args to a command line of tool $1 that reads the model from standard input. Not 0: it reads no
# stream.
# One thread: there are hundreds of runs, and threads that wait for one another get in their way.
reading() {
	case $1 in
	fl-attnpattern) args=(-a d64-f128-fsw -o out.tar) ;;
	fl-calibrate) args=(-j 1 -t ../tiny.tok -o out.safetensors) ;;
	fl-eval) args=(-j 1 -t ../tiny.tok) ;;
	fl-export) args=(--to gguf -o out.gguf) ;;
	fl-generate) args=(-j 1 -p hello -n 4) ;;
	fl-info) args=(--check) ;;
	fl-measure) args=(-j 1 --prefill 8 --decode 8 --repeat 1) ;;
	fl-prune) args=(-j 1 -a d32-f64-ff --score random --layer-score random -o out/) ;;
	fl-quantize) args=(-j 1 -o out.tar.zst) ;;
	fl-tokenize) args=(-j 1 -c - ../tiny.txt) ;;
	fl-train) args=(-j 1 -t ../tiny.tok --steps 1 --batch 1 --context 16 -o out.tar) ;;
	fl-import | fl-init | fl-pareto | fl-predict | fl-suggest) return 1 ;;
	*) fail "$1 has no line in reading()" ;;
	esac
}

# A model whose stream has a member of every kind. GNU tar says where they lie: every boundary of a
# member's header, data and padding becomes a cut, and within the weights the boundaries of the length,
# the header and the tensors.
setup_file() {
	cd "$BATS_FILE_TMPDIR"
	fl-init -s 1 -o tiny/ "$FIXTURES/tiny/config.json"
	cp "$FIXTURES/tiny/tokenizer.json" tiny
	fl-attnpattern -a d64-f128-ffw -o base.tar tiny
	fl-attnpattern -a d64-f128-ffw -o base.tar.zst tiny
	tar tvRf base.tar | awk '
		{ at = 512 * $2; print at; print at + 512 }
		/:  *-/ { print at + 512 + $5 }' > places
	at=$((512 * $(tar tvRf base.tar | awk '/model.safetensors$/ { print $2 + 0 }') + 520))
	header=$(tail -c +$((at - 7)) base.tar | od -An -tu8 -N8)
	tail -c +$((at + 1)) base.tar | head -c $((header)) |
		jq --argjson at $((at + header)) '.[].data_offsets | arrays | $at + .[]' >> places
	echo $at >> places
	echo 'the thin man and the other' > tiny.txt
	perl -e 'print pack "V*", map { ($_ * 7919) % 262 } 1 .. 100' > tiny.tok
}

# fails_cut TOOL STREAM BYTES
fails_cut() {
	local rc=0 left said
	head -c "$3" "../$2" | "$1" "${args[@]}" > ../stdout 2> ../stderr || rc=$?
	left=(*)
	mapfile -t said < ../stderr
	[ $rc = 3 ] && [ ${#left[@]} = 0 ] && [ ! -s ../stdout ] && [ ${#said[@]} = 1 ] ||
		fail "$1, $2 cut to $3 bytes: exit $rc, left '${left[*]}', said: ${said[*]}"
}

# Cuts at all places, and at 200 random ones, half of them of the compressed stream.
cut_everywhere() {
	local size zsize place i
	size=$(stat -c %s ../base.tar)
	zsize=$(stat -c %s ../base.tar.zst)
	for place in $(sort -nu ../places); do
		fails_cut "$1" base.tar "$place"
	done
	RANDOM=1
	for ((i = 0; i < 100; i++)); do
		fails_cut "$1" base.tar $(((RANDOM * 32768 + RANDOM) % size))
		fails_cut "$1" base.tar.zst $(((RANDOM * 32768 + RANDOM) % zsize))
	done
}

@test "a stream cut anywhere makes every reading tool exit with 3 and leave nothing behind" {
	local f tool args left
	shopt -s nullglob dotglob
	cd "$BATS_FILE_TMPDIR"
	mkdir work
	cd work
	for f in "$ROOT"/tools/fl-*.c; do
		tool=$(basename "$f" .c)
		reading "$tool" || continue
		"$tool" "${args[@]}" < <(cat ../base.tar) > ../stdout	# whole, it makes something
		left=(*)
		[ -s ../stdout ] || [ ${#left[@]} = 1 ] || [ "$tool" = fl-info ]
		rm -rf ./*
		cut_everywhere "$tool"
	done
}

@test "a pipeline whose first tool dies ends with its error and no output" {
	cd "$BATS_FILE_TMPDIR"
	run --separate-stderr -3 bash -o pipefail -c \
		'head -c 300000 base.tar | fl-attnpattern -a d64-f128-fss | fl-quantize -o out.tar'
	[[ $stderr = *"fl-attnpattern: 'standard input' ends early"* ]]
	[[ $stderr = *"fl-quantize: 'standard input' "* ]]
	[ ! -e out.tar ]
}

@test "a killed tool leaves nothing behind" {
	mkdir work
	cd work
	mkfifo ../pipe
	for out in out.tar out.tar.zst out/; do
		fl-attnpattern -a d64-f128-fsw -o $out < ../pipe &
		exec 4> ../pipe
		head -c 300000 "$BATS_FILE_TMPDIR/base.tar" >&4
		for ((i = 0; i < 100 && $(ls -A | wc -l) == 0; i++)); do sleep 0.02; done
		[ "$(ls -A | wc -l)" = 1 ]
		kill $!
		wait $! || true # not by run, of whose shell it is no child
		exec 4>&-
		[ "$(ls -A | wc -l)" = 0 ]
	done
}
