#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# runtime.sh -- how fast whole models run, random weights of 4 bits with the head: the native runtime beside llama.cpp where
# LLAMA_BENCH names its llama-bench, and ratios between models beside the paper's.
#
#     THREADS=2 LLAMA_BENCH=llama-bench PAIRS=5 tests/bench/runtime.sh [SHAPE...]
#
# With LLAMA_BENCH the two alternate, PAIRS (5) times, and medians are compared; llama.cpp's head is Q4_0 too. Without it
# the native runtime measures three times. SHAPES: 350M full 350M-w256 350M-w1024 650M 1.4B llama-1B qwen3-0.6B. Models and
# measurements stay in $B/bench/runtime (4 GB); run again, it measures what is not there yet.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
B=${B:-build} threads=${THREADS:-2} pairs=${PAIRS:-5} lengths=${LENGTHS:-1024,2048,4096} depths=${DEPTHS:-1024,2048,4096}
export PATH=$(cd "$B" && pwd)/bin:$PATH LC_ALL=C
if [ -n "${LLAMA_BENCH:-}" ] && ! command -v "$LLAMA_BENCH" > /dev/null; then
	echo "runtime.sh: there is no program '$LLAMA_BENCH', which LLAMA_BENCH names" >&2
	exit 2
fi
out=${OUT:-$B/bench}/runtime
mkdir -p "$out" && out=$(cd "$out" && pwd)
[ $# != 0 ] || set -- 350M full 350M-w256 350M-w1024 650M 1.4B llama-1B qwen3-0.6B

config() { # FAMILY VOCAB HEADS HEAD_DIM
	echo "{\"model_type\": \"$1\", \"hidden_size\": 1024, \"intermediate_size\": 4096, \"num_hidden_layers\": 12,
	\"num_attention_heads\": $3, \"num_key_value_heads\": 8, \"head_dim\": $4, \"vocab_size\": $2, \"tie_word_embeddings\": true,
	\"max_position_embeddings\": 8192, \"rms_norm_eps\": 1e-5, \"rope_theta\": 500000.0, \"torch_dtype\": \"bfloat16\"}"
}

shape() { # NAME: its architecture, window, and configuration
	case $1 in
	350M) echo d1024-f4096-ffsfssffsfsf 256 llama 202048 32 64 ;;
	350M-w*) echo d1024-f4096-ffwfwwffwfwf "${1#*-w}" llama 202048 32 64 ;;
	full) echo d1024-f4096-ffffffffffff 256 llama 202048 32 64 ;;
	650M) echo d1280-f6144-fsffsfsffffss 256 llama 202048 32 64 ;;
	1.4B) echo d2048-f8192-ffffffffffffffff 256 llama 202048 32 64 ;;
	llama-1B) echo d2048-f8192-ffffffffffffffff 256 llama 128256 32 64 ;;
	qwen3-0.6B) echo d1024-f3072-ffffffffffffffffffffffffffff 256 qwen3 151936 16 128 ;;
	*) echo "runtime.sh: no shape '$1'" >&2; exit 2 ;;
	esac
}

make_model() { # NAME
	local arch window family vocab heads dim
	read -r arch window family vocab heads dim < <(shape "$1")
	[ ! -e "$out/$1.tar" ] || return 0
	config "$family" "$vocab" "$heads" "$dim" > "$out/config.json"
	fl-init -q -a "$arch" "$out/config.json" | fl-attnpattern -q -a "$arch" --window "$window" | fl-quantize -q --head int4 > "$out/new.tar"
	mv "$out/new.tar" "$out/$1.tar"
}

measure() { # FILE NAME OPTION...: once
	[ -s "$out/$1" ] || { fl-measure -q -j "$threads" --prefill "$lengths" --decode "$depths" "${@:3}" "$out/$2.tar" > "$out/new.tsv" &&
		mv "$out/new.tsv" "$out/$1"; }
}

