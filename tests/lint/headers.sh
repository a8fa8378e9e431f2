#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# headers.sh -- each third-party header is included by one .c file of lib/; threads only by
# base/parallel; vector intrinsics only by compute/.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "${1:-$here/../..}"

{
	"$here/foreign.sh" . | awk -F: '
		$1 !~ /^lib\/.*\.c$/ { print $1 ": includes <" $2 ">: third-party headers belong in a .c file of lib/" }
		seen[$2] && seen[$2] != $1 { print $1 ": includes <" $2 ">, and so does " seen[$2] }
		{ seen[$2] = $1 }'
	grep -rnE '^ *# *(pragma +omp|include *<(omp|pthread|threads)\.h>)' lib tools --include='*.[ch]' | grep -v '^lib/base/parallel\.c:' |
		sed -E 's/^([^:]*:[0-9]+):.*/\1: threads outside base\/parallel/' || true
	grep -rnE 'include *<([a-z0-9]*intrin|arm_[a-z0-9]*)\.h>' lib tools --include='*.[ch]' |
		grep -v '^lib/compute/' | sed -E 's/^([^:]*:[0-9]+):.*/\1: intrinsics outside compute\//' || true
} 2>/dev/null | { ! grep .; }
