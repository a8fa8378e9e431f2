#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# report.sh -- the paper's findings, each from the tables in a directory: see findings.mk, which calls it.
#
#   LENGTHS='1024 2048' report.sh DIR TABLE > findings.tsv
#
# TABLE has latencies and what they take on paper; DIR has shape.tsv and perhaps decode.tsv, runs.tsv, chunk.tsv.
set -euo pipefail
export LC_ALL=C

dir=$1 table=$2
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
tables=("$table")
[ ! -e "$dir/decode.tsv" ] || tables+=("$dir/decode.tsv")

# finding FINDING VALUE ERROR N PAPER [VERDICT]: where none is given, what follows from the numbers.
finding() {
	awk -v OFS='\t' -v f="$1" -v v="$2" -v e="$3" -v n="$4" -v p="$5" -v verdict="${6-}" 'BEGIN {
		if (verdict == "" && p != "") {
			side = p ~ /^>/ ? 1 : p ~ /^</ ? -1 : 0
			d = side ? side * v : v - p
			far = (d > 0 ? d : -d) > 2 * e
			if (v == "nan" || e == "nan") verdict = "undecided"
			else if (side) verdict = !far ? "undecided" : d > 0 ? "agrees" : "does not agree"
			else verdict = !far ? "agrees" : d > 0 ? "higher" : "lower"
		}
		print f, v, e, n, p, verdict
	}'
}

# agree FINDING A B SIGN PAPER TABLE...: tau-b of two columns; SIGN - where B is a rate and latency is meant.
agree() {
	local what=$1 a=$2 b=$3 sign=$4 paper=$5 column value error n
	shift 5
	for column in "$a" "$b"; do
		if ! head -qn 1 "$@" | tr '\t' '\n' | grep -qx "$column"; then
			finding "$what" '' '' '' "$paper" "no table has $column"
			return
		fi
	done
	read -r value error n < <(fl-predict --agree "$a,$b" "$@" | awk -F '\t' -v sign="$sign" '
		NR == 2 { printf "%s %s %d\n", $3 == "nan" ? $3 : sprintf("%.3f", sign == "-" ? -$3 : $3), $4 == "nan" ? $4 : sprintf("%.3f", $4), $6 }')
	finding "$what" "$value" "$error" "$n" "$paper"
}

# mean FORMAT: of a number a line: mean, standard error and count.
mean() {
	awk -v f="$1" '{ s += $1; q += $1 * $1 }
		END { m = NR ? s / NR : "nan"; v = NR > 1 ? (q - NR * m * m) / (NR - 1) / NR : -1
			printf f " %s %d\n", m, (NR > 1 ? sprintf(f, sqrt(v > 0 ? v : 0)) : "nan"), NR }'
}

proxies() {
	for n in $LENGTHS; do
		agree "tau-b of parameters and TTFT, $n tokens" params "ttft_${n}_s" '' 0.40 "${tables[@]}"
		agree "tau-b of FLOPs and TTFT, $n tokens" "ttft_${n}_flop" "ttft_${n}_s" '' 0.46 "${tables[@]}"
		agree "tau-b of parameters and time of decoding, $n tokens" params "decode_${n}_tok_s" - 0.40 "${tables[@]}"
		agree "tau-b of FLOPs and time of decoding, $n tokens" "decode_${n}_flop" "decode_${n}_tok_s" - 0.55 "${tables[@]}"
	done
}

# Skip beats windows: the share of each kind of layer, a mean over architectures.
shares() {
	local kind value error n
	for kind in full:5 window:6 skip:7; do
		for who in tried:1 'on the frontier:$8'; do
			read -r value error n < <(awk -F '\t' "NR > 1 && ${who#*:} { print \$${kind#*:} }" "$dir/shape.tsv" | mean %.3f)
			finding "share of ${kind%:*} layers, ${who%:*}" "$value" "$error" "$n" ''
		done
	done
	for kind in window:6 skip:7; do
		if ! awk -F '\t' "NR > 1 && \$${kind#*:} { found = 1 } END { exit !found }" "$dir/shape.tsv"; then
			finding "skip less window layers on the frontier, share" '' '' '' '> 0' "no trial has a ${kind%:*} layer"
			return
		fi
	done
	read -r value error n < <(awk -F '\t' 'NR > 1 && $8 { print $7 - $6 }' "$dir/shape.tsv" | mean %.3f)
	finding "skip less window layers on the frontier, share" "$value" "$error" "$n" '> 0'
}

# At each place the mean of the two long runs less the short ones: of the loss, and as a ratio of the times.
runs() {
	local what="loss of runs of 4 less that of runs of at most 3, nats"
	local value error n
	if [ ! -s "$dir/runs.tsv" ] || [ "$(wc -l < "$dir/runs.tsv")" -lt 2 ]; then
		finding "$what" '' '' '' '> 0' "not measured, or BASE has no six full layers"
		return
	fi
	awk -F '\t' '
		NR == 1 { for (i = NF; i; i--) { if ($i == "loss_nats") y = i; if ($i ~ /^ttft_[0-9]+_s$/) x = i }; next }
		{ loss[$1] = $y; time[$1] = $x }
		END { for (a in loss) if (a ~ /ssfss/) {
			b = c = a; sub(/ssfss/, "ssssf", b); sub(/ssfss/, "fssss", c)
			if ((b in loss) && (c in loss))
				printf "%s\t%.9g\t%.9g\n", a, (loss[b] + loss[c]) / 2 - loss[a], (time[b] + time[c]) / 2 / time[a] } }' \
		"$dir/runs.tsv" | sort > "$tmp/runs"
	read -r value error n < <(cut -f 2 "$tmp/runs" | mean %.4f)
	finding "$what" "$value" "$error" "$n" '> 0'
	read -r value error n < <(cut -f 3 "$tmp/runs" | mean %.3f)
	finding "their TTFT, the one over the other" "$value" "$error" "$n" ''
}

depth() {
	{ head -n 1 "$dir/shape.tsv"; awk -F '\t' '$8 == 1' "$dir/shape.tsv"; } > "$tmp/front.tsv"
	local latency
	latency=$(awk -F '\t' 'NR == 1 { print $NF }' "$tmp/front.tsv")
	agree "tau-b of layers and TTFT on the frontier" layers "$latency" '' '> 0' "$tmp/front.tsv"
	agree "tau-b of width a layer and TTFT on the frontier" width_a_layer "$latency" '' '< 0' "$tmp/front.tsv"
}

# 1024 is best where no other is faster by more than two standard errors.
chunk() {
	local what="chunk with the least TTFT, ${LENGTHS##* } tokens" best n verdict
	if [ ! -e "$dir/chunk.tsv" ]; then
		finding "$what" '' '' '' 1024 "not measured"
		return
	fi
	IFS=: read -r best n verdict < <(awk -F '\t' '
		NR == 1 { for (i = NF; i; i--) { if ($i == "chunk") c = i; if ($i ~ /^ttft_[0-9]+_s$/) x = i }; next }
		{ t[$c] = $x; v[$c] = $(x + 1) ^ 2 / $(x + 2); n = $(x + 2); if (best == "" || $x < t[best]) best = $c }
		END { print best ":" n ":" (best == 1024 || ((1024 in t) && t[1024] - t[best] <= 2 * sqrt(v[1024] + v[best])) ? \
			"agrees" : best < 1024 ? "lower" : "higher") }' "$dir/chunk.tsv")
	finding "$what" "$best" '' "$n" 1024 "$verdict"
}

printf 'finding\there\tse\tn\tpaper\tverdict\n'
proxies
shares
runs
depth
chunk
