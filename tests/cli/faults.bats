# SPDX-License-Identifier: Apache-2.0
# What the tools do when the system refuses: each call that they make fails once, tests/inject.sh; disks
# are full, directories read-only or gone, readers and terminals go away, two write the same output.
load helper

# What inject.sh runs, in a directory beside these files: each tool with each of its ways in and out.
commands='
fl-attnpattern -a d64-f128-fsw -o out.tar ../tiny
fl-attnpattern -a d64-f128-fsw -o out/ ../tiny.tar
old=../old fl-attnpattern -a d64-f128-fsw -o out/ ../tiny.tar
old=../old fl-attnpattern -a d64-f128-fsw -o out.tar.zst ../tiny.tar.zst
input=../tiny.tar.zst fl-attnpattern -a d64-f128-fsw -z
fl-calibrate -j 1 -t ../tiny.tok -o out ../tiny
input=../tiny.tok fl-calibrate -j 1 -t - ../tiny.tar
fl-calibrate --merge ../m.safetensors ../m.safetensors
fl-calibrate -j 1 --static -o out ../tiny.tar.zst
fl-eval -j 1 -t ../tiny.tok ../tiny
input=../tiny.tar fl-eval -j 1 -t ../tiny.tok --json
fl-eval -j 1 -t ../tiny.tok --logits out ../tiny
fl-export -j 1 --to gguf -o out.gguf ../tiny
input=../tiny.tar fl-export -j 1 --to gguf --type q4_0
fl-export -j 1 -q --to hf -o out/ ../int4.tar
fl-export -j 1 -q --to executorch -o out/ ../int4.tar
fl-export -j 1 -q --to onnx -o out/ ../int4.tar
fl-generate -j 1 -q -p hello -n 4 ../tiny
input=../tiny.tar fl-generate -j 1 -q -f ../tiny.txt -n 4
fl-import -j 1 -o out/ ../tiny.gguf
input=../tiny.gguf fl-import -j 1 -z
fl-import -j 1 --tokenizer -o out.tar ../tiny.gguf
fl-info ../tiny
fl-info --check ../tiny.tar
input=../tiny.tar.zst fl-info --json
fl-info ../m.safetensors
fl-info ../tiny/config.json
fl-init -o out/ ../tiny/config.json
input=../tiny/config.json fl-init -z -
lines=1 fl-measure -j 1 -q --prefill 8 --repeat 1 ../tiny
lines=1 input=../tiny.tar fl-measure -j 1 -q -c - -a d32-f64-ff --prefill 8 --repeat 1
lines=1 fl-measure -j 1 -q --runtime ../runner --prefill 8 ../tiny
fl-pareto ../trials.tsv
input=../trials.tsv fl-pareto --hypervolume
fl-pareto --trace --confidence 0.9 ../trials.tsv
fl-predict --agree loss_nats,ttft_8_s ../trials.tsv
input=../trials.tsv fl-predict --json --agree loss_nats,ttft_8_s
fl-prune -j 1 -m ../moments.safetensors -a d32-f64-ff -o out.tar ../tiny
input=../tiny.tar fl-prune -j 1 -a d32-f64-fff --score random -o out/
input=../tiny.tar.zst fl-prune -j 1 -m ../moments.safetensors --score flash -a d32-f64-ff
fl-quantize -j 1 -o out.tar.zst ../small
input=../small.tar fl-quantize -j 1 -o out/
fl-suggest --space ../tiny.space --batch 3 ../trials.tsv
fl-suggest --space ../tiny.space --batch 3 --initial 1 --latency ../trials.tsv ../trials.tsv
fl-suggest --space ../tiny.space --batch 3 --initial 1 --refine ../trials.tsv
input=../trials.tsv fl-suggest --space ../tiny.space --batch 3
fl-tokenize -j 1 -c ../tiny -o out ../tiny.txt
input=../tiny.txt fl-tokenize -j 1 -c ../tiny.tar
fl-tokenize -j 1 -d -c ../tiny -o out ../tiny.tok
fl-train -j 1 -q -t ../tiny.tok --steps 1 --batch 1 --context 16 -o out.tar ../tiny
input=../tiny.tar fl-train -j 1 -t ../tiny.tok --steps 1 --batch 1 --context 16 --teacher ../tiny
fl-train -j 1 --ask -t ../tiny.tok --steps 1 --batch 1 --context 16 -o out ../tiny'

