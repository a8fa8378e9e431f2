#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# rank.sh -- how alike losses before and after training rank architectures, with and without repair; of repair.mk.
#
# CANDIDATES of them, spread over half to all of the width, a quarter to all of the FFN, five eighths to all of the layers.
# Their losses are left beside the table, ranked.tsv in OUT.
. "$(dirname "$0")/common.sh"
held=${HELD%% *}
cat $CALIB > "$tmp/train.tok"

train() {
	fl-train -q -t "$tmp/train.tok" --context "$CONTEXT" --steps "$RANK_STEPS" $TRAIN --held "$held" --curve "$tmp/curve" \
		-o "$tmp/trained.tar" "$tmp/cut.tar"
	awk -F '\t' 'END { print $6 }' "$tmp/curve"
}

cat > "$tmp/space" <<-END
	layers $(( (layers * 5 + 7) / 8 ))..$layers
	width $(part "$width" 1 2)..$width/$GRAIN
	ffn $(part "$ffn" 1 4)..$ffn/$GRAIN
	letters f s
	max-run 3
	first f
END
archs=$(fl-suggest -q --space "$tmp/space" -s "$SEED" --batch "$CANDIDATES" --initial "$CANDIDATES") || [ $? = 1 ] # the space has fewer
{
	printf 'arch\tpaper_0_nats\tpaper_%d_nats\trepair_0_nats\trepair_%d_nats\n' "$RANK_STEPS" "$RANK_STEPS"
	for a in $archs; do
		printf '%s' "$a"
		for options in "$paper" ''; do
			cut "$m" "$a" "$BASE" "$tmp/pruned.tar" $options
			fl-attnpattern -q -a "$a" -o "$tmp/cut.tar" "$tmp/pruned.tar"
			untrained=$(loss_on "$tmp/cut.tar" "$held")
			trained=$(train)
			printf '\t%s\t%s' "$untrained" "$trained"
		done
		echo
	done
} > "$OUT/ranked.tsv"

printf 'a\tb\ttau_b\tse\n'
agree() { fl-predict --agree "$1,$2" "$OUT/ranked.tsv" | awk -F '\t' -v OFS='\t' -v a="$1" -v b="$2" 'NR == 2 { print a, b, $3, $4 }'; }
agree paper_0_nats "paper_${RANK_STEPS}_nats"
agree repair_0_nats "repair_${RANK_STEPS}_nats"
agree repair_0_nats "paper_${RANK_STEPS}_nats"
agree "paper_${RANK_STEPS}_nats" "repair_${RANK_STEPS}_nats"
