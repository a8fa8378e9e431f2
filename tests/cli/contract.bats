# SPDX-License-Identifier: Apache-2.0
# What every tool promises. A new tools/fl-*.c is held to it; all it needs here is its line in
# example(), the shortest command that works, with the input that may be broken as its last word.
load helper

tools() {
	local f
	for f in "$ROOT"/tools/fl-*.c; do
		[ ! -e "$f" ] || basename "$f" .c
	done
}

# Sets args to a command line of tool $1 that succeeds in the fixture's directory.
example() {
	case $1 in
	fl-attnpattern) args=(-a d64-f128-fsw tiny) ;;
	fl-calibrate) args=(-t tiny.tok tiny) ;;
	fl-eval) args=(-t tiny.tok tiny) ;;
	fl-export) args=(--to gguf tiny) ;;
	fl-generate) args=(-p hello -n 4 tiny) ;;
	fl-import) args=(tiny.gguf) ;;
	fl-info) args=(tiny) ;;
	fl-init) args=(config.json) ;;
	fl-measure) args=(--prefill 8 --decode 8 --repeat 1 tiny) ;;
	fl-pareto) args=(trials.tsv) ;;
	fl-predict) args=(--agree loss_nats,ttft_8_s trials.tsv) ;;
	fl-prune) args=(-a d32-f64-ff --score random --layer-score random tiny) ;;
	fl-quantize) args=(tiny) ;;
	fl-suggest) args=(--space tiny.space trials.tsv) ;;
	fl-tokenize) args=(-c tiny tiny.txt) ;;
	fl-train) args=(-t tiny.tok --steps 2 --batch 2 --context 16 tiny) ;;
	*) fail "$1 has no line in example()" ;;
	esac
}

setup_file() {
	cd "$BATS_FILE_TMPDIR"
	cp "$FIXTURES"/tiny/config.json .
	fl-init -s 1 -o tiny/ config.json
	cp "$FIXTURES"/tiny/tokenizer.json tiny
	fl-export --to gguf -o tiny.gguf tiny
	for i in {1..40}; do echo "the thin man and the other, number $i"; done > tiny.txt
	perl -e 'print pack "V*", map { ($_ * 7919) % 262 } 1 .. 300' > tiny.tok
	printf 'arch\tloss_nats\tttft_8_s\nd64-f64-ff\t2.5\t0.1\nd32-f64-ff\t3\t0.05\n' > trials.tsv
	printf 'layers 2..3\nwidth 32..64/32\nffn 64..128/32\nletters f s\n' > tiny.space
	echo 'neither a model nor a table' > garbage
	mkdir empty
}

setup() {
	cp -R "$BATS_FILE_TMPDIR" here	# bats keeps files of its own beside it
	cd here
}

# Runs the function $1 for each tool; what it says names the tool.
each_tool() {
	local t args
	for t in $(tools); do
		echo "# $t"
		args=()
		"$1" "$t"
	done
}

# The options of tool $1 as its --help has them: "-o --output=file", "--tie".
options() {
	"$1" --help | sed -nE 's/^  (-.), (--[^ ]*)$/\1 \2/p; s/^ {6}(--[^ ]*)$/\1/p'
}

# refused STATUS TOOL WORD...: one line and STATUS, and the directory is as it was.
refused() {
	local before
	before=$(ls -A)
	one_line_error "$@"
	assert_equal "$(ls -A)" "$before"
}

@test "every tool prints help on standard output and nothing on standard error" {
	check() {
		silent "$1" --help
		assert_line --index 0 --regexp "^usage: $1 \[options\]"
		refute_line --regexp '.{80}'
		refute_line --regexp ' $'
	}
	each_tool check
}

@test "every tool prints its version" {
	check() {
		silent "$1" --version
		assert_output --regexp "^$1 [0-9]+\.[0-9]+\.[0-9]+$"
	}
	each_tool check
}

@test "an unknown option is wrong usage" {
	check() {
		refused 2 "$1" --no-such-option
		refused 2 "$1" -%
	}
	each_tool check
}

@test "an option without its value is wrong usage" {
	check() {
		local letter long
		options "$1" | grep = | while read -r letter long; do
			[ -n "$long" ] || { long=$letter letter=; }
			refused 2 "$1" "${long%%=*}"
			[ -z "$letter" ] || refused 2 "$1" "$letter"
		done
	}
	each_tool check
}

@test "an option that takes a whole number takes nothing else" {
	check() {
		local o
		for o in $(options "$1" | grep -o -e '--.*=n$'); do
			refused 2 "$1" "${o%n}x"
			refused 2 "$1" "${o%n}1.5"
			refused 2 "$1" "${o%n}99999999999999999999"
			refused 2 "$1" "${o%n}"
		done
	}
	each_tool check
}

@test "a flag takes no value" {
	check() {
		local o
		for o in $(options "$1" | grep -v = | grep -o -e '--.*$' | grep -v -x -e --help); do
			refused 2 "$1" "$o=1"
		done
	}
	each_tool check
}

@test "too many operands are wrong usage" {
	check() {
		example "$1"
		"$1" --help | head -n 1 | grep -q '\.\.\.' || refused 2 "$1" "${args[@]}" "${args[-1]}"
	}
	each_tool check
}

