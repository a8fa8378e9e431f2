#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# proof.sh OUT -- that the demo's winner owes something to what was measured, and to what was repaired.
#
# Prunes the backbone of `make demo OUT=OUT` to the winner's architecture by the paper's operator, and at random with SEEDS
# (1 2 3), trains these as the search trains its candidates, and compares them with the one that the search chose on PARTS
# (40) equal parts of the held-out tokens, pair by pair. Prints the mean difference in nats a token and its 95 % interval.
set -eu -o pipefail
export LC_ALL=C
out=$1 search=$1/search seeds=${SEEDS:-1 2 3} parts=${PARTS:-40}
arch=$(< "$search/winner")
window=$(awk '$1 == "window" { print "--window " $2 }' "$search/space")
asked() { make -s -f "$search/asked/settings.mk" -f <(printf 'all:; @echo "$(%s)"' "$1"); } # SETTING: as the search had it
steps=$(asked CPT_STEPS) training=$(asked TRAIN)
[ ! -e "$search/teacher" ] || training+=" --teacher $search/teacher"
scratch=$(mktemp -d) && trap 'rm -rf "$scratch"' EXIT

# MODEL: its loss on each part.
losses() {
	local part
	for part in "$scratch"/held.*; do fl-eval -t "$part" "$1" | awk -F '\t' 'NR == 2 { print $2 }'; done
}

compare() { # NAME PRUNE-OPTION...
	fl-prune "${@:2}" -a "$arch" "$out/backbone.tar" | fl-attnpattern -a "$arch" $window |
		fl-train -t "$search/calib.tok" --steps "$steps" $training -o "$scratch/other.tar"
	paste <(losses "$scratch/other.tar") "$scratch/chosen" | awk -v name="$1" '
		{ d = $1 - $2; sum += d; sq += d * d; a += $1; b += $2 }
		END { m = sum / NR; e = 1.96 * sqrt((sq / NR - m * m) / (NR - 1))
			printf "%s: %.3f - %.3f = %.3f, 95 %% between %.3f and %.3f: %s\n", name, a / NR, b / NR, m, m - e, m + e, (m > e ? "worse" : "not shown") }'
}

bytes=$(($(stat -c %s "$search/held.tok") / 4 / parts * 4))
for ((i = 0; i < parts; i++)); do
	tail -c +$((i * bytes + 1)) "$search/held.tok" | head -c "$bytes" > "$scratch/held.$i" || true
done
losses "$search/chosen.tar" > "$scratch/chosen"
echo "$arch: pruned otherwise less as the search did it, nats a token, after $steps steps of the same training"
compare "the paper's operator" --paper -m "$search/metrics.safetensors"
for seed in $seeds; do
	compare "at random, seed $seed" --score random --layer-score random --block 32 -s "$seed"
done
