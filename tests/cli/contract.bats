# SPDX-License-Identifier: Apache-2.0
# What every tool promises. A new tools/fl-*.c is held to it without a line here.
load helper

tools() {
	local f
	for f in "$ROOT"/tools/fl-*.c; do
		[ ! -e "$f" ] || basename "$f" .c
	done
}

@test "every tool prints help on standard output and nothing on standard error" {
	for t in $(tools); do
		silent "$t" --help
		assert_line --index 0 --regexp "^usage: $t \[options\]"
	done
}

@test "every tool prints its version" {
	for t in $(tools); do
		silent "$t" --version
		assert_output --regexp "^$t [0-9]+\.[0-9]+\.[0-9]+$"
	done
}
