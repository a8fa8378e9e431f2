# SPDX-License-Identifier: Apache-2.0
# The Makefile: what is rebuilt, what is installed, what is asked of the machine.
load ../cli/helper

# A tree of base alone and one tool, to build in the current directory.
small_tree() {
	mkdir -p lib tools man
	cp -R "$ROOT/lib/base" lib
	cp "$ROOT/Makefile" .
	cp "$ROOT/man/common.mdoc" man
	printf '.Dd x\n.Dt FL-X 1\n.Os\n.\\" @options@\n.\\" @common@\n' > man/fl-x.1.in
	cat > tools/fl-x.c <<-'END'
		#include "base/cli.h"
		static const struct fl_opt opts[] = { { 0 } };
		static const struct fl_tool tool = { .name = "fl-x", .brief = "do nothing", .opts = opts };
		int
		main(int argc, char **argv)
		{
			return fl_cli(&tool, argc, argv) - argc;
		}
	END
	unset B MAKEFLAGS MAKELEVEL
}

# compiled ARGUMENTS: the sources that make compiles, one a line, sorted.
compiled() {
	make -j2 "$@" 2>&1 | grep -oE '[^ ]+\.c$' | sort
}

@test "a second make does nothing; a header rebuilds what includes it; other flags rebuild all" {
	small_tree
	compiled CFLAGS=-O0 > all
	grep -qx tools/fl-x.c all
	run -0 make CFLAGS=-O0
	assert_output ""
	touch lib/base/date.h
	run -0 compiled CFLAGS=-O0
	assert_output $'lib/base/cli.c\nlib/base/date.c'
	run -0 compiled CFLAGS=-O1
	assert_output "$(< all)"
}

@test "the page of a tool is its own help and the common part, without comments" {
	small_tree
	make -j2 -s CFLAGS=-O0
	run -0 cat build/man/fl-x.1
	assert_line ".Nm fl-x"
	assert_line ".Sh EXIT STATUS"
	refute_output --partial '.\"'
}

@test "make install puts tools, pages and pipelines under DESTDIR and PREFIX" {
	small_tree
	mkdir pipelines
	echo x > pipelines/x.mk
	make -j2 -s CFLAGS=-O0 install DESTDIR="$PWD/to" PREFIX=/opt/fl
	run -0 bash -c 'cd to && find . -type f | sort'
	assert_output ./opt/fl/bin/fl-x$'\n'./opt/fl/share/fl/x.mk$'\n'./opt/fl/share/man/man1/fl-x.1
	run -0 to/opt/fl/bin/fl-x --version
}

@test "make clean leaves nothing of a build; make help says what there is" {
	small_tree
	before=$(find .)
	make -j2 -s CFLAGS=-O0
	make -s clean
	assert_equal "$(find .)" "$before"
	run -0 make help
	assert_line --partial 'make test'
}

@test "sanitized, cross and other builds do not share a directory" {
	small_tree
	for args in '' SAN=1 'SAN=1 FUZZ=1' CROSS=aarch64-linux-gnu- B=x; do
		make -s --eval='print: ; @echo $B' print $args 2>/dev/null
	done > dirs
	run -0 sort -u dirs
	assert_output $'build\nbuild-aarch64-linux-gnu\nbuild-fuzz\nbuild-san\nx'
}

# fake NAME BODY: a command for .ci/deps to find first.
fake() {
	mkdir -p stubs
	printf '#!/bin/bash\n%s\n' "$2" > "stubs/$1"
	chmod +x "stubs/$1"
	PATH=$PWD/stubs:$PATH
}

@test "make deps is silent and quick where nothing is missing" {
	fake dpkg-query 'for p; do echo "installed $p"; done'
	fake apt-get 'touch called'
	run -0 timeout 2 "$ROOT/.ci/deps"
	assert_output ""
	[ ! -e called ]
}

@test "make deps installs what is missing, as root, and brings the package lists up to date if it must" {
	fake dpkg-query 'for p; do [ "$p" = jq ] || echo "installed $p"; done'
	fake id 'echo 0'
	fake apt-get 'echo "$*" >> called; [ "$1" = update ] || [ -e fresh ] || { touch fresh; exit 100; }'
	run -0 "$ROOT/.ci/deps"
	run -0 grep -v '^update' called
	assert_line --index 0 'install -y -q --no-install-recommends jq'
	assert_line --index 1 'install -y -q --no-install-recommends jq'
	grep -q '^update' called
}

@test "make deps prints one line to run where it may not install" {
	fake dpkg-query 'for p; do [ "$p" = jq ] || echo "installed $p"; done'
	fake id 'echo 1000'
	fake sudo 'exit 1'
	fake apt-get 'touch called'
	run -1 "$ROOT/.ci/deps"
	assert_line "deps: may not install; run: apt-get install --no-install-recommends jq"
	[ ! -e called ]
}

@test "make deps works where pkg-config is not there yet" {
	small_tree
	mkdir .ci
	cp "$ROOT/.ci/deps" .ci
	fake pkg-config 'echo "pkg-config: not found" >&2; exit 127'
	fake dpkg-query 'for p; do echo "installed $p"; done'
	run -0 make deps
	assert_output ""
}
