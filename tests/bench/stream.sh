#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# stream.sh -- memory and throughput of the transforms on a Llama-3.2-1B-shaped bf16 checkpoint (2.5 GB),
# beside cp of the same bytes. Each figure is the median of RUNS (3), the commands taking turns.
#
# Memory is the largest anonymous resident size, the mapped input not counted; the input comes as a file
# and, in the rows marked |, through a pipe.
set -euo pipefail
export PATH=${B:-build}/bin:$PATH LC_ALL=C
runs=${RUNS:-3}
dir=$(mktemp -d "${TMPDIR:-/tmp}/fl-bench-XXXXXX")
trap 'rm -rf "$dir"' EXIT

cat > "$dir/config.json" <<'JSON'
{"model_type": "llama", "hidden_size": 2048, "intermediate_size": 8192, "num_hidden_layers": 16,
 "num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": 64, "vocab_size": 128256,
 "max_position_embeddings": 131072, "rms_norm_eps": 1e-5, "rope_theta": 500000.0,
 "rope_scaling": {"rope_type": "llama3", "factor": 32.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
 "original_max_position_embeddings": 8192}, "tie_word_embeddings": true, "torch_dtype": "bfloat16"}
JSON
fl-init -q -o "$dir/base.tar" "$dir/config.json"
mkfifo "$dir/pipe"
bytes=$(stat -c %s "$dir/base.tar")

full=ffffffffffffffff
commands=(
	"cp $dir/base.tar $dir/out"
	"fl-prune -o $dir/out.tar --block 32 --score random -a d1536-f6144-$full $dir/base.tar"
	"fl-attnpattern -o $dir/out.tar -a d2048-f8192-fswfswfswfswfswf $dir/base.tar"
	"fl-quantize -o $dir/out.tar $dir/base.tar"
	"fl-quantize --method rtn -o $dir/out.tar $dir/base.tar"
	"fl-prune -o $dir/out.tar --block 32 --score random -a d1536-f6144-$full -|"
	"fl-attnpattern -o $dir/out.tar -a d2048-f8192-fswfswfswfswfswf -|"
	"fl-quantize -o $dir/out.tar -|"
)

# Runs a command; prints its seconds and the largest RssAnon seen, KiB.
measure() {
	local command=${1%|} start end pid peak=0 now
	start=$(date +%s.%N)
	if [ "$command" = "$1" ]; then
		$command &
	else
		cat "$dir/base.tar" > "$dir/pipe" &
		$command < "$dir/pipe" &
	fi
	pid=$!
	while now=$(sed -n 's/^RssAnon:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$pid/status" 2> /dev/null) && [ -n "$now" ]; do
		((now > peak)) && peak=$now
		sleep 0.02
	done
	wait "$pid"
	end=$(date +%s.%N)
	awk -v a="$start" -v b="$end" -v p="$peak" 'BEGIN { print b - a, p }'
	rm -f "$dir"/out*
}

for ((i = 0; i < runs; i++)); do
	for k in "${!commands[@]}"; do
		measure "${commands[k]}" >> "$dir/$k.times"
	done
done
printf 'command\tinput\tseconds\tinput_MiB_s\tpart_of_cp\tanonymous_MiB\n'
reference=$(sort -n "$dir/0.times" | sed -n "$(( (runs + 1) / 2 ))p" | cut -d' ' -f1)
for k in "${!commands[@]}"; do
	read -r seconds _ < <(sort -n "$dir/$k.times" | sed -n "$(( (runs + 1) / 2 ))p")
	peak=$(cut -d' ' -f2 "$dir/$k.times" | sort -n | tail -1)
	name=${commands[k]%% -o*} input=file
	[[ ${commands[k]} != *'|' ]] || input=pipe
	awk -v c="${name%% "$dir"*}" -v in_="$input" -v s="$seconds" -v b="$bytes" -v r="$reference" -v p="$peak" \
		'BEGIN { printf "%s\t%s\t%.2f\t%.0f\t%.2f\t%.1f\n", c, in_, s, b / s / 1048576, r / s, p / 1024 }'
done
