# SPDX-License-Identifier: Apache-2.0
# Gradients and whole runs are compared with PyTorch's in tests/unit/train.c.
load helper

setup_file() {
	cd "$BATS_FILE_TMPDIR"
	fl-init -s 1 -o tiny/ "$FIXTURES/tiny-qwen3.json"
	cp "$FIXTURES/tiny/tokenizer.json" tiny
	perl -e 'my $x = 1; print pack "V*", map { $x = ($x * 5 + ($_ % 3)) % 64 } 1 .. 2000' > tokens
	head -c 1000 tokens > held
}

setup() {
	TINY=$BATS_FILE_TMPDIR/tiny TOKENS=$BATS_FILE_TMPDIR/tokens HELD=$BATS_FILE_TMPDIR/held
	FEW=(-t "$TOKENS" --context 32 --batch 4 --rate 3e-3)
}

# The column named $1 of the last row of table $2.
last() {
	awk -F '\t' -v name="$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) c = i } END { print $c }' "$2"
}

loss() {
	fl-eval -t "$HELD" --context 32 "$1" > loss.tsv
	last loss_nats loss.tsv
}

less() {
	awk -v a="$1" -v b="$2" 'BEGIN { exit !(a < b) }'
}

@test "training lowers the loss, and the curve says so" {
	fl-train "${FEW[@]}" --steps 60 --held "$HELD" --held-every 30 --dtype float32 --curve curve.tsv \
		-o out.tar "$TINY"
	less "$(loss out.tar)" "$(loss "$TINY")"
	[ "$(wc -l < curve.tsv)" = 61 ]
	run -0 awk -F '\t' '$6 != "" { print $1 }' curve.tsv
	assert_output $'step\n30\n60'
	assert_equal "$(printf %.4f "$(last held_nats curve.tsv)")" "$(printf %.4f "$(loss out.tar)")"
	less "$(last loss_nats curve.tsv)" "$(awk 'NR == 2 { print $3 }' curve.tsv)"
}

# KiB that fl-train -v promises for the rest of the line, and that it takes at most.
memory() {
	local pid now peak=0
	fl-train -v --steps 2 "${FEW[@]}" -o out "$@" 2> said &
	pid=$!
	while now=$(awk '$1 == "VmHWM:" { print $2 }' /proc/$pid/status 2> /dev/null) && [ "$now" ]; do
		peak=$now
	done
	wait $pid
	echo $(($(sed -n 's/.*memory: \([0-9]*\) MiB.*/\1/p' said) * 1024)) $peak
}

@test "the memory that is promised is what is taken within a tenth, with a teacher, asked beside or before" {
	[[ $B != *-san* ]] || skip "sanitizers take memory of their own"
	fl-init --dtype float32 -a d512-f1536-f6 -o student/ "$TINY"
	fl-init --dtype float32 -a d1024-f3072-f6 -o teacher/ "$TINY"
	memory "$TINY" > own
	while read -r options; do
		memory $options > got
		awk 'NR == FNR { own = $2; next } { exit !($1 > 200000 && $2 - own < 1.1 * $1 && $2 - own > 0.9 * $1) }' own got ||
			fail "$options: $(cat got), the program $(cat own)"
	done <<-END
		--teacher teacher student
		--teacher teacher --held $HELD --qat int4 student
		--ask teacher
	END
}

@test "the same bytes come out at any -j, of every form of a checkpoint, recomputed or not" {
	tar cf model.tar -C "$TINY" config.json tokenizer.json model.safetensors fl-history.jsonl
	fl-train "${FEW[@]}" --steps 4 -j 1 -o a.tar "$TINY"
	fl-train "${FEW[@]}" --steps 4 -j 3 --recompute model.tar > b.tar
	pipe "cat model.tar | fl-train ${FEW[*]} --steps 4 > c.tar"
	cmp a.tar b.tar
	cmp a.tar c.tar
}

