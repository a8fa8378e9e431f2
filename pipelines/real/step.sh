#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# step.sh NAME COMMAND... -- runs it, keeps its seconds and the most memory that one of its programs took, MiB, in
# OUT/cost/NAME, and says how long those in LEFT may take that cost nothing yet; of real.mk.
set -euo pipefail
export LC_ALL=C
name=$1
shift
began=$(date +%s.%N) peak=0
below() { # PID: it and all that it runs
	local pid
	echo "$1"
	for pid in $(cat "/proc/$1/task/$1/children" 2> /dev/null); do below "$pid"; done
}

"$@" &
running=$!
trap 'kill $running 2> /dev/null' INT TERM
while kill -0 $running 2> /dev/null; do # each says its own most
	for pid in $(below $running); do
		kb=$(awk '$1 == "VmHWM:" { print $2 }' /proc/"$pid"/status 2> /dev/null) || kb=
		[ "${kb:-0}" -le $peak ] || peak=$kb
	done
	sleep 0.1
done
wait $running
echo "$(date +%s.%N) $began $(( peak / 1024 ))" | awk '{ printf "%.1f %d\n", $1 - $2, $3 }' > "$OUT/cost/$name"

# Of each kind, what is before the first dash, a step takes what those before it took in the mean.
for s in $LEFT; do
	echo "$s $(cat "$OUT/cost/$s" 2> /dev/null)"
done | awk -v name="$name" '
	{ split($1, kind, "-"); k = kind[1]; n++; if (NF > 1) { done++; sum[k] += $2; of[k]++; if ($1 == name) mine = $2 } else left[k]++ }
	END { for (k in left) if (of[k]) more += left[k] * sum[k] / of[k]; else unknown = ", and what comes first of its kind"
		printf "[%d/%d] %s: %d s; about %.0f min left%s\n", done, n, name, mine, more / 60, unknown }' >&2
