# SPDX-License-Identifier: Apache-2.0
# fl-measure --runtime: a runner that says what it was given, here, through a command, over a real ssh, and on a
# device of another kind.
load helper

setup() {
	cp "$FIXTURES/tiny.tar" tiny.tar 2> /dev/null || fl-init -q -s 1 -o tiny.tar "$FIXTURES/tiny/config.json"
	export TMPDIR=$PWD/tmp
	mkdir tmp
	cat > runner <<-'END'
	case $1 in prepare) mkdir "$3"; cp "$2" "$3/model"; echo secret > "$3/more.txt"; exit ;; esac
	echo "{ not this line"
	echo "{\"ttft_8_s\": [0.3, 0.1, 0.2], \"decode_4_tok_s\": [5], \"version\": \"1.2\", \"bytes\": $(($(wc -c < model))),"\
	" \"asked\": \"$FL_PREFILL;$FL_DECODE;$FL_GENERATE;$FL_CHUNK;$FL_WARMUP;$FL_REPEAT;$FL_THREADS\"}"
	END
	measure=(fl-measure --runtime ./runner --prefill 8 --decode 4 -j 2)
}

cell() { # COLUMN < TABLE
	awk -F '\t' -v c="$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == c) at = i } NR == 2 { print $at }'
}

@test "a runner's line becomes a row: medians of its repeats, its words, and what is known of the model" {
	silent "${measure[@]}" --generate 7 --chunk 5 --warmup 2 --repeat 3 tiny.tar
	echo "$output" > row
	assert_equal "$(cut -f 1-10 row | head -n 1)" \
		"$(printf 'arch\tttft_8_s\tttft_8_s_sd\tttft_8_s_n\tdecode_4_tok_s\tdecode_4_tok_s_sd\tdecode_4_tok_s_n\tversion\tbytes\tasked')"
	assert_equal "$(cell arch < row) $(cell ttft_8_s < row) $(cell ttft_8_s_sd < row) $(cell ttft_8_s_n < row)" "d64-f128-fff 0.2 0.1 3"
	assert_equal "$(cell decode_4_tok_s < row) $(cell version < row) $(cell asked < row)" "5 1.2 8;4;7;5;2;3;2"
	assert_equal "$(cell bytes < row)" "$(stat -c %s tiny.tar)"
	assert_equal "$(cell runtime < row) $(cell threads < row) $(cell chunk < row)" "./runner 2 5"
	fl-measure --prefill 8 --decode 4 --json tiny.tar | jq -c '[.params, .ttft_8_flop, .decode_4_flop]' > own
	assert_equal "$(cat own)" "[$(cell params < row),$(cell ttft_8_flop < row),$(cell decode_4_flop < row)]"
	[ -z "$(ls -A tmp)" ]
}

@test "through a command files are sent once, and only what is new" {
	cat > phone <<-'END'
	#!/bin/bash
	echo "$1" >> commands
	exec sh -c "$1"
	END
	chmod +x phone
	silent "${measure[@]}" --via ./phone tiny.tar
	"${measure[@]}" tiny.tar | cmp - <(echo "$output")
	assert_equal "$(grep -c 'cat >' commands)" 3
	"${measure[@]}" --via ./phone tiny.tar > /dev/null
	assert_equal "$(grep -c 'cat >' commands)" 3
	fl-init -q -s 2 -o tiny.tar "$FIXTURES/tiny/config.json"
	"${measure[@]}" --via ./phone tiny.tar > /dev/null
	assert_equal "$(grep -c 'cat >' commands)" 4
	assert_equal "$(ls tmp)" "fl-$(id -u)"
	assert_equal "$(find tmp -type f | wc -l)" 3 # what only the model before had is gone
}

@test "a connection that is refused once is tried again" {
	printf '#!/bin/bash\necho x >> calls; [ $(($(wc -l < calls) %% 2)) = 0 ] || exit 255\nexec sh -c "$1"\n' > busy
	chmod +x busy
	silent "${measure[@]}" --via ./busy tiny.tar
	"${measure[@]}" tiny.tar | cmp - <(echo "$output")
}