@test "killed at any step and started again, a run ends in the same bytes" {
	fl-train "${FEW[@]}" --steps 30 --curve whole.tsv -o whole.tar "$TINY"
	for ms in 10 40 80 120; do
		timeout -s KILL "0.$(printf %03d $ms)" fl-train "${FEW[@]}" --steps 30 --state state --state-every 1 \
			--curve curve.tsv -o out.tar "$TINY" || true
	done
	fl-train "${FEW[@]}" --steps 30 --state state --state-every 1 --curve curve.tsv -o out.tar "$TINY"
	cmp whole.tar out.tar
	cmp whole.tsv curve.tsv
	fl-train -v "${FEW[@]}" --steps 30 --state state --curve curve.tsv -o again.tar "$TINY" 2> said
	cmp whole.tar again.tar
	grep -q 'taken up after step 30' said
}

@test "the state of another run is refused by name" {
	fl-train "${FEW[@]}" --steps 2 --state state -o out.tar "$TINY"
	one_line_error 3 fl-train "${FEW[@]}" --steps 3 --state state -o x.tar "$TINY"
	[[ $stderr = *"'state'"*"another run"* ]]
	one_line_error 3 fl-train "${FEW[@]}" --steps 2 --state "$TOKENS" -o x.tar "$TINY"
	[ ! -e x.tar ]
}

@test "what a teacher says in a file serves runs in its place, and only those it was asked for" {
	fl-init -s 2 -o big/ "$FIXTURES/tiny-qwen3.json"
	fl-train --ask "${FEW[@]}" --steps 3 --top 300 -o all big
	fl-train --ask "${FEW[@]}" --steps 3 -j 1 big > top
	fl-train --ask "${FEW[@]}" --steps 3 -j 3 -o again big
	cmp top again
	fl-train "${FEW[@]}" --steps 3 --teacher big --curve a.tsv -o a.tar "$TINY"
	fl-train "${FEW[@]}" --steps 3 --teacher all --curve b.tsv -o b.tar "$TINY"
	fl-train "${FEW[@]}" --steps 3 --teacher top -o c.tar "$TINY"
	assert_equal "$(cut -c 1-5 <<< "$(last loss_nats a.tsv)")" "$(cut -c 1-5 <<< "$(last loss_nats b.tsv)")"
	one_line_error 3 fl-train "${FEW[@]}" --steps 90 --teacher top -o x.tar "$TINY"
	[[ $stderr = *"'top' lacks sequence"*"fewer --steps"*"make one with --ask and the options of this run" ]]
	one_line_error 3 fl-train "${FEW[@]}" --steps 3 --temperature 2 --teacher top -o x.tar "$TINY"
	[[ $stderr = *"'top' was made with --temperature 1, not 2; make one with --ask"* ]]
	one_line_error 3 fl-train -t "$HELD" --context 32 --batch 4 --steps 3 --teacher top -o x.tar "$TINY"
	[[ $stderr = *"'top'"*"other tokens"* ]]
	head -c 5000 top > cut
	one_line_error 3 fl-train "${FEW[@]}" --steps 3 --teacher cut -o x.tar "$TINY"
	one_line_error 4 fl-train "${FEW[@]}" --steps 3 --teacher absent -o x.tar "$TINY"
	one_line_error 2 fl-train --ask "${FEW[@]}" --steps 3 --teacher top -o x.tar "$TINY"
	[ ! -e x.tar ]
}

@test "a teacher of another vocabulary is refused by name" {
	sed 's/"vocab_size": 300/"vocab_size": 200/' "$FIXTURES/tiny-qwen3.json" > few.json
	fl-init -s 2 -o few/ few.json
	one_line_error 3 fl-train "${FEW[@]}" --steps 3 --teacher few -o x.tar "$TINY"
	[[ $stderr = *"'few' has a vocabulary of 200, the model one of 300, and 262 are tokens" ]]
	cp -r "$TINY" bare
	rm bare/tokenizer.json
	fl-train "${FEW[@]}" --steps 1 --teacher few -q -o out.tar bare # ids below 64
	fl-init -s 2 -o other/ "$FIXTURES/tiny/config.json"
	cp "$FIXTURES/tokenizer/level.json" other/tokenizer.json
	one_line_error 3 fl-train "${FEW[@]}" --steps 3 --teacher other -o x.tar "$TINY"
	[[ $stderr = *"'other' has another vocabulary: token "* ]]
	[ ! -e x.tar ]
}

