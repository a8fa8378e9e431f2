#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# portable.sh -- names the unit tests that reach no third-party header, directly or through the
# modules they include: those can be built for any machine that has a libc. A module x with an
# x_portable.c is one of them; a header without a .c of its name belongs to those of its room that include it.
set -eu
cd "$(dirname "$0")/.."

foreign=$(tests/lint/foreign.sh | sed -n 's,^lib/\(.*\)\.[ch]:.*,\1,p' |
	while read -r x; do [ -e "lib/${x}_portable.c" ] || echo "$x"; done)
grep -Ho '^#include "[a-z_]*/[^"]*\.h"' $(find lib tests/unit -name '*.[ch]') |
awk -v foreign="$foreign" -v sources="$(find lib -name '*.c' | sed 's/\.c$//')" '
	BEGIN {
		n = split(foreign, f); for (i = 1; i <= n; i++) bad["lib/" f[i]] = 1
		n = split(sources, f); for (i = 1; i <= n; i++) source[f[i]] = 1
	}
	function edge(a, b) { edges++; from[edges] = a; to[edges] = b }
	function room(x) { sub(/[^\/]*$/, "", x); return x }
	{
		split($0, part, /:#include "|"/)
		is_c = sub(/\.c$/, "", part[1]); sub(/\.h$/, "", part[1]); sub(/\.h$/, "", part[2])
		other = "lib/" part[2]
		edge(part[1], other)
		if (is_c && !(other in source) && room(part[1]) == room(other))
			edge(other, part[1])
		if (is_c) node[part[1]] = 1
	}
	END {
		do {
			changed = 0
			for (i = 1; i <= edges; i++)
				if (bad[to[i]] && !bad[from[i]])
					changed = bad[from[i]] = 1
		} while (changed)
		for (x in node)
			if (x ~ /^tests\/unit\// && !bad[x])
				print substr(x, 12)
	}' | sort
