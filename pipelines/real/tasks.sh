#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# tasks.sh NAME OUT -- so many QUESTIONS of each task to one model; of real.mk.
set -euo pipefail
export LC_ALL=C
here=$(dirname "$0")
model=$OUT/model/$1.tar
[ "$1" != base ] || model=$BASE
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
files=(hellaswag:hellaswag_1000 piqa:piqa arc_easy:arc_easy arc_challenge:arc_challenge winogrande:winogrande boolq:boolq lambada:lambada_openai)
tasks=()
for pair in "${files[@]}"; do
	[ -e "$TASKS/${pair#*:}.jsonl" ] || { [ "$1" != base ] || echo "real: no task ${pair%:*}: '$TASKS/${pair#*:}.jsonl' is not there" >&2; continue; }
	head -n "$QUESTIONS" "$TASKS/${pair#*:}.jsonl" | jq -c -f "$here/../tasks/${pair%:*}.jq" > "$tmp/${pair%:*}.jsonl"
	tasks+=(--task "$tmp/${pair%:*}.jsonl")
done
if [ ${#tasks[@]} = 0 ]; then printf 'arch\n%s\n' "$(fl-info --json "$model" | jq -r .arch)"; else fl-eval -q "${tasks[@]}" "$model"; fi > "$2.tmp"
sync "$2.tmp"
mv "$2.tmp" "$2"