# pad MODEL ROWS: MODEL with ROWS more rows of vocabulary, which have the bytes of the first ones.
pad() {
	jq ".vocab_size += $2" "$1/config.json" > config.json
	perl -MJSON::PP -0777 -ne '
		my $h = decode_json(substr $_, 8, unpack "Q<", $_);
		my ($data, $out) = (substr($_, 8 + unpack "Q<", $_), "");
		for my $name (sort { $h->{$a}{data_offsets}[0] <=> $h->{$b}{data_offsets}[0] } grep !/^__/, keys %$h) {
			my ($t, ($from, $to)) = ($h->{$name}, @{$h->{$name}{data_offsets}});
			my $bytes = substr $data, $from, $to - $from;
			if ($t->{shape}[0] == 300) {
				$t->{shape}[0] += '"$2"';
				$bytes .= substr $bytes, 0, length($bytes) / 300 * '"$2"';
			}
			$t->{data_offsets} = [length $out, length($out) + length $bytes];
			$out .= $bytes;
		}
		my $text = encode_json($h);
		$text .= " " x (-length($text) % 8);
		print pack("Q<", length $text), $text, $out' "$1/model.safetensors" > model.safetensors
	mkdir -p "$1-padded"
	cp "$1/tokenizer.json" config.json model.safetensors "$1-padded"
}

@test "a teacher with more padded rows teaches as without them, asked before or beside" {
	fl-init -s 2 -o big/ "$FIXTURES/tiny-qwen3.json"
	cp "$TINY/tokenizer.json" big
	pad big 64
	fl-info --check big-padded > info
	fl-train "${FEW[@]}" --steps 3 --temperature 2 --teacher big --curve a.tsv -o a.tar "$TINY"
	fl-train "${FEW[@]}" --steps 3 --temperature 2 --teacher big-padded --curve b.tsv -o b.tar "$TINY" 2> said
	assert_equal "$(cat said)" "fl-train: 'big-padded' has a vocabulary of 364, the model one of 300:\
 rows from 300 on count as padding"
	cmp a.tsv b.tsv
	fl-train --ask "${FEW[@]}" --steps 3 --temperature 2 --top 364 -o all big-padded
	fl-train "${FEW[@]}" --steps 3 --temperature 2 --teacher all --curve c.tsv -o c.tar "$TINY" 2> said
	assert_equal "$(cat said)" "fl-train: 'all' has a vocabulary of 364, the model one of 300: rows from 300 on count as padding"
	assert_equal "$(cut -f 1-3,6- c.tsv)" "$(cut -f 1-3,6- a.tsv)"
}

@test "a model with more padded rows than its teacher learns that they do not come" {
	fl-init -s 2 -o big/ "$FIXTURES/tiny-qwen3.json"
	cp -r "$TINY" student
	pad student 64
	fl-train "${FEW[@]}" --steps 20 --teacher big --curve a.tsv -o a.tar student-padded 2> said
	assert_equal "$(cat said)" "fl-train: 'big' has a vocabulary of 300, the model one of 364: rows from 300 on count as padding"
	less "$(last kl_nats a.tsv)" "$(awk 'NR == 2 { print $4 }' a.tsv)"
	fl-train --ask "${FEW[@]}" --steps 20 --top 300 -o all big
	fl-train -q "${FEW[@]}" --steps 20 --teacher all --curve b.tsv -o b.tar student-padded
	assert_equal "$(cut -f 4 a.tsv | cut -c 1-5)" "$(cut -f 4 b.tsv | cut -c 1-5)"
	perl -e 'print pack "V*", map { 299 + $_ % 2 } 1 .. 200' > beyond
	one_line_error 3 fl-train -t beyond --context 32 --steps 1 --teacher big -o x.tar student-padded
	[[ $stderr = *"and 301 are tokens" ]]
}

