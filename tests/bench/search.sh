#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# search.sh -- whether a search finds more than the Sobol sequence does in as many candidates: backbone5m, untrained, and
# mended with REPAIR=1 alone.
#
#     OUT=dir SEEDS=5 CANDIDATES=40 BATCH=5 tests/bench/search.sh
#
# The space is that of search.mk. Both methods begin with the same INITIAL (10) points; then the search has BATCH
# suggestions a round. Objectives are the loss on the first HELD_BYTES (120000) of the held-out stories and the time to
# the first token of PREFILL (1024); a candidate is measured once, for all seeds and both methods. What counts is the
# hypervolume within the loss of knowing nothing, ln 4096, and the backbone's own time, in nats x s, and after how
# many candidates the search's passes that of all of Sobol's.
#
# Some 350 candidates, 2 seconds each on two cores. What has been measured stays in OUT/backbone5m, OUT being
# $B/bench: end it at any moment, run it again, and it goes on; remove that and it begins anew.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
data=${DATA:-$here/../../../shared/data} B=${B:-build}
if [ ! -e "$data/backbone5m" ] || [ ! -e "$data/corpora" ]; then
	echo "search.sh: skipped, needs ../shared/data/backbone5m and corpora" >&2
	exit 0
fi
seeds=${SEEDS:-5} candidates=${CANDIDATES:-40} batch=${BATCH:-5} initial=${INITIAL:-10} prefill=${PREFILL:-1024}
export PATH=$(cd "$B" && pwd)/bin:$PATH LC_ALL=C
out=${OUT:-$B/bench}/backbone5m
mkdir -p "$out" && out=$(cd "$out" && pwd)
# Files of the same size and time are the same to search.mk.
text() { # NAME BYTES
	[ "$(stat -c %s "$out/$1" 2> /dev/null)" = "$2" ] || head -c "$2" "$data/corpora/$1" > "$out/$1"
}
text tinystories.txt "${TEXT_BYTES:-400000}"
text tinystories.heldout.txt "${HELD_BYTES:-120000}"

pipeline() { # MAKE-ARGUMENTS...
	MAKEFLAGS= make --no-print-directory -s -f "$here/../../pipelines/search.mk" BASE="$data/backbone5m" OUT="$out" \
		TEXT="$out/tinystories.txt" HELD="$out/tinystories.heldout.txt" PREFILL="$prefill" REPEAT="${REPEAT:-5}" \
		REPAIR="${REPAIR:-0}" "$@" >&2
}

table() { # FILE: its architectures, all measured, as a table in their order
	pipeline rows ARCHS="$(tr '\n' ' ' < "$1")"
	while read -r arch; do cat "$out/cand/$arch/row.tsv"; done < "$1" | awk 'NR == 1 || !/^arch\t/'
}

column() { # NAME: of the last row
	awk -F '\t' -v name="$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) at = i } END { print $at }'
}

suggest() { # SEED COUNT TABLE
	fl-suggest -q --space "$out/space" -s "$1" --initial "$initial" --batch "$2" --objectives "$objectives" \
		"${ref[@]}" "$3"
}

trace() { # TABLE: hypervolumes after each row
	fl-pareto --objectives "$objectives" --trace "${ref[@]}" "$1"
}

# search-SEED and sobol-SEED: architectures in the order in which they were tried, and their tables.
sobol() { # SEED
	fl-suggest -q --space "$out/space" -s "$1" --batch "$candidates" < /dev/null > "$out/sobol-$1"
	table "$out/sobol-$1" > "$out/sobol-$1.tsv"
}

search() { # SEED
	local have=$((initial < candidates ? initial : candidates)) next
	head -n "$have" "$out/sobol-$1" > "$out/search-$1"
	table "$out/search-$1" > "$out/search-$1.tsv"
	while ((have < candidates)); do
		next=$((candidates - have < batch ? candidates - have : batch))
		suggest "$1" "$next" "$out/search-$1.tsv" > "$out/next"
		cat "$out/next" >> "$out/search-$1"
		table "$out/search-$1" > "$out/search-$1.tsv"
		have=$((have + next))
	done
}

median() {
	sort -g | awk '{ x[NR] = $1 } END { print NR % 2 ? x[(NR + 1) / 2] : (x[NR / 2] + x[NR / 2 + 1]) / 2 }'
}

pipeline "$out/space"
fl-info --json "$data/backbone5m" | jq -r .arch > "$out/base"
table "$out/base" > "$out/base.tsv"
objectives=loss_nats,ttft_${prefill}_s
nothing=$(fl-info --json "$data/backbone5m" | jq '.vocabulary | log')
ref=(--ref "loss_nats=$nothing" --ref "ttft_${prefill}_s=$(column "ttft_${prefill}_s" < "$out/base.tsv")")

printf 'seed\tsobol_hv\tsearch_hv\tgain_percent\tpasses_after\n' | tee "$out/table.tsv"
for ((seed = 0; seed < seeds; seed++)); do
	sobol $seed
	search $seed
	a=$(trace "$out/sobol-$seed.tsv" | column hypervolume)
	trace "$out/search-$seed.tsv" | awk -F '\t' -v seed=$seed -v a="$a" -v OFS='\t' '
		NR == 1 { for (i = 1; i <= NF; i++) if ($i == "hypervolume") at = i; next }
		{ b = $at }
		b > a && !after { after = NR - 1 }
		END { print seed, a, b, sprintf("%.1f", 100 * (b / a - 1)), after ? after : "nan" }' | tee -a "$out/table.tsv"
done
for c in 2 3 4 5; do
	tail -n +2 "$out/table.tsv" | cut -f $c | sed 's/nan/inf/' | median
done | paste -s | sed 's/^/median\t/'