@test "a letter means the same option in every tool" {
	for t in $(tools); do
		options "$t" | sed -n 's/^\(-.\) \(--[^=]*\).*/\1 \2/p'
	done | sort -u > letters
	run -0 bash -c "cut -d' ' -f1 letters | uniq -d"
	assert_output ""
}

@test "the letters of the suite name its options" {
	for t in $(tools); do options "$t"; done | sed 's/=.*//' | sort -u > all
	for pair in '-o --output' '-j --threads' '-s --seed' '-q --quiet' '-v --verbose' '-t --tokens' \
		'-c --checkpoint' '-a --arch' '-m --metrics' '-z --zstd'; do
		run -1 grep -xe "${pair#* }" all
	done
}

@test "every tool's example succeeds and says nothing" {
	check() {
		example "$1"
		run --separate-stderr -0 bash -c '"$@" > /dev/null' _ "$1" -q "${args[@]}"
		assert_equal "$stderr" ""
	}
	each_tool check
}

@test "an input that does not exist is named, exit 4" {
	check() {
		example "$1"
		args[-1]=no-such-file
		refused 4 "$1" "${args[@]}"
		[[ $stderr = *no-such-file* ]]
	}
	each_tool check
}

@test "an input that is something else is refused, exit 3" {
	check() {
		[ "$1" != fl-tokenize ] || return 0	# any text will do
		example "$1"
		args[-1]=garbage
		refused 3 "$1" "${args[@]}"
		[[ $stderr = *garbage* ]]
	}
	each_tool check
}

@test "a directory that is no checkpoint is refused" {
	check() {
		example "$1"
		args[-1]=empty
		run --separate-stderr "$1" "${args[@]}"
		((status == 3 || status == 4))
		assert_equal "${#stderr_lines[@]}" 1
	}
	each_tool check
}

@test "an empty standard input is refused, exit 3" {
	check() {
		example "$1"
		[ "${args[-1]}" = tiny ] || return 0
		unset 'args[-1]'
		refused 3 "$1" "${args[@]}" < /dev/null
	}
	each_tool check
}

@test "two inputs cannot both be standard input" {
	check() {
		local o
		example "$1"
		[ "$1" != fl-attnpattern ] || args=(--repair "${args[@]}") # what it takes metrics for
		for o in --tokens --metrics --file --chat --teacher --held --shots-file --task; do
			options "$1" | grep -q -e "$o=" || continue
			refused 2 "$1" "${args[@]::${#args[@]}-1}" $o=- < garbage
			[[ $stderr = *"only one input can come from standard input" ]] || fail "$1 $o: $stderr"
		done
	}
	each_tool check
	refused 2 fl-tokenize -c - < garbage
	refused 2 fl-suggest --space - - < garbage
	refused 2 fl-pareto trials.tsv - - < garbage
	refused 2 fl-calibrate --merge - - < garbage
	refused 2 fl-eval --task - -t tiny.tok - < garbage
}

@test "messages call standard input by that name" {
	check() {
		example "$1"
		args[-1]=-
		run --separate-stderr "$1" "${args[@]}" < garbage
		((status == 0)) && return 0	# to fl-tokenize it is text
		assert_equal "$status" 3
		[[ $stderr = *"'standard input'"* && $stderr != *"'-'"* ]] || fail "$stderr"
	}
	each_tool check
}

@test "a full disk under standard output is exit 4" {
	check() {
		example "$1"
		run --separate-stderr -4 bash -c '"$@" > /dev/full' _ "$1" -q "${args[@]}"
		assert_equal "${#stderr_lines[@]}" 1
		[[ $stderr = "$1: "*"No space left on device" ]]
	}
	each_tool check
}

@test "an output in a directory that does not exist is exit 4" {
	check() {
		example "$1"
		options "$1" | grep -q -e '--output=' || return 0
		refused 4 "$1" -o nowhere/out "${args[@]}"
		[[ $stderr = *nowhere* ]]
	}
	each_tool check
}

@test "a failed run leaves neither the output nor a part of it" {
	check() {
		example "$1"
		[ "$1" != fl-tokenize ] || return 0
		options "$1" | grep -q -e '--output=' || return 0
		args[-1]=garbage
		refused 3 "$1" -o out "${args[@]}"
		echo old > out
		refused 3 "$1" -o out "${args[@]}"
		assert_equal "$(cat out)" old
		rm out
	}
	each_tool check
}

@test "the output is the same bytes in a file, on standard output, again, and at any -j" {
	check() {
		local j
		example "$1"
		[ "$1" != fl-measure ] || return 0	# prints what a clock said
		"$1" -q "${args[@]}" > one
		"$1" -q "${args[@]}" > two
		cmp one two
		for j in $(options "$1" | sed -n 's/.*--threads=n/1 2 3/p'); do
			"$1" -q -j "$j" "${args[@]}" | cmp - one
		done
		! options "$1" | grep -q -e '--output=' || { "$1" -q -o three "${args[@]}" && cmp three one; }
	}
	each_tool check
}

@test "every tool has a manual page and a file of tests" {
	for t in $(tools); do
		[ -e "$ROOT/man/$t.1.in" ] || missing="$missing man/$t.1.in"
		[ -e "$ROOT/tests/cli/$t.bats" ] || missing="$missing tests/cli/$t.bats"
	done
	assert_equal "$missing" ""
}