@test "hybrid, tied and pruned models are trained; what is not theirs stays as it was" {
	fl-attnpattern -a d64-f128-fsfw --window 8 -o cand.tar "$TINY"
	fl-train "${FEW[@]}" --steps 20 -o out.tar cand.tar
	less "$(loss out.tar)" "$(loss cand.tar)"
	cmp <(tar xOf cand.tar config.json) <(tar xOf out.tar config.json)
	cmp <(tar xOf cand.tar tokenizer.json) <(tar xOf out.tar tokenizer.json)
	assert_equal "$(tar xOf out.tar fl-history.jsonl | wc -l)" 3
}

@test "weights are stored as float32 or bfloat16 where asked for" {
	fl-train "${FEW[@]}" --steps 1 --dtype bfloat16 -o bf16.tar "$TINY"
	fl-train "${FEW[@]}" --steps 1 --dtype float32 -o f32.tar "$TINY"
	[ "$(stat -c %s bf16.tar)" -lt "$(stat -c %s f32.tar)" ]
	fl-info --check bf16.tar
	fl-info --check f32.tar
}

@test "quantized and broken checkpoints, too few tokens and senseless options are refused" {
	fl-init -s 1 "$FIXTURES/tiny/config.json" | fl-quantize -o q.tar
	one_line_error 3 fl-train "${FEW[@]}" -o x.tar q.tar
	[[ $stderr = *"'q.tar'"*quantized* ]]
	head -c 40 "$TOKENS" > short
	one_line_error 3 fl-train -t short --context 32 -o x.tar "$TINY"
	[[ $stderr = *"'short'"*"too few"* ]]
	cp -r "$TINY" bad
	poison bad/model.safetensors model.layers.1.mlp.gate_proj.weight
	one_line_error 3 fl-train "${FEW[@]}" -o x.tar bad
	[[ $stderr = *"not finite"* ]]
	one_line_error 2 fl-train "${FEW[@]}" --steps 3 --warmup 4 -o x.tar "$TINY"
	one_line_error 2 fl-train "${FEW[@]}" --held-every 4 -o x.tar "$TINY"
	one_line_error 2 fl-train "${FEW[@]}" --curve - -o x.tar "$TINY"
	one_line_error 2 fl-train "${FEW[@]}" --state - -o x.tar "$TINY"
	# What cannot be written is not trained.
	one_line_error 4 fl-train "${FEW[@]}" --steps 100000 -o nowhere/x.tar "$TINY"
	one_line_error 2 fl-train -o x.tar "$TINY"
	for alone in '--mix 1' '--temperature 1' '--top 9' '--state-every 9' '--ask --held held' '--ask --curve c' '--ask --state s' \
		'--ask -z'; do
		one_line_error 2 fl-train "${FEW[@]}" $alone -o x.tar "$TINY"
	done
	run -4 bash -c '"$@" > /dev/full' _ fl-train -q "${FEW[@]}" --steps 1 --curve c "$TINY"
	[ ! -e c ]
	[ ! -e x.tar ]
}

@test "documents do not see one another with --documents" {
	fl-train "${FEW[@]}" --steps 3 -o a.tar "$TINY"
	fl-train "${FEW[@]}" --steps 3 --documents -o b.tar "$TINY"
	run -1 cmp -s a.tar b.tar
	fl-init -s 1 -o bare/ "$FIXTURES/tiny-qwen3.json"
	one_line_error 3 fl-train "${FEW[@]}" --steps 3 --documents -o x.tar bare
}

@test "trained for it, a model loses less when it is quantized" {
	fl-init -s 1 -o base/ "$FIXTURES/tiny-qwen3.json"
	fl-train "${FEW[@]}" --steps 60 -o base.tar base
	fl-train "${FEW[@]}" --steps 30 --rate 1e-3 -o plain.tar base.tar
	fl-train "${FEW[@]}" --steps 30 --rate 1e-3 --qat int4 -o qat.tar base.tar
	fl-train "${FEW[@]}" --steps 30 --rate 1e-3 --qat int4 -j 1 --recompute --no-history -o same.tar base.tar
	cmp <(tar xOf qat.tar model.safetensors) <(tar xOf same.tar model.safetensors)
	for x in plain qat; do
		fl-quantize -o $x.4 $x.tar
		echo "$(loss $x.4) $(loss $x.tar)" | awk '{ print $1 - $2 }' > $x.lost
	done
	less "$(< qat.lost)" "$(awk '{ print $1 / 2 }' plain.lost)"
	head -c 400 /dev/zero > zeros
	one_line_error 3 fl-train -t zeros --context 16 --steps 1 --qat int4 -o x.tar "$FIXTURES/train/llama"
	[[ $stderr = *"no multiple of 32"* ]]
}