@test "a connection that dies, a runner that fails, is slow or says nothing leaves no row and nothing half sent" {
	printf '#!/bin/bash\ncase $1 in *"cat >"*) head -c 100 | sh -c "$1"; exit ;; esac\nexec sh -c "$1"\n' > dying
	printf '#!/bin/bash\nexit 255\n' > dead
	chmod +x dying dead
	one_line_error 4 "${measure[@]}" --via ./dying tiny.tar
	[ -z "$(find tmp/fl-* -type f ! -name '*.*')" ]
	one_line_error 4 "${measure[@]}" --via ./dead tiny.tar
	[[ $stderr = *"'./dead' failed with status 255"* ]]
	one_line_error 4 "${measure[@]}" --via ./no-such-command tiny.tar
	one_line_error 2 fl-measure --via ./dead tiny.tar
	one_line_error 2 fl-measure --runtime ./runner --via ./dead --prefill 8 tiny.tar
	one_line_error 2 fl-measure --runtime ./runner --kv f32 --prefill 8 tiny.tar
	one_line_error 2 fl-measure --runtime ./runner < tiny.tar
	one_line_error 2 fl-measure --runtime ./runner - < tiny.tar
	one_line_error 4 fl-measure --runtime ./absent --prefill 8 tiny.tar
	one_line_error 4 fl-measure --runtime absent --prefill 8 tiny.tar
	echo 'case $1 in prepare) mkdir "$3"; exit ;; esac; echo this is why >&2; exit 3' > runner
	one_line_error 4 "${measure[@]}" tiny.tar
	[[ $stderr = *"it said: this is why" ]]
	echo 'case $1 in prepare) mkdir "$3"; exit ;; esac; echo that is why >&2; echo nothing' > runner
	one_line_error 3 "${measure[@]}" tiny.tar
	[[ $stderr = *"the runner './runner': it printed no line of JSON; it said: that is why" ]]
	echo 'exit 1' > runner
	one_line_error 4 "${measure[@]}" tiny.tar
	[[ $stderr = *"the runner './runner' cannot prepare 'tiny.tar'"* ]]
	echo 'case $1 in prepare) mkdir "$3"; exit ;; esac; sleep 60' > runner
	one_line_error 4 "${measure[@]}" --timeout 1 tiny.tar
	[[ $stderr = *"longer than 1 s"* ]]
	for answer in 'nothing' '{}' '{"ttft_8_s": 1, "decode_4_tok_s": []}' '{"ttft_8_s": 1, "decode_4_tok_s": ["x"]}' '{"ttft_8_s": 1' \
		'{"ttft_8_s": 1, "decode_4_tok_s": {}}' '{"ttft_8_s": 0, "decode_4_tok_s": 1}' '{"ttft_8_s": "fast", "decode_4_tok_s": 1}' \
		'{"ttft_8_s": 1, "decode_4_tok_s": 1, "a b": 1}' '{"ttft_8_s": 1, "decode_4_tok_s": 1, "": 1}' \
		'{"ttft_8_s": [1], "decode_4_tok_s": 1, "ttft_8_s_n": 2}' \
		"{\"ttft_8_s\": 1, \"decode_4_tok_s\": 1, \"$(printf '%065d' 0)\": 1}"; do
		echo "case \$1 in prepare) mkdir \"\$3\"; exit ;; esac; echo '$answer'" > runner
		one_line_error 3 "${measure[@]}" tiny.tar
	done
	rm -rf tmp/fl-*
	[ -z "$(ls -A tmp)" ]
}

@test "what is sent goes into no directory that another made, and follows no link" {
	mkdir mine "tmp/fl-$(id -u)"
	echo precious > mine/file
	"${measure[@]}" --via 'sh -c' tiny.tar > /dev/null
	rm -r tmp/fl-*
	ln -s "$PWD/mine" "tmp/fl-$(id -u)"
	one_line_error 4 "${measure[@]}" --via 'sh -c' tiny.tar
	[[ $stderr = *"it said: $TMPDIR/fl-$(id -u) is not ours" ]]
	assert_equal "$(ls mine)" file
	rm tmp/fl-*
	"${measure[@]}" --via 'sh -c' tiny.tar > /dev/null
	assert_equal "$(stat -c %a tmp/fl-*)" 700
	[ "$(id -u)" = 0 ] || return 0
	chown 1 tmp/fl-*
	one_line_error 4 "${measure[@]}" --via 'sh -c' tiny.tar
}

@test "a program that LLAMA_BENCH, LLAMA_MAIN or PYTHON names and is not there is named in one line" {
	local name runtime
	while read -r name runtime; do
		export $name=/none/such
		one_line_error 4 fl-measure -q --runtime $runtime --prefill 8 tiny.tar
		unset $name
		[[ $stderr = *"it said: there is no program '/none/such', which $name names" ]] || fail "$stderr"
	done <<-END
		LLAMA_BENCH llama.cpp
		PYTHON executorch
		PYTHON onnxruntime
	END
	mkdir bin
	printf '#!/bin/sh\n' > bin/python3
	chmod +x bin/python3
	PATH=$PWD/bin:$PATH LLAMA_MAIN=/none/such one_line_error 4 fl-measure -q --runtime executorch --prefill 8 tiny.tar
	[[ $stderr = *"it said: there is no program '/none/such', which LLAMA_MAIN names" ]]
	LLAMA_BENCH=/none/such run --separate-stderr -2 "$ROOT/tests/bench/runtime.sh"
	assert_equal "$stderr" "runtime.sh: there is no program '/none/such', which LLAMA_BENCH names"
}

