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
fl-generate -j 1 -q -p hello -n 4 ../tiny
input=../tiny.tar fl-generate -j 1 -q -f ../tiny.txt -n 4
fl-info ../tiny
fl-info --check ../tiny.tar
input=../tiny.tar.zst fl-info --json
fl-info ../m.safetensors
fl-info ../tiny/config.json
fl-init -o out/ ../tiny/config.json
input=../tiny/config.json fl-init -z -
lines=1 fl-measure -j 1 -q --prefill 8 --repeat 1 ../tiny
lines=1 input=../tiny.tar fl-measure -j 1 -q -c - -a d32-f64-ff --prefill 8 --repeat 1
fl-pareto ../trials.tsv
input=../trials.tsv fl-pareto --hypervolume
fl-prune -j 1 -m ../m.safetensors -a d32-f64-ff -o out.tar ../tiny
input=../tiny.tar fl-prune -j 1 -a d32-f64-fff --score random -o out/
input=../tiny.tar.zst fl-prune -j 1 -m ../m.safetensors -a d32-f64-ff
fl-quantize -j 1 -o out.tar.zst ../small
input=../small.tar fl-quantize -j 1 -o out/
fl-suggest --space ../tiny.space -n 3 ../trials.tsv
input=../trials.tsv fl-suggest --space ../tiny.space -n 3
fl-tokenize -j 1 -c ../tiny -o out ../tiny.txt
input=../tiny.txt fl-tokenize -j 1 -c ../tiny.tar
fl-tokenize -j 1 -d -c ../tiny -o out ../tiny.tok'

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
	echo 'the thin man and the other' > tiny.txt
	perl -e 'print pack "V*", map { ($_ * 7919) % 262 } 1 .. 100' > tiny.tok
	fl-calibrate -t tiny.tok -o m.safetensors tiny
	printf 'arch\tloss_nats\tttft_8_s\nd64-f64-ff\t2.5\t0.1\nd32-f64-ff\t3\t0.05\n' > trials.tsv
	printf 'layers 2..3\nwidth 32..64/32\nffn 64..128/32\nletters f s\n' > tiny.space
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
