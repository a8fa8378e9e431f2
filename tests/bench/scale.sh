#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# scale.sh -- memory and throughput of each transform on a stream in the shape of Llama-3.1-70B, beside cat.
#
# The bf16 stream comes from fl-init through a pipe and is never a file. LAYERS says how much of it: 4 of the
# 80 layers, 11 GB, unless given; LAYERS=80 is the whole, 141 GB. Metrics are always those of as many layers,
# of zeros: their size is what counts. The last rows are the processes of one pipeline.
#
# MiB/s is of what the transform reads. Memory is the largest resident size of the process, libraries
# included, less the size of its metrics file.
set -euo pipefail
export PATH=${B:-build}/bin:$PATH LC_ALL=C
layers=${LAYERS:-4} width=8192 ffn=28672
dir=$(mktemp -d "${TMPDIR:-/tmp}/fl-bench-XXXXXX")
trap 'rm -rf "$dir"' EXIT

cat > "$dir/config.json" <<JSON
{"model_type": "llama", "hidden_size": $width, "intermediate_size": $ffn, "num_hidden_layers": $layers,
 "num_attention_heads": 64, "num_key_value_heads": 8, "head_dim": 128, "vocab_size": 128256,
 "max_position_embeddings": 131072, "rms_norm_eps": 1e-5, "rope_theta": 500000.0,
 "rope_scaling": {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
 "original_max_position_embeddings": 8192}, "tie_word_embeddings": false, "torch_dtype": "bfloat16"}
JSON

# A metrics file of this shape, fl-metrics(5), all sums zero.
make_metrics() {
	local header at=0 size name rows cols
	header='{"__metadata__":{"format":"fl-metrics","fingerprint":"00000000000000000000000000000000"'
	header+=",\"layers\":\"$layers\",\"ffn\":\"$ffn\",\"width\":\"$width\""
	header+=',"context":"2048","bos":"0","tokens":"2048","sequences":"1"}'
	while read -r name rows cols; do
		size=$((8 * rows * cols))
		header+=",\"$name\":{\"dtype\":\"F64\",\"shape\":[$rows,$cols],\"data_offsets\":[$at,$((at + size))]}"
		at=$((at + size))
	done <<-END
		ffn.sum_sq $layers $ffn
		ffn.sum_abs $layers $ffn
		ffn.seq_sq $layers $ffn
		dim.sum_sq $((2 * layers + 1)) $width
		dim.sum_abs $((2 * layers + 1)) $width
		dim.out_seq_sq $((2 * layers + 1)) $width
		layer.cos_ln 1 $layers
		layer.cos 1 $layers
		attn.cos 1 $layers
		layer.last_angle $((layers + 1)) $((layers + 1))
	END
	header+='}'
	printf '%b%s' "$(printf '\\x%02x\\x%02x\\0\\0\\0\\0\\0\\0' $((${#header} & 255)) $((${#header} >> 8)))" "$header"
	head -c $at /dev/zero
}
make_metrics > "$dir/metrics"
metrics_mib=$(awk -v b="$(stat -c %s "$dir/metrics")" 'BEGIN { print b / 1048576 }')

# Runs COMMAND... as a pipeline of named pipes into nowhere. Then $seconds is how long it took, and
# ${peak[i]} the largest VmHWM of command i, KiB.
run_pipeline() {
	local pid=() from=/dev/null to i k v live=1 start
	peak=()
	start=$(date +%s.%N)
	for ((i = 1; i <= $#; i++)); do
		to=$dir/pipe$i
		if ((i < $#)); then mkfifo "$to"; else to=/dev/null; fi
		${!i} < "$from" > "$to" &
		pid[i]=$!
		from=$to
	done
	while ((live)); do
		live=0
		for i in "${!pid[@]}"; do
			while read -r k v _; do
				[ "$k" = VmHWM: ] && live=1 && peak[i]=$v && break
			done 2>/dev/null < "/proc/${pid[i]}/status" || true
		done
		sleep 0.02
	done
	for i in "${pid[@]}"; do wait "$i"; done
	seconds=$(awk -v a="$start" -v b="$(date +%s.%N)" 'BEGIN { print b - a }')
	rm -f "$dir"/pipe*
}

row() { # NAME PEAK-KIB METRICS-MIB
	awk -v n="$1" -v b="$bytes" -v s="$seconds" -v c="$cat_seconds" -v p="$2" -v m="$3" 'BEGIN {
		printf "%s\t%.1f\t%.0f\t%.2f\t%.1f\n", n, s, b / s / 1048576, c / s, p / 1024 - m }'
}

alone() { # NAME METRICS-MIB COMMAND...: behind fl-init
	run_pipeline "$init" "${*:3}"
	: "${cat_seconds:=$seconds}"
	row "$1" "${peak[2]}" "$2"
}

letters() { printf "%$2s" '' | tr ' ' "$1"; }
half=$((layers / 2)) kept=$((layers - layers / 4))
init="fl-init -q $dir/config.json"
small="-a d6144-f20480-$(letters f $kept)"
prune="fl-prune -q --paper --force -m $dir/metrics $small"
bytes=$($init | wc -c)

printf 'command\tseconds\tMiB_s\ttimes_cat\tMiB\n'
alone cat 0 cat
alone fl-prune 0 fl-prune -q --block 32 --score random --layer-score random $small
alone "fl-prune -m" "$metrics_mib" $prune
alone fl-attnpattern 0 fl-attnpattern -q -a d$width-f$ffn-$(letters s $half)$(letters f $((layers - half)))
alone fl-quantize 0 fl-quantize -q

pipeline=("$init" "$prune" "fl-attnpattern -q -a d6144-f20480-$(letters w $kept)" "fl-quantize -q")
run_pipeline "${pipeline[@]}"
for i in "${!pipeline[@]}"; do
	read -r name _ <<< "${pipeline[i]}"
	row "$( ((i == 0)) || echo '| ')$name" "${peak[i + 1]}" "$( ((i == 1)) && echo "$metrics_mib" || echo 0)"
done
