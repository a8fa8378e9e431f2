#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# row.sh NAME OUT -- makes the model of that name, and judges it on each text; of real.mk.
#
# A row: name, architecture, share of the weights that went, then loss and its standard error for each text, and what it
# makes of the prompt.
set -euo pipefail
export LC_ALL=C
name=$1 out=$2
IFS=- read -r kind size how <<< "$name"
model=$OUT/model/$name.tar
arch() { fl-info --json "$1" | jq -r .arch; }

# Of 30 layers SIZE skip or have a window, of others as many in proportion.
some() { echo $(( ($size * $(fl-info --json "$BASE" | jq .layers) + 15) / 30 )); }

# N of the layers but the first, evenly spread, get a letter.
evenly() { # N LETTER
	awk -v n="$1" -v c="$2" -v a="$(arch "$BASE")" 'BEGIN { split(a, p, "-"); L = length(p[3]); s = p[3]
		for (i = 1; i <= n; i++) { at = 1 + int((i - 0.5) * (L - 1) / n) + 1; s = substr(s, 1, at - 1) c substr(s, at + 1) }
		print p[1] "-" p[2] "-" s }'
}

case $kind-$how in
base-) model=$BASE ;;
trained-* | winner-) ;;
skip-paper) fl-attnpattern -q -a "$(evenly "$(some)" s)" -o "$model" "$BASE" ;;
skip-ours) fl-attnpattern -q --best "$(some)" --repair -m "$OUT/metrics" -o "$model" "$BASE" ;;
window-paper) fl-attnpattern -q -a "$(evenly "$(some)" w)" --window 256 -o "$model" "$BASE" ;;
window-ours) # of the layers that would skip
	a=$(fl-attnpattern -q --best "$(some)" -m "$OUT/metrics" "$BASE" | arch -)
	fl-attnpattern -q -a "${a//s/w}" --window 256 -o "$model" "$BASE" ;;
*) a=$(awk -v n="$kind-$size" '$1 == n { print $2 }' "$OUT/archs")
	[ "$how" = ours ] || paper=--paper
	fl-prune -q ${paper:-} -m "$OUT/metrics" -a "$a" -o "$model" "$BASE" ;;
esac

went=$(jq -n "100 * (1 - $(fl-info --json "$model" | jq .parameters) / $(fl-info --json "$BASE" | jq .parameters))")
{
	printf '%s\t%s\t%.1f' "$name" "$(arch "$model")" "$went"
	for t in $HELD_TOK; do fl-eval -q -t "$t" --json "$model" | jq -j '"\t\(.loss_nats)\t\(.loss_nats_se)"'; done
	printf '\t%s\n' "$(fl-generate -q -n 12 -p "$PROMPT" "$model" | tr '\n\t' '  ')"
} > "$out.tmp"
[[ $kind = base || $kind = trained || $kind = winner || $name = all-*-ours ]] || rm "$model"
sync "$out.tmp"
mv "$out.tmp" "$out"