setup_file() {
	cd "$BATS_FILE_TMPDIR"
	cp "$FIXTURES"/tiny/config.json .
	fl-init -s 1 -o tiny/ config.json
	fl-init -s 1 -a d32-f64-f -o small/ config.json
	cp "$FIXTURES"/tiny/tokenizer.json tiny
	fl-attnpattern -a d64-f128-fff -o tiny.tar tiny
	fl-attnpattern -a d64-f128-fff -o tiny.tar.zst tiny
	fl-attnpattern -a d32-f64-f -o small.tar small
	fl-attnpattern -a d64-f128-fsf tiny | fl-quantize -q -o int4.tar
	fl-export --to gguf -o tiny.gguf tiny
	echo 'the thin man and the other' > tiny.txt
	perl -e 'print pack "V*", map { ($_ * 7919) % 262 } 1 .. 100' > tiny.tok
	fl-calibrate -t tiny.tok -o m.safetensors tiny
	fl-calibrate --moments -t tiny.tok -o moments.safetensors tiny
	printf 'arch\tloss_nats\tttft_8_s\nd64-f64-ff\t2.5\t0.1\nd32-f64-ff\t3\t0.05\n' > trials.tsv
	printf 'layers 2..3\nwidth 32..64/32\nffn 64..128/32\nletters f s\n' > tiny.space
	echo 'case $1 in prepare) mkdir "$3"; exit ;; esac; echo "{ \"ttft_8_s\": 1 }"' > runner
	mkdir old
	fl-attnpattern -a d64-f128-fww -o old/out/ tiny
	echo old > old/out.tar.zst
}

@test "whatever call fails, every tool exits with 4, says why in one line and leaves nothing behind" {
	local f tool line faults refused all=0 n r
	cd "$BATS_FILE_TMPDIR"
	mkdir work
	cd work
	for f in "$ROOT"/tools/fl-*.c; do
		tool=$(basename "$f" .c) faults=0 refused=0
		while read -r line; do
			read -r n r < <("$ROOT/tests/inject.sh" $line) || fail "$line"
			faults=$((faults + n)) refused=$((refused + r)) all=$((all + n))
		done < <(grep -w "$tool" <<<"$commands")
		[ $faults -gt 0 ] || fail "$tool has no line in commands"
		echo "# $tool: $faults faults injected, $refused refused, $((faults - refused)) harmless" >&3
	done
	echo "# $all faults injected" >&3
}

@test "whatever call fails while gnuplot draws, fl-pareto exits with 4 and leaves nothing behind" {
	need gnuplot
	mkdir work
	cd work
	run -0 "$ROOT/tests/inject.sh" fl-pareto --plot out.svg "$BATS_FILE_TMPDIR/trials.tsv"
	echo "# fl-pareto: ${output% *} faults injected, ${output#* } refused" >&3
}

# The tests below run in the directory of the files above; what they write goes to out/.
setup() {
	cd "$BATS_FILE_TMPDIR"
	rm -rf out work
	mkdir out
	pattern=(fl-attnpattern -a d64-f128-fsw)
	half=200000
}

# Starts a command, $pid, and gives it half of tiny.tar; returns when it has begun an output in out/.
# end() gives it the rest, waits, and has its status.
begin() {
	local i left
	rm -f pipe
	mkfifo pipe
	env --default-signal "$@" < pipe 3>&- 6>&- &
	pid=$!
	exec 6> pipe
	head -c $half tiny.tar >&6
	for ((i = 0; i < 3000; i++)); do
		left=(out/.fl-*)
		[ ! -e "${left[0]}" ] || return 0
		sleep 0.01
	done
	fail "no output was begun"
}

end() {
	tail -c +$((half + 1)) tiny.tar >&6
	exec 6>&-
	wait "$pid"
}

what_is() {
	fl-info --check "$1" && fl-info --json "$1" | jq -c '[.arch, .digest]'
}

@test "an output beyond the limit of a file's size is exit 4, or the signal's, and leaves nothing" {
	local path
	for path in out/a.tar out/a.tar.zst out/a/; do
		run --separate-stderr -4 bash -c "trap '' XFSZ; ulimit -f 64; exec ${pattern[*]} -o $path tiny"
		assert_equal "$stderr" "fl-attnpattern: cannot write '${path/a\//a/model.safetensors}': File too large"
		run -153 bash -c "ulimit -c 0 -f 64; exec ${pattern[*]} -o $path tiny"
		assert_equal "$(ls -A out)" ""
	done
}

@test "a full disk is exit 4 and leaves nothing" {
	local path
	unshare -rm mount -t tmpfs -o size=64k none out 2> /dev/null || skip "needs leave to mount"
	for path in out/a.tar out/a.tar.zst out/a/; do
		run --separate-stderr -4 unshare -rm bash -c "mount -t tmpfs -o size=64k none out
			${pattern[*]} -o $path tiny
			rc=\$?
			ls -A out
			exit \$rc"
		assert_equal "$output" ""
		[[ $stderr = "fl-attnpattern: cannot write '$path"*"': No space left on device" ]]
	done
}

