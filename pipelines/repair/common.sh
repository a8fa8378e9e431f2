#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# common.sh -- what the scripts of repair.mk share: sourced by each, with repair.mk's settings in the environment; and
# by ../scores.sh, which sets BASE and CONTEXT alone.
set -euo pipefail
export LC_ALL=C
shopt -s inherit_errexit
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
read -r width ffn layers < <(fl-info --json "$BASE" | jq -r '"\(.width) \(.ffn) \(.layers)"')
: "${GRAIN:=32}"
m=${OUT-}/metrics # what metrics.sh leaves
paper="--score flash --layer-score flash --block $GRAIN --no-repair" # its operator, --paper where GRAIN is 32

part() { echo $(( $1 * $2 / $3 / GRAIN * GRAIN )); } # SIZE NUMERATOR DENOMINATOR: a multiple of GRAIN
some() { echo $(( ($1 * $2 + $3 / 2) / $3 )); } # so many layers
arch() { echo "d$1-f$2-f$3"; } # WIDTH FFN LAYERS

# The three cuts at once, small, middle and large: width, FFN and layers.
sizes() {
	echo "$(part "$width" 5 6) $(part "$ffn" 2 3) $(some "$layers" 7 8)"
	echo "$(part "$width" 2 3) $(part "$ffn" 2 3) $(some "$layers" 3 4)"
	echo "$(part "$width" 2 3) $(part "$ffn" 1 3) $(some "$layers" 3 4)"
}

# METRICS ARCH MODEL OUT OPTION...: fl-prune; without options with all repairs.
cut() { fl-prune -q -m "$1" -a "$2" --align "$GRAIN" "${@:5}" -o "$4" "$3"; }

# MODEL OUT ROUNDS [SEQUENCES [TOKENS...]]: its sums and moments; with ROUNDS also which so many layers, and attentions, are
# missed least, for which some of the sequences do.
calibrate() {
	local model=$1 out=$2 rounds=$3 n=${4:-$SEQUENCES} t drops=
	shift $(( $# < 4 ? $# : 4 ))
	[ $# != 0 ] || set -- $CALIB
	for t; do head -c $(( 4 * CONTEXT * n )) "$t"; done > "$tmp/calib.tok"
	[ "$rounds" = 0 ] || drops="--drop-layers $rounds --drop-attention $rounds --drop-sequences $DROP"
	fl-calibrate -q -t "$tmp/calib.tok" --context "$CONTEXT" --moments $drops -o "$out" "$model"
}

# ORDER WIDTH FFN LAYERS OUT: cut one after the other and calibrated between; letters of ORDER are w, f and l.
cut_in_steps() {
	local d=$width f=$ffn l=$layers model=$BASE i rounds
	for (( i = 0; i < 3; i++ )); do
		rounds=0
		case ${1:i:1} in
		w) d=$2 ;;
		f) f=$3 ;;
		l) l=$4 rounds=$(( layers - l )) ;;
		esac
		if [ $i = 0 ]; then cp "$m" "$tmp/m"; else calibrate "$model" "$tmp/m" "$rounds"; fi
		cut "$tmp/m" "$(arch "$d" "$f" "$l")" "$model" "$tmp/step$i.tar"
		model=$tmp/step$i.tar
	done
	mv "$model" "$5"
}

# MODEL TOKENS: its loss on one text.
loss_on() { fl-eval -q -t "$2" --context "$CONTEXT" --json "$1" | jq .loss_nats; }

# MODEL: its loss on each text, between tabs.
loss() {
	local t
	for t in $HELD; do loss_on "$1" "$t"; done | paste -s | awk -F '\t' -v OFS='\t' '{ for (i = 1; i <= NF; i++) $i = sprintf("%.4f", $i); print }'
}

# CUT HOW MODEL: a row of its losses.
judged() {
	local nats
	nats=$(loss "$3")
	printf '%s\t%s\t%s\n' "$1" "$2" "$nats"
}

heads() { for t in $HELD; do t=${t##*/}; printf '\t%s_nats' "${t%.tok}"; done; } # of columns

# Rows of a cut: CUT HOW LOSS... The first of a cut is the paper's operator; to each is added what part of its loss beyond
# `none` is given back, on each text.
given_back() {
	awk -F '\t' -v OFS='\t' '
		function share(part, all, x) { x = all ? 100 * part / all : 0; return part && !all ? "-" : sprintf("%d %%", x + (x < 0 ? -0.5 : 0.5)) }
		NR == 1 { print $0, "back" }
		$1 == "none" { for (i = 3; i <= NF; i++) least[i] = $i; print $0, ""; next }
		NR > 1 { if ($1 != cut) { cut = $1; for (i = 3; i <= NF; i++) most[i] = $i }
			back = ""
			for (i = 3; i <= NF; i++) back = back (i > 3 ? " / " : "") share(most[i] - $i, most[i] - least[i])
			print $0, back }'
}
