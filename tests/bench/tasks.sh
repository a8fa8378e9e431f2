#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# tasks.sh -- seconds for 1000 questions of HellaSwag on backbone5m: the median of RUNS (3).
set -euo pipefail
export PATH=${B:-build}/bin:$PATH LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
data=${DATA:-$here/../../../shared/data}
runs=${RUNS:-3}
if [ ! -e "$data/backbone5m" ] || [ ! -e "$data/benchmarks" ]; then
	echo "tasks.sh: skipped, needs ../shared/data/backbone5m and benchmarks" >&2
	exit 0
fi
dir=$(mktemp -d "${TMPDIR:-/tmp}/fl-bench-XXXXXX")
trap 'rm -rf "$dir"' EXIT

jq -c -f "$here/../../pipelines/tasks/hellaswag.jq" "$data/benchmarks/hellaswag_1000.jsonl" > "$dir/hellaswag.jsonl"
for ((i = 0; i < runs; i++)); do
	start=$(date +%s.%N)
	fl-eval -q --task "$dir/hellaswag.jsonl" "$data/backbone5m" > "$dir/row"
	awk -v a="$start" -v b="$(date +%s.%N)" 'BEGIN { print b - a }' >> "$dir/times"
done
printf 'task\tquestions\tseconds\n'
printf 'hellaswag\t1000\t%.1f\n' "$(sort -n "$dir/times" | sed -n "$(((runs + 1) / 2))p")"
