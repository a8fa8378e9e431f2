#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# llama.cpp -- llama-bench, found in PATH or named by LLAMA_BENCH on the device. A prompt is computed FL_CHUNK tokens at a
# time; the decode rate is that after a prompt of the depth, as llama-bench -d has it.
set -eu
export LC_ALL=C
if [ "$1" = prepare ]; then
	mkdir "$3"
	fl-export --to gguf -o "$3/model.gguf" "$2"
	exit
fi
program=${LLAMA_BENCH:-llama-bench}
command -v "$program" > /dev/null || { echo "there is no program '$program', which LLAMA_BENCH names" >&2; exit 1; }
bench() { # llama-bench has a warm-up of its own
	lines=$("$program" -m model.gguf -t "$FL_THREADS" -b "$FL_CHUNK" -ub "$FL_CHUNK" -r "$FL_REPEAT" -o jsonl "$@")
	list=$(echo "$lines" | sed -n "s/.*\"samples_$unit\": *\[\([^]]*\)\].*/\1/p")
}
printf '{ "runtime": "llama.cpp"'
unit=ns
for n in $FL_PREFILL; do
	bench -p "$n" -n 0
	printf ', "ttft_%d_s": [%s]' "$n" "$(echo "$list" | awk -v RS=, '{ printf "%s%.9f", (NR > 1 ? ", " : ""), $1 / 1e9 }')"
done
unit=ts
for n in $FL_DECODE; do
	bench -p 0 -n "$FL_GENERATE" -d "$n"
	printf ', "decode_%d_tok_s": [%s]' "$n" "$list"
done
echo ' }'
