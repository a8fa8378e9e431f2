#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# portable.sh -- names the unit tests that reach no third-party header, directly or through the
# modules they include: those can be built for any machine that has a libc.
set -eu
cd "$(dirname "$0")/.."

foreign=$(tests/lint/foreign.sh | sed -n 's,^lib/\(.*\)\.[ch]:.*,\1,p')
grep -Ho '^#include "[a-z_]*/[^"]*\.h"' $(find lib tests/unit -name '*.[ch]') |
awk -v foreign="$foreign" '
	BEGIN { n = split(foreign, f); for (i = 1; i <= n; i++) bad["lib/" f[i]] = 1 }
	{
		split($0, part, /:#include "|"/)
		sub(/\.[ch]$/, "", part[1]); sub(/\.h$/, "", part[2])
		from[NR] = part[1]; to[NR] = "lib/" part[2]; if (part[1] != "tests/unit/test") node[part[1]] = 1
	}
	END {
		do {
			changed = 0
			for (i = 1; i <= NR; i++)
				if (bad[to[i]] && !bad[from[i]])
					changed = bad[from[i]] = 1
		} while (changed)
		for (x in node)
			if (x ~ /^tests\/unit\// && !bad[x])
				print substr(x, 12)
	}' | sort
