#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# train.sh -- how many steps of training make up for a repair; of repair.mk.
#
# Leaves the curves of both beside the table, curve.WIDTH-FFN-LAYERS.{paper,repair}.tsv in OUT.
. "$(dirname "$0")/common.sh"
held=${HELD%% *}
cat $CALIB > "$tmp/train.tok"

train() { # NAME: cut.tar for STEPS, its curve
	fl-train -q -t "$tmp/train.tok" --context "$CONTEXT" --steps "$STEPS" $TRAIN --held "$held" --held-every "$EVERY" \
		--curve "$OUT/curve.$1.tsv" -o "$tmp/trained.tar" "$tmp/cut.tar"
}

held_at() { awk -F '\t' -v s="$2" '$1 == s { printf "%.4f", $6 }' "$OUT/curve.$1.tsv"; }

printf 'cut\tpaper_0_nats\trepair_0_nats\tsteps_to_repair\tpaper_%d_nats\trepair_%d_nats\n' "$STEPS" "$STEPS"
while read -r d f l; do
	name=d$d-f$f-l$l
	cut "$m" "$(arch "$d" "$f" "$l")" "$BASE" "$tmp/cut.tar" $paper
	unrepaired=$(loss_on "$tmp/cut.tar" "$held")
	train "$name.paper"
	cut_in_steps lfw "$d" "$f" "$l" "$tmp/cut.tar"
	repair=$(loss_on "$tmp/cut.tar" "$held")
	train "$name.repair"
	steps=$(awk -F '\t' -v r="$repair" 'NR > 1 && $6 != "" && $6 <= r { print $1; exit }' "$OUT/curve.$name.paper.tsv")
	printf '%s\t%.4f\t%.4f\t%s\t%s\t%s\n' "$name" "$unrepaired" "$repair" "${steps:-> $STEPS}" "$(held_at "$name.paper" "$STEPS")" \
		"$(held_at "$name.repair" "$STEPS")"
done < <(sizes)
