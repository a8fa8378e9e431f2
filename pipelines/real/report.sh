#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# report.sh [full] -- the tables of real.mk; with `full` of what was trained and searched for.
set -euo pipefail
export LC_ALL=C
shopt -s inherit_errexit
texts=() # their names
for t in $HELD_TOK; do t=${t##*/held.}; texts+=("${t%.tok}"); done

# Without the columns of llama.cpp where it was not measured.
llama=1-
! grep -q $'\t-\t-$' "$OUT/speed/base.tsv" || llama=1-7,10-

# A line of a table for each line of fields.
bars() { awk -F '\t' '{ printf "|"; for (i = 1; i <= NF; i++) printf " %s |", $i; print ""; if (NR == 1) { printf "|"; for (i = 1; i <= NF; i++) printf "---|"; print "" } }'; }

# Perplexities of rows, with their standard errors: columns from 4 on are pairs, the last is text.
perplexities() {
	awk -F '\t' -v OFS='\t' '{ for (i = 4; i < NF; i += 2) { p = exp($i); $i = p < 1000 ? sprintf("%.1f ± %.1f", p, p * $(i + 1)) : sprintf("%.0f", p) }; print }' "$@"
}

cuts() {
	printf 'cut\tsizes\tweights'
	for t in "${texts[@]}"; do printf '\t%s, paper\t%s, ours' "$t" "$t"; done
	echo
	perplexities "$OUT/row/base.tsv" | awk -F '\t' -v OFS='\t' '{ s = "none" OFS $2 OFS "0 %"; for (i = 4; i < NF; i += 2) s = s OFS "-" OFS $i; print s }'
	for k in depth ffn width all skip window; do
		for p in 10 20 30 4 8 15; do
			[ ! -e "$OUT/row/$k-$p-ours.tsv" ] || perplexities "$OUT/row/$k-$p-paper.tsv" "$OUT/row/$k-$p-ours.tsv" |
				awk -F '\t' -v OFS='\t' -v k=$k -v n=$p 'NR == 1 { for (i = 4; i < NF; i += 2) paper[i] = $i; next }
				{ split($2, a, "-"); layers = length(a[3]) " layers"; ffn = "FFN " substr(a[2], 2); width = "width " substr(a[1], 2)
				what["depth"] = layers; what["ffn"] = ffn; what["width"] = width; what["all"] = layers ", " ffn ", " width
				what["skip"] = gsub("s", "s", a[3]) " skip attention"; what["window"] = gsub("w", "w", a[3]) " see 256 tokens"
				s = k (k ~ /skip|window/ ? "" : " " n " %") OFS what[k] OFS ($3 + 0 ? "-" : "") $3 " %"; for (i = 4; i < NF; i += 2) s = s OFS paper[i] OFS $i; print s }'
		done
	done
}

# Tasks of a model, a line each: by the length of answers where that is counted too, but of a yes or no.
tasks() { # NAME
	awk -F '\t' 'NR == 1 { for (i = 1; i <= NF; i++) { name[i] = $i; there[$i] } next }
		{ for (i = 1; i <= NF; i++) { n = name[i]; if (sub(/_acc$/, "", n) && (n == "boolq" || (n != "boolq_norm" && !(n "_norm_acc" in there)))) { sub(/_norm$/, "", n); print n "\t" $i } } }' "$OUT/tasks/$1.tsv"
}

# Models beside their tasks: weights, perplexity of the first text, tasks in percent, what they say.
models() { # NAME...
	for m; do
		paste <(perplexities "$OUT/row/$m.tsv" | cut -f 1-4) <(tail -n 1 "$OUT/speed/$m.tsv" | cut -f 2-) |
			paste - <(tasks "$m" | awk -F '\t' '{ printf "%s%.0f", (NR > 1 ? "\t" : ""), 100 * $2 } END { print "" }')
	done
}

titles() {
	printf 'model\tweights\t%s\tin 4 bits, MB\t%s, 4 bits\tTTFT of 1024, s\ttokens a second\tllama.cpp: TTFT\ttokens a second' "${texts[0]}" "${texts[0]}"
	tasks base | awk -F '\t' '{ printf "\t%s", $1 } END { print "" }'
}

table_of() { # NAME...
	{ titles; models "$@" | awk -F '\t' -v OFS='\t' '{ $2 = ""; $3 = $3 + 0 ? "-" $3 " %" : "0 %"; $6 = sprintf("%.1f", exp($6)); for (i = 7; i <= 10; i++) if ($i != "-") $i = sprintf("%.3g", $i); print }' |
		cut -f 1,3-; } | cut -f "$llama" | bars
}

says() {
	for m; do awk -F '\t' '{ printf "    %-16s%s%s\n", $1, ENVIRON["PROMPT"], $NF }' "$OUT/row/$m.tsv"; done
}

if [ "${1-}" = full ]; then
	echo "Trained for $STEPS steps ($TRAIN) to say what the whole model says, and the winner of a search, which was not trained:"
	echo
	table_of base trained-10 trained-20 trained-30 winner
	echo
	awk -F '\t' '{ print "The winner is " $2 "." }' "$OUT/row/winner.tsv"
	echo
	says trained-10 trained-20 trained-30 winner
	exit
fi
echo "Perplexity of $JUDGED tokens with its standard error, nothing trained; paper: the operator of MobileLLM-Flash, ours: fl's defaults."
echo
cuts | bars
echo
echo "All at once, 4-bit weights, $(nproc) cores; tasks in percent of $QUESTIONS questions each, whose standard error is $(awk -v n="$QUESTIONS" 'BEGIN { printf "%.0f", 50 / sqrt(n) }') at most:"
echo
table_of base all-10-ours all-20-ours all-30-ours
echo
says base all-10-ours all-20-ours all-30-ours
echo
echo "What it cost:"
echo
{
	printf 'step\tminutes\tpeak MiB\n'
	for c in import calibrate; do [ ! -e "$OUT/cost/$c" ] || echo "$c $(cat "$OUT/cost/$c")"; done | awk -v OFS='\t' '{ print $1, sprintf("%.1f", $2 / 60), $3 }'
	for c in row tasks speed; do
		cat "$OUT"/cost/$c-* | awk -v OFS='\t' -v c=$c '{ s += $1; if ($2 > m) m = $2 } END { print c " of " NR " models", sprintf("%.1f", s / 60), m }'
	done | sed 's/^row/cut and judge/; s/^tasks/tasks/; s/^speed/4 bits and time/'
} | bars
