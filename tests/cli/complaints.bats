# SPDX-License-Identifier: Apache-2.0
# What people complain about who use other suites for this job, as far as no other test here is about it.
load helper

setup_file() {
	cd "$BATS_FILE_TMPDIR"
	fl-init -s 1 -o tiny/ "$FIXTURES/tiny/config.json"
	cp "$FIXTURES/tiny/tokenizer.json" tiny
	perl -e 'print pack "V*", map { ($_ * 7919) % 262 } 1 .. 300' > tiny.tok
	fl-calibrate -t tiny.tok -o metrics tiny
}

setup() {
	tiny=$BATS_FILE_TMPDIR/tiny
}

@test "a silent hang: there is progress with rate and time left, on a terminal and without -q" {
	need script
	mkfifo pipe
	fl-attnpattern -a d64-f128-fff -o in.tar "$tiny"
	for quiet in "" -q; do
		{ head -c 300000 in.tar; sleep 0.5; tail -c +300001 in.tar; } > pipe &
		script -qec "fl-attnpattern $quiet -a d64-f128-ffw -o out.tar < pipe" log < /dev/null > shown
		wait
		[ -n "$quiet" ] || grep -qE 'model.safetensors: [0-9]+/[0-9]+ MiB, [0-9.]+/s, [0-9]+:[0-9]{2} left' shown
	done
	[ ! -s shown ]
}

@test "a lost tokenizer: its files come out byte for byte" {
	printf '{ "made by" :\t"hand" }' > tokenizer_config.json
	cp -R "$tiny" in
	cp tokenizer_config.json in
	fl-prune -m "$BATS_FILE_TMPDIR/metrics" -a d32-f64-ff in | fl-attnpattern -a d32-f64-fw |
		fl-quantize -o out/
	cmp in/tokenizer.json out/tokenizer.json
	cmp in/tokenizer_config.json out/tokenizer_config.json
}

@test "a tensor that no one knows is refused by name by every tool, not dropped" {
	cp -R "$tiny" strange
	jq '.num_hidden_layers = 2' "$tiny/config.json" > strange/config.json
	for tool in "fl-attnpattern -a d64-f128-fs" "fl-calibrate -t $BATS_FILE_TMPDIR/tiny.tok" \
		"fl-eval -t $BATS_FILE_TMPDIR/tiny.tok" "fl-export --to gguf" "fl-generate -p hello -n 4" fl-info \
		"fl-measure --prefill 8" "fl-prune -a d32-f64-ff --score random --layer-score random" fl-quantize; do
		one_line_error 3 $tool strange
		[[ $stderr = *"'model.layers.2."*"does not belong to this model" ]]
	done
}

@test "garbage without a warning: with -v fl-prune says how much of the energy stays" {
	fl-prune -v -m "$BATS_FILE_TMPDIR/metrics" -a d32-f64-ff -o out.tar "$tiny" 2> said
	grep -q 'layer [0-9]: 64 of 128 channels hold [0-9.]* % of the energy' said
	grep -q '32 of 64 dimensions hold [0-9.]* % of the energy' said
}

@test "a rerun has no side effects: the same command gives the same bytes, over what it gave before" {
	for path in out.tar out/; do
		fl-quantize -o $path "$tiny"
		cp -R ${path%/} before
		fl-quantize -o $path "$tiny"
		diff -r ${path%/} before
		rm -r before
	done
}

@test "a silly default: the context is 2048 at most, whatever the model could" {
	jq '.max_position_embeddings = 131072' "$FIXTURES/tiny/config.json" > config.json
	fl-init -a d32-f64-f -o long/ config.json
	perl -e 'print pack "V*", map { ($_ * 7919) % 262 } 1 .. 3000' > long.tok
	fl-calibrate -t long.tok -o metrics long
	[ "$(fl-info --json metrics | jq .context)" = 2048 ]
}
