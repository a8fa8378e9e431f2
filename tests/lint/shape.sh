#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# shape.sh -- every source names its licence in the first three lines; no function passes 100 lines.
set -eu
cd "${1:-$(dirname "$0")/../..}"

sources() {
	find lib tools tests pipelines .ci \( -name '*.[ch]' -o -name '*.sh' -o -name '*.bash' -o -name '*.bats' \
		-o -name '*.mk' -o -name '*.awk' -o -name '*.jq' -o -name '*.py' \) 2>/dev/null | sort
}

{
	for f in $(sources); do
		head -n 3 "$f" | grep -q 'SPDX-License-Identifier: Apache-2\.0' || echo "$f:1: no SPDX line"
	done
	awk '/^\{/ { start = FNR } /^\}/ && start {
			if (FNR - start > 100) print FILENAME ":" start ": a function of " FNR - start " lines"
			start = 0
		}' $(find lib tools -name '*.c' 2>/dev/null) /dev/null
} | { ! grep .; }
