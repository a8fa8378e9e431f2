#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# scores.sh -- what each importance score costs a model: loss after a cut, nothing trained.
#
#   scores.sh BASE CALIB.tok HELD.tok [SEEDS] > table.tsv
#
# Cuts FFN, width and depth of BASE one at a time and all at once, by every score of fl-prune, and by
# chance with SEEDS seeds (20), and prints one row each: the cut, how it was chosen, the mean loss on
# HELD in nats a token, its standard error over the seeds, their number. --block 1 rows choose FFN
# channels one by one, the others in blocks of 32.
set -euo pipefail
export LC_ALL=C

if [ $# -lt 3 ]; then
	sed -n '3,10s/^# \{0,1\}//p' "$0" >&2
	exit 2
fi
BASE=$1 calib=$2 held=$3 seeds=${4:-20}
CONTEXT=$(fl-info --json "$BASE" | jq .context)
. "$(dirname "$0")/repair/common.sh"

fl-calibrate -q -t "$calib" -o "$tmp/sums" "$BASE"
fl-calibrate -q --static -o "$tmp/static" "$BASE"
fl-calibrate -q --merge -o "$tmp/metrics" "$tmp/sums" "$tmp/static"

cost() { # ARCH PRUNE-OPTIONS...: the loss after it
	fl-prune -q -m "$tmp/metrics" -a "$1" --block "${block:-32}" "${@:2}" -o "$tmp/cut.tar" "$BASE"
	loss_on "$tmp/cut.tar" "$held"
}

row() { # CUT CHOICE LOSS...: their mean and its standard error
	printf '%s\t%s\t' "$1" "$2"
	shift 2
	printf '%s\n' "$@" | awk '{ s += $1; q += $1 * $1 }
		END { m = s / NR; e = NR > 1 ? sqrt((q - NR * m * m) / (NR - 1) / NR) : 0
			printf "%.4f\t%.4f\t%d\n", m, e, NR }'
}

chance() { # CUT ARCH
	local seed nats all=()
	for (( seed = 1; seed <= seeds; seed++ )); do
		nats=$(cost "$2" --score random --layer-score random -s "$seed")
		all+=("$nats")
	done
	[ ${#all[@]} = 0 ] || row "$1" random "${all[@]}"
}

units() { # CUT ARCH: every score of channels and dimensions
	local score nats
	for score in flash minitron mean static; do
		nats=$(cost "$2" --score $score)
		row "$1" $score "$nats"
	done
	chance "$1" "$2"
}

depth() { # CUT ARCH: every score of layers
	local score nats
	for score in flash bi angular; do
		nats=$(cost "$2" --layer-score $score)
		row "$1" $score "$nats"
	done
	chance "$1" "$2"
}

printf 'cut\tscore\tloss_nats\tloss_nats_se\tn\n'
nats=$(loss_on "$BASE" "$held")
row none - "$nats"
units "ffn 2/3" "$(arch "$width" "$(part "$ffn" 2 3)" "$layers")"
units "ffn 1/3" "$(arch "$width" "$(part "$ffn" 1 3)" "$layers")"
block=1 units "ffn 1/3 --block 1" "$(arch "$width" "$(part "$ffn" 1 3)" "$layers")"
units "width 5/6" "$(arch "$(part "$width" 5 6)" "$ffn" "$layers")"
units "width 2/3" "$(arch "$(part "$width" 2 3)" "$ffn" "$layers")"
depth "depth 3/4" "$(arch "$width" "$ffn" $((layers * 3 / 4)))"
depth "depth 1/2" "$(arch "$width" "$ffn" $((layers / 2)))"
units "all: 5/6, 2/3, 3/4" "$(arch "$(part "$width" 5 6)" "$(part "$ffn" 2 3)" $((layers * 3 / 4)))"
units "all: 2/3, 1/3, 1/2" "$(arch "$(part "$width" 2 3)" "$(part "$ffn" 1 3)" $((layers / 2)))"