# ranks N ARGUMENTS...: fl-train on N of them.
ranks() {
	OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 \
		mpirun --oversubscribe --mca btl_vader_single_copy_mechanism none -n "$1" fl-train -j 1 "${@:2}" 2> mpi.err ||
		{ cat mpi.err; return 1; }
}

@test "two ranks are one with twice the accumulation, within rounding" {
	need mpirun
	fl-train "${FEW[@]}" --steps 12 --accumulate 2 --curve one.tsv --dtype float32 -o one.tar "$TINY"
	ranks 2 "${FEW[@]}" --steps 12 --curve two.tsv --dtype float32 --state state -o two.tar "$TINY"
	paste one.tsv two.tsv | awk -F '\t' 'NR > 1 { n = NF / 2; d = $3 - $(3 + n); if (d < 0) d = -d; if (d > 1e-4) bad = 1;
		if ($7 != $(7 + n)) bad = 1 } END { exit bad || NR != 13 }'
	cp two.tar before.tar
	ranks 2 "${FEW[@]}" --steps 12 --curve two.tsv --dtype float32 --state state -o two.tar "$TINY"
	cmp before.tar two.tar
	fl-init -s 2 -o big/ "$FIXTURES/tiny-qwen3.json"
	ranks 2 "${FEW[@]}" --steps 2 --teacher big -o a.tar "$TINY"
}

@test "ranks that do not share a state are refused" {
	need mpirun
	fl-train "${FEW[@]}" --steps 2 -o x.tar "$TINY"
	each() { # each rank with a state of its own
		OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 mpirun --oversubscribe -n 2 bash -c \
			'exec fl-train -j 1 --state state$OMPI_COMM_WORLD_RANK "$@"' _ "${FEW[@]}" --steps 4 --curve curve.tsv -o x.tar "$TINY"
	}
	each
	run ! each
	assert_output --regexp "fl-train: 'state[01]' is not the same file on every rank"
}

@test "built without MPI, the tool says so when mpirun starts it" {
	need gcc
	flags=$(sed 's/-DFL_MPI//' "$B/flags")
	(cd "$ROOT" && $flags -o "$OLDPWD/fl-train" "$B/obj/tools/fl-train.o" lib/base/ranks.c "$B/libfl.a" \
		$(grep -o ' -l[^ ]*' <<< "$flags"))
	OMPI_COMM_WORLD_SIZE=2 PATH=$PWD:$PATH one_line_error 2 fl-train "${FEW[@]}" -o x.tar "$TINY"
	[[ $stderr = *"without MPI"* ]]
}

# --- --chat: templates are compared in tests/unit/template.c, answers in tests/unit/chat.c ---

# chat_model: a tiny model with a chat template, and two conversations.
chat_model() {
	cp -r "$TINY" chatty
	cat > chatty/tokenizer_config.json <<-'END'
		{"eos_token": "<|endoftext|>", "chat_template":
		"{% for m in messages %}{{ m.role[0] + m.content + eos_token }}{% endfor %}{{ 'a' if add_generation_prompt }}"}
	END
	cat > chat.jsonl <<-'END'
		{"messages": [{"role": "user", "content": "one?"}, {"role": "assistant", "content": "eins"}]}
		{"messages": [{"role": "user", "content": "two?"}, {"role": "assistant", "content": "zwei"}, {"role": "user", "content": "3?"}, {"role": "assistant", "content": "3"}], "id": 7}
	END
	CHAT=(--chat chat.jsonl --context 48 --batch 1 --rate 3e-3)
}

