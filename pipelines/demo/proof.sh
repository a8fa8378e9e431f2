#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# proof.sh OUT -- that the demo's winner owes something to what was measured: it beats random pruning.
#
# Prunes the backbone of `make demo OUT=OUT` to the winner's architecture by scores and at random, with SEEDS (1 2 3),
# trains both as the search trains its candidates, and compares their losses on PARTS (40) equal parts of the
# held-out tokens, pair by pair. Prints for each seed the mean difference in nats a token and its 95 % interval.
set -eu -o pipefail
out=$1 seeds=${SEEDS:-1 2 3} parts=${PARTS:-40} steps=${STEPS:-20}
arch=$(< "$out/search/winner") search=$out/search
scratch=$(mktemp -d) && trap 'rm -rf "$scratch"' EXIT

candidate() { # NAME PRUNE-OPTIONS...
	fl-prune "${@:2}" -a "$arch" "$out/backbone.tar" | fl-attnpattern -a "$arch" |
		fl-train -t "$search/calib.tok" --steps "$steps" --batch 16 --rate 2e-3 --teacher "$search/teacher" -o "$scratch/$1.tar"
	for part in "$scratch"/held.*; do
		fl-eval -t "$part" "$scratch/$1.tar" | awk -F '\t' 'NR == 2 { print $2 }'
	done > "$scratch/$1"
}

bytes=$(($(stat -c %s "$search/held.tok") / 4 / parts * 4))
for ((i = 0; i < parts; i++)); do
	tail -c +$((i * bytes + 1)) "$search/held.tok" | head -c "$bytes" > "$scratch/held.$i" || true
done
candidate scored -m "$search/metrics.safetensors"
echo "$arch: random less scored pruning, nats a token, after $steps steps of the same training"
for seed in $seeds; do
	candidate "random$seed" --score random --layer-score random -s "$seed"
	paste "$scratch/random$seed" "$scratch/scored" | awk -v seed="$seed" '
		{ d = $1 - $2; sum += d; sq += d * d; a += $1; b += $2 }
		END { m = sum / NR; e = 1.96 * sqrt((sq / NR - m * m) / (NR - 1))
			printf "seed %d: %.3f - %.3f = %.3f, 95 %% between %.3f and %.3f: %s\n", seed, a / NR, b / NR, m, m - e, m + e, (m > e ? "better" : "not shown") }'
done