median() { # COLUMN FILE...
	local column=$1
	shift
	for f; do
		awk -F '\t' -v c="$column" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == c) at = i } NR == 2 { print $at }' "$f"
	done | sort -g | awk '{ x[NR] = $1 } END { print (x[int((NR + 1) / 2)] + x[int(NR / 2) + 1]) / 2 }'
}

columns() {
	for n in ${lengths//,/ }; do echo "ttft_${n}_s"; done
	for n in ${depths//,/ }; do echo "decode_${n}_tok_s"; done
}

for name; do
	make_model "$name"
	for ((pair = 1; pair <= (${LLAMA_BENCH:+1}0 ? pairs : 1); pair++)); do
		if [ -n "${LLAMA_BENCH:-}" ]; then
			measure "$name.native.$pair" "$name" --repeat 1
			[[ $name = *-w* ]] || measure "$name.llama.$pair" "$name" --runtime llama.cpp --timeout 3600 --repeat 1
		else
			measure "$name.native.$pair" "$name" --repeat 3
		fi
	done
	[[ $name != *-w* ]] || measure "$name.ring.1" "$name" --repeat 3 --swa ring
done

printf 'shape\tmeasure\tnative\tllama.cpp\tratio\n'
for name; do
	for column in $(columns); do
		a=$(median "$column" "$out/$name.native".*) b=
		[ ! -e "$out/$name.llama.1" ] || b=$(median "$column" "$out/$name.llama".*)
		awk -v name="$name" -v c="$column" -v a="$a" -v b="$b" -v OFS='\t' 'BEGIN {
			print name, c, a, b, b == "" ? "" : sprintf("%.2f", c ~ /^ttft/ ? b / a : a / b) }'
	done
	[ ! -e "$out/$name.ring.1" ] || for column in $(columns); do
		printf '%s, ring\t%s\t%s\t\t\n' "$name" "$column" "$(median "$column" "$out/$name.ring.1")"
	done
done | tee "$out/table.tsv"

# What layers without attention buy, and windows instead of them.
printf '\ntimes as fast as full attention\t%s\n' "$(columns | paste -s)"
awk -F '\t' -v columns="$(columns | paste -sd ' ')" '
	{ v[$1, $2] = $3; if (!($1 in seen)) { seen[$1] = 1; name[++n] = $1 } }
	END { m = split(columns, column, " ")
		for (k = 1; k <= n; k++) if (name[k] ~ /^350M/ && ("full" in seen)) {
			printf "%s", name[k]
			for (i = 1; i <= m; i++) { a = v["full", column[i]]; b = v[name[k], column[i]]
				printf "\t%.2f", column[i] ~ /^ttft/ ? a / b : b / a }
			print "" } }' "$out/table.tsv"

# The paper's figures, on its phone, and ours, each as a share of Llama-3.2-1B's.
printf '\nas a multiple of llama-1B\tmeasure\tours\tpaper\n'
paper() {
	cat <<-'END'
	350M 0.91 2.78 5.33 165.6 112.6 95.6
	650M 1.62 3.34 8.48 96.6 85.4 60.7
	1.4B 3.40 9.08 16.50 60.5 42.7 34.0
	qwen3-0.6B 4.63 11.59 25.40 44.6 28.7 18.5
	llama-1B 4.51 15.09 26.95 39.0 18.1 14.3
	END
}
paper | awk -v OFS='\t' '
	NR == FNR { split($0, cell, "\t"); ours[cell[1], cell[2]] = cell[3]; next }
	{ name[++rows] = $1; for (i = 2; i <= 7; i++) v[$1, i] = $i }
	END { split("x ttft_1024_s ttft_2048_s ttft_4096_s decode_1024_tok_s decode_2048_tok_s decode_4096_tok_s", column, " ")
		for (r = 1; r < rows; r++) for (i = 2; i <= 7; i++) {
			a = ours[name[r], column[i]]; b = ours["llama-1B", column[i]]
			if (a && b) printf "%s\t%s\t%.2f\t%.2f\n", name[r], column[i], a / b, v[name[r], i] / v["llama-1B", i] } }' "$out/table.tsv" -