@test "--chat teaches the answers, which fl-generate --chat then gives" {
	chat_model
	fl-train -v "${CHAT[@]}" --steps 80 --curve curve.tsv -o out.tar chatty 2> said
	assert_equal "$(fl-generate -q --chat -p 'one?' out.tar)" eins
	assert_equal "$(fl-generate -q --chat -p 'two?' out.tar)" zwei
	# 3 + 4 + 1 tokens, and three that end them
	grep -q '2 conversations in 2 renderings, 0 of them cut, 0 more left out; 1 rows of 48 tokens, 11 of them answers' said
	assert_equal "$(last tokens curve.tsv)" 11
}

@test "the loss on answers is that of transformers, each conversation on its own" {
	need_data backbone5m
	fl-train --chat "$FIXTURES/chat/chats.jsonl" --context 256 --batch 1 --steps 1 --curve curve.tsv -o out.tar \
		"$DATA/backbone5m"
	less "$(last loss_nats curve.tsv)" "$(awk '{ print $1 + 1e-4 }' "$FIXTURES/chat/chats.loss")"
	less "$(awk '{ print $1 - 1e-4 }' "$FIXTURES/chat/chats.loss")" "$(last loss_nats curve.tsv)"
}

@test "--chat gives the same bytes at any -j, recomputed, and taken up again" {
	chat_model
	fl-train "${CHAT[@]}" --steps 4 -j 1 --state state --state-every 1 -o a.tar chatty
	fl-train "${CHAT[@]}" --steps 4 -j 3 --recompute --no-history -o b.tar chatty
	cmp <(tar xOf a.tar model.safetensors) <(tar xOf b.tar model.safetensors)
	fl-train "${CHAT[@]}" --steps 4 --state state -o c.tar chatty
	cmp <(tar xOf a.tar model.safetensors) <(tar xOf c.tar model.safetensors)
	sed -i 's/eins/acht/' chat.jsonl
	one_line_error 3 fl-train "${CHAT[@]}" --steps 4 --state state -o x.tar chatty
	[[ $stderr = *"another run"* ]]
}

@test "what a teacher says of conversations is kept for several candidates" {
	chat_model
	cp -r chatty big
	fl-init -s 2 -o other/ "$FIXTURES/tiny-qwen3.json"
	cp other/model.safetensors big
	fl-train --ask "${CHAT[@]}" --steps 3 -o top big
	fl-train "${CHAT[@]}" --steps 3 --teacher top --no-history -o a.tar chatty
	sed -i 's/eins/acht/' chat.jsonl
	one_line_error 3 fl-train "${CHAT[@]}" --steps 3 --teacher top -o x.tar chatty
	[[ $stderr = *"'top'"* ]]
}

@test "conversations come from standard input, longer than the context are cut, and pass by chat_template.jinja" {
	chat_model
	fl-train -v --chat - --context 8 --batch 1 --steps 1 -o out.tar chatty < chat.jsonl 2> said
	grep -q '2 conversations in 2 renderings, 2 of them cut, 0 more left out; 2 rows of 8 tokens' said
	printf '{%% generation %%}{{ messages[1].content }}{%% endgeneration %%}' > chatty/chat_template.jinja
	fl-train -v "${CHAT[@]}" --steps 1 -o out.tar chatty 2> said
	grep -q '5 of them answers' said
	tar xOf out.tar chat_template.jinja | cmp - chatty/chat_template.jinja
}

@test "what --chat cannot use is refused by name, with its line" {
	chat_model
	one_line_error 2 fl-train "${CHAT[@]}" -t "$TOKENS" -o x.tar chatty
	one_line_error 2 fl-train "${CHAT[@]}" --documents -o x.tar chatty
	one_line_error 2 fl-train --chat - - < chat.jsonl
	one_line_error 3 fl-train "${CHAT[@]}" -o x.tar "$TINY"
	[[ $stderr = *"there is no chat template"* ]]
	one_line_error 4 fl-train --chat absent -o x.tar chatty
	echo '{"text": "a"}' > chat.jsonl
	one_line_error 3 fl-train "${CHAT[@]}" -o x.tar chatty
	[[ $stderr = *"'chat.jsonl' has nothing to learn from: line 1: no 'messages'"* ]]
	printf '\n{%% block x %%}' > chatty/chat_template.jinja
	one_line_error 3 fl-train "${CHAT[@]}" -o x.tar chatty
	[[ $stderr = *"'chatty': 'chat_template.jinja', line 2: unsupported tag 'block'"* ]]
	[ ! -e x.tar ]
}