@test "where nothing can be created is exit 4" {
	for path in /sys/out.tar /sys/out/; do
		one_line_error 4 "${pattern[@]}" -o $path tiny
		[[ $stderr = "fl-attnpattern: cannot write '$path': "* ]]
	done
	TMPDIR=nowhere one_line_error 4 fl-quantize -o out/a.tar tiny
	[[ $stderr = *"in 'nowhere': No such file or directory" ]]
	assert_equal "$(ls -A out)" ""
}

@test "a closed standard input or output is exit 4, and none of the three is taken for a file" {
	run --separate-stderr -4 bash -c "${pattern[*]} <&-"
	assert_equal "$stderr" "fl-attnpattern: cannot read 'standard input': Bad file descriptor"
	run --separate-stderr -4 bash -c "${pattern[*]} tiny >&-"
	assert_equal "$stderr" "fl-attnpattern: cannot write to standard output: Bad file descriptor"
	run --separate-stderr -4 bash -c "fl-info tiny >&-"
	assert_equal "$stderr" "fl-info: cannot write standard output: Bad file descriptor"
	"${pattern[@]}" -o out/expected tiny
	bash -c "${pattern[*]} -o out/a tiny <&- >&- 2>&-"
	cmp out/a out/expected
	run -3 bash -c "head -c 100000 tiny.tar | ${pattern[*]} -o out/b 2>&-"
	[ ! -e out/b ]
}

@test "a reader that goes away ends a tool as it ends cat" {
	mkfifo pipe
	for tool in "${pattern[*]} tiny" "${pattern[*]} -z tiny" "fl-info tiny" "fl-export --to gguf tiny"; do
		exec 5<> pipe 6> pipe 5<&-
		run --separate-stderr -141 bash -c "env --default-signal=PIPE $tool >&6"
		assert_equal "$stderr" ""
	done
}

@test "a signal in the middle ends a tool by that signal, and nothing is left" {
	local tool path signal
	for tool in 'fl-attnpattern -a d64-f128-fsw' 'fl-prune -a d32-f64-ff --score random --layer-score random' \
		fl-quantize; do
		for path in out/a.tar out/a.tar.zst out/a/; do
			for signal in HUP INT TERM; do
				begin $tool -o $path
				kill -$signal "$pid"
				exec 6>&-
				status=0
				wait "$pid" || status=$?
				assert_equal "$status" $((128 + $(kill -l $signal)))
				assert_equal "$(ls -A out)" ""
			done
		done
	done
}

@test "two runs into one output both succeed, and what the later one wrote is there, whole" {
	local path
	fl-attnpattern -a d64-f128-fsw -o one.tar tiny
	for path in out/a.tar out/a/; do
		begin fl-attnpattern -a d64-f128-fsw -o $path
		fl-attnpattern -a d64-f128-fww -o $path tiny
		end
		assert_equal "$(what_is $path)" "$(what_is one.tar)"
		rm -r $path
		assert_equal "$(ls -A out)" ""
	done
}

@test "runs into one output at the same moment all succeed" {
	local path i
	for path in out/a.tar out/a/; do
		for i in {1..10}; do
			fl-attnpattern -a d64-f128-fsw -o $path tiny & a=$!
			fl-attnpattern -a d64-f128-fsw -o $path tiny & b=$!
			fl-attnpattern -a d64-f128-fsw -o $path tiny
			wait $a
			wait $b
			fl-info --check $path
		done
		assert_equal "$(ls -A out)" "$(basename $path)"
		rm -r $path
	done
}

@test "an output may be the input" {
	local path
	fl-attnpattern -a d64-f128-fsw -o one.tar tiny
	for path in tiny.tar tiny.tar.zst tiny/; do
		cp -R ${path%/} out
		fl-attnpattern -a d64-f128-fsw -o out/$path out/$path
		assert_equal "$(what_is out/$path)" "$(what_is one.tar)"
	done
	assert_equal "$(ls -A out)" "$(printf 'tiny\ntiny.tar\ntiny.tar.zst')"
}

@test "a directory that is removed while an output is written there is exit 4" {
	local path
	for path in out/a.tar out/a/; do
		begin fl-attnpattern -a d64-f128-fsw -o $path 2> stderr
		until rm -rf out 2> /dev/null; do :; done # it may be adding files meanwhile
		status=0
		end || status=$?
		assert_equal "$status" 4
		[[ $(<stderr) = "fl-attnpattern: cannot write '$path"*"': No such file or directory" ]]
		mkdir out
	done
}

@test "a directory is replaced on a file system that cannot exchange two names, too" {
	local letters
	for letters in fsw fww; do
		FL_INJECT=renameat2:1:EINVAL LD_PRELOAD=$B/test/inject.so \
			fl-attnpattern -a d64-f128-$letters -o out/a/ tiny
		assert_equal "$(fl-info --json out/a | jq -r .arch)" d64-f128-$letters
		assert_equal "$(ls -A out)" a
	done
}
