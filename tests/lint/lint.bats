# SPDX-License-Identifier: Apache-2.0
# The rules of the house hold, and each script that checks one can fail.
load ../cli/helper

# rejects SCRIPT FILE TEXT PATTERN: in a tree of that one file the script finds what PATTERN names.
rejects() {
	mkdir -p "${2%/*}"
	printf '/* SPDX-License-Identifier: Apache-2.0 */\n%b' "$3" > "$2"
	run -1 "$ROOT/tests/lint/$1" "$PWD"
	assert_output --partial "$4"
	rm "$2"
}

@test "every include follows the arrows between the rooms" {
	run -0 "$ROOT/tests/lint/layers.sh"
}

@test "layers.sh refuses an arrow from base, a sideways arrow, and an include without a room" {
	rejects layers.sh lib/base/x.c '#include "io/stream.h"\n' 'base must not know io/stream.h'
	rejects layers.sh lib/text/x.h '#include "io/stream.h"\n' 'text must not know io/stream.h'
	rejects layers.sh lib/measure/x.c '#include "search/gp.h"\n' 'measure must not know search/gp.h'
	rejects layers.sh lib/model/x.c '#include "config.h"\n' 'names no room'
	rejects layers.sh lib/attic/x.c '#include "base/err.h"\n' 'is no room of the house'
}

@test "each third-party header is included in one file" {
	run -0 "$ROOT/tests/lint/headers.sh"
}

@test "headers.sh refuses a second includer, a tool or header that includes, and stray threads" {
	mkdir -p lib/io
	echo '#include <archive.h>' > lib/io/one.c
	rejects headers.sh lib/io/two.c '#include <archive.h>\n' 'includes <archive.h>, and so does'
	rejects headers.sh lib/io/two.h '#include <zstd.h>\n' 'belong in a .c file of lib/'
	rejects headers.sh tools/fl-x.c '#include <zstd.h>\n' 'belong in a .c file of lib/'
	rejects headers.sh lib/model/x.c '#pragma omp parallel\n' 'threads outside base/parallel'
	rejects headers.sh lib/model/x.c '#include <pthread.h>\n' 'threads outside base/parallel'
	rejects headers.sh lib/model/x.c '#include <immintrin.h>\n' 'intrinsics outside compute/'
}

@test "lib/ neither prints nor exits, and nobody makes an unsafe call" {
	run -0 "$ROOT/tests/lint/silent.sh"
}

@test "silent.sh refuses printing, exiting and unsafe calls, but not their names in comments and strings" {
	rejects silent.sh lib/io/x.c 'void f(void) { printf("x"); }\n' 'lib prints or exits'
	rejects silent.sh lib/io/x.c 'void f(void)\n{\n\tfprintf(stderr, "x");\n}\n' 'x.c:4: lib prints'
	rejects silent.sh lib/io/x.c 'exit(1);\n' 'lib prints or exits'
	rejects silent.sh tools/fl-x.c 'n = atoi(arg);\n' 'banned call'
	rejects silent.sh lib/base/cli.c 'system("ls");\n' 'banned call'
	printf '/* exit(1) and\n * stderr */ char *s = "\\"printf("; // abort()\n' > lib/io/x.c
	printf 'void f(void) { exit(1); fl_atoi(2); }\n' > lib/base/cli.c
	run -0 "$ROOT/tests/lint/silent.sh" "$PWD"
}

@test "every source names its licence and no function passes 100 lines" {
	run -0 "$ROOT/tests/lint/shape.sh"
}

@test "shape.sh refuses a long function and a source without licence" {
	rejects shape.sh lib/io/x.c "void\nf(void)\n{\n$(printf '\\n%.0s' {1..101})}\n" 'a function of 102 lines'
	mkdir -p tools
	echo 'int x;' > tools/fl-x.c
	run -1 "$ROOT/tests/lint/shape.sh" "$PWD"
	assert_output --partial 'tools/fl-x.c:1: no SPDX line'
}