@test "a line that --chat cannot use is counted and named, and the others are learnt from" {
	chat_model
	fl-train "${CHAT[@]}" --steps 2 --no-history -o clean.tar chatty
	sed -i -e '1i {"conversations": []}' -e '$a {"messages": [{"role": "user", "content": [{"type": "image"}]}]}' chat.jsonl
	fl-train "${CHAT[@]}" --steps 2 --no-history -o mixed.tar chatty 2> said
	assert_equal "$(cat said)" "fl-train: 'chat.jsonl': conversations that cannot be used: 2 of 4, the first: line 1: no\
 'messages', a list of objects with role and content"
	cmp clean.tar mixed.tar
}

@test "conversations as people's files have them are learnt from, under ChatML and a template that drops earlier reasoning" {
	need_data field
	chat_model
	for template in chatml thinking; do
		cp "$FIXTURES/template/$template.jinja" chatty/chat_template.jinja
		for file in "$DATA"/field/chat/*.jsonl; do
			case $(basename "$file" .jsonl) in
			emptymsgs | noassistant | sharegpt)
				one_line_error 3 fl-train --chat "$file" --context 192 --steps 0 -o x.tar chatty ;;
			*)
				fl-train --chat "$file" --context 192 --steps 0 -o out.tar chatty 2> said
				[ ! -s said ] ;;
			esac
		done
		fl-train -v --chat "$DATA/field/chat/multi.jsonl" --context 192 --steps 0 -o out.tar chatty 2>> counts
	done
	grep -q '1 conversations in 1 renderings' counts
	grep -q '1 conversations in 2 renderings' counts
}

@test "templates have the date of --date, and none without it" {
	chat_model
	printf '{{ strftime_now("%%d %%B %%Y") }}{%% for m in messages %%}{{ m.content + eos_token }}{%% endfor %%}' \
		> chatty/chat_template.jinja
	one_line_error 3 fl-train "${CHAT[@]}" --steps 1 -o x.tar chatty
	[[ $stderr = *"asks for the date, which is not given (--date)" ]]
	one_line_error 2 fl-train "${CHAT[@]}" --date 2025-02-29 -o x.tar chatty
	one_line_error 2 fl-train -t "$TOKENS" --date 2025-02-28 -o x.tar chatty
	fl-train "${CHAT[@]}" --date 2025-02-28 --steps 1 -o a.tar chatty
	TZ=Asia/Tokyo LC_ALL=de_DE.UTF-8 fl-train "${CHAT[@]}" --date 2025-02-28 --steps 1 -o b.tar chatty
	cmp a.tar b.tar
	fl-train "${CHAT[@]}" --date 2025-03-01 --steps 1 -o c.tar chatty
	run ! cmp -s a.tar c.tar
	assert_equal "$(fl-generate -q --chat --date 2025-02-28 --echo -n 0 -p 'x' chatty)" '28 February 2025x<|endoftext|>'
	one_line_error 3 fl-generate --chat -n 0 -p x chatty
	# Llama 3.2's has a date of its own where none is told
	printf '{%% if strftime_now is defined %%}{{ strftime_now("%%d %%b %%Y") }}{%% else %%}26 Jul 2024{%% endif %%} {{ date_string }}' \
		> chatty/chat_template.jinja
	assert_equal "$(fl-generate -q --chat --echo -n 0 -p x chatty)" '26 Jul 2024 '
	assert_equal "$(fl-generate -q --chat --date 2025-02-03 --echo -n 0 -p x chatty)" '03 Feb 2025 03 Feb 2025'
}
