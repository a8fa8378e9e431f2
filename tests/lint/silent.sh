#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# silent.sh -- lib/ returns its errors: it does not print and does not exit, but for the files of base
# whose job that is. And nobody calls what cannot be called safely.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "${1:-$here/../..}"

speakers='^lib/base/(cli|log|progress|err|alloc|linalg)\.[ch]:'
forks='^lib/measure/process\.c:.*\b_exit *\(' # a child that cannot become another program
speaks='\b(((v?printf|puts|putchar|perror|exit|_exit|_Exit|abort|assert) *\()|(stderr|stdout)\b)'
banned='\b(system|popen|gets|strcpy|strcat|sprintf|vsprintf|atoi|atol|atoll|atof|rand|srand|random|alloca|setlocale|tmpnam|tempnam|mktemp|strtok|asctime|ctime|localtime|gmtime) *\('

code() { awk -f "$here/code.awk" $(find "$@" -name '*.[ch]' 2>/dev/null | sort) /dev/null; }

{
	code lib | grep -E ":[0-9]+: .*$speaks" | grep -vE "$speakers|$forks" |
		sed -E 's/^([^:]*:[0-9]+):[ \t]*/\1: lib prints or exits: /' || true
	code lib tools | grep -E ":[0-9]+: .*$banned" | sed -E 's/^([^:]*:[0-9]+):[ \t]*/\1: banned call: /' || true
} | { ! grep .; }