@test "llama-bench and llama_main are understood by what they print" {
	mkdir bin
	cat > bin/llama-bench <<-'END'
	#!/bin/bash
	echo "$*" >> benched
	case " $* " in
	*" -d "*) echo '{"build": 1, "avg_ts": 40.5, "samples_ns": [1, 2], "samples_ts": [40.0, 41.0]}' ;;
	*) echo '{"build": 1, "avg_ns": 5, "samples_ns": [200000000, 100000000], "samples_ts": [1, 2]}' ;;
	esac
	END
	cat > bin/llama_main <<-'END'
	#!/bin/bash
	n=$(grep -o the <<< "$*" | wc -l)
	[[ " $* " = *" --warmup=1 "* && " $* " = *" --cpu_threads 2 "* && " $* " = *" --model_path model.pte "* ]] || exit 1
	echo "some text"
	echo "PyTorchObserver {\"prompt_tokens\":$n,\"generated_tokens\":31,\"model_load_start_ms\":1,\"inference_start_ms\":1000,\"inference_end_ms\":2270,\"prompt_eval_end_ms\":1270,\"first_token_ms\":1271,\"SCALING_FACTOR_UNITS_PER_SECOND\":1000}"
	END
	chmod +x bin/*
	PATH=$PWD/bin:$PATH
	run -0 fl-measure -q --runtime llama.cpp --prefill 8 --decode 4 --generate 3 --repeat 2 -j 2 tiny.tar
	assert_equal "$(cell ttft_8_s <<< "$output") $(cell decode_4_tok_s <<< "$output") $(cell runtime <<< "$output")" "0.15 40.5 llama.cpp"
	printf '#!/bin/sh\necho "no such device" >&2\nexit 1\n' > bin/llama-bench
	one_line_error 4 fl-measure -q --runtime llama.cpp --prefill 8 tiny.tar
	[[ $stderr = *"it said: no such device" ]]
	# The exporter is stood in for: what it is given is there.
	cat > bin/python3 <<-'END'
	#!/bin/bash
	[[ "$*" = "-m executorch.extension.llm.export.export_llm --config export.yaml" ]] && [ -s model.pth ] && [ -s params.json ] &&
		grep -q 'max_seq_length: 5' export.yaml && echo pte > model.pte
	END
	chmod +x bin/python3
	run -0 fl-measure -q --runtime executorch --prefill 8 --decode 8 --generate 31 --chunk 4 --repeat 2 -j 2 tiny.tar
	assert_equal "$(cell ttft_8_s <<< "$output") $(cell decode_8_tok_s <<< "$output")" "0.271 31"
	assert_equal "$(cell chunk <<< "$output")" 4
}

@test "over ssh, as on any machine" {
	need /usr/sbin/sshd ssh
	ssh-keygen -q -t ed25519 -N '' -f host
	ssh-keygen -q -t ed25519 -N '' -f key
	cp key.pub authorized
	chmod 600 authorized
	[ "$(id -u)" != 0 ] || mkdir -p /run/sshd
	cat > sshd_config <<-END
	HostKey $PWD/host
	AuthorizedKeysFile $PWD/authorized
	StrictModes no
	PidFile none
	END
	# One connection each: sshd -i speaks on its standard input, so no port is needed.
	printf '#!/bin/bash\nexec /usr/sbin/sshd -i -f %q 2>> %q\n' "$PWD/sshd_config" "$PWD/sshd.log" > daemon
	chmod +x daemon
	via="ssh -q -i $PWD/key -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o ProxyCommand=$PWD/daemon $(id -un)@loopback"
	$via true || skip "sshd does not let us in here"
	silent "${measure[@]}" --via "$via" tiny.tar
	assert_equal "$(cell ttft_8_s <<< "$output") $(cell bytes <<< "$output")" "0.2 $(stat -c %s tiny.tar)"
	$via 'rm -r ${TMPDIR:-/tmp}/fl-$(id -u)'
}

@test "the static fl-measure of a device measures there" {
	need aarch64-linux-gnu-gcc qemu-aarch64
	device=$B-aarch64/bin/fl-measure
	[ -x "$device" ] || skip "needs make device in $B-aarch64"
	printf '#!/bin/sh\nexec qemu-aarch64 %s "$@"\n' "$device" > wrapper
	chmod +x wrapper
	export FL_DEVICE=$PWD/wrapper
	fl-attnpattern -a d64-f128-fws tiny.tar | fl-quantize > hybrid.tar
	silent fl-measure --runtime native --prefill 8 --decode 4 --repeat 2 -j 1 --via 'sh -c' hybrid.tar
	assert_equal "$(cell arch <<< "$output") $(cell ttft_8_s_n <<< "$output") $(cell runtime <<< "$output")" "d64-f128-fws 2 native"
	[[ $(cell cpu <<< "$output") = aarch64* ]]
	fl-measure -q --prefill 8 --decode 4 -j 1 hybrid.tar > own
	assert_equal "$(cell weights_mib <<< "$output")" "$(cell weights_mib < own)"
}
