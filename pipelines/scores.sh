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

if [ $# -lt 3 ]; then
	sed -n '3,10s/^# \{0,1\}//p' "$0" >&2
	exit 2
fi
base=$1 calib=$2 held=$3 seeds=${4:-20}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

fl-calibrate -q -t "$calib" -o "$tmp/sums" "$base"
fl-calibrate -q --static -o "$tmp/static" "$base"
fl-calibrate -q --merge -o "$tmp/metrics" "$tmp/sums" "$tmp/static"

read -r width ffn layers context < <(fl-info --json "$base" | jq -r '"\(.width) \(.ffn) \(.layers) \(.context)"')

part() { echo $(( $1 * $2 / $3 / 32 * 32 )); } # SIZE NUMERATOR DENOMINATOR
full() { printf '%*s' "$1" '' | tr ' ' f; }

loss() { # ARCH PRUNE-OPTIONS...
	local arch=$1
	shift
	fl-prune -q -m "$tmp/metrics" -a "$arch" "$@" "$base" |
		fl-eval -q -t "$held" --context "$context" --json | jq .loss_nats
}

row() { # CUT CHOICE LOSS...: their mean and its standard error
	printf '%s\t%s\t' "$1" "$2"
	shift 2
	printf '%s\n' "$@" | awk '{ s += $1; q += $1 * $1 }
		END { m = s / NR; e = NR > 1 ? sqrt((q - NR * m * m) / (NR - 1) / NR) : 0
			printf "%.4f\t%.4f\t%d\n", m, e, NR }'
}

chance() { # CUT CHOICE ARCH PRUNE-OPTIONS...
	local cut=$1 choice=$2 arch=$3 all=()
	shift 3
	for seed in $(seq "$seeds"); do
		all+=("$(loss "$arch" --score random --layer-score random -s "$seed" "$@")")
	done
	row "$cut" "$choice" "${all[@]}"
}

units() { # CUT ARCH PRUNE-OPTIONS...: every score of channels and dimensions
	local cut=$1 arch=$2
	shift 2
	for score in flash minitron mean static; do
		row "$cut" $score "$(loss "$arch" --score $score "$@")"
	done
	chance "$cut" random "$arch" "$@"
}

depth() { # CUT ARCH: every score of layers
	for score in flash bi angular; do
		row "$1" $score "$(loss "$2" --layer-score $score)"
	done
	chance "$1" random "$2"
}

whole=$(full "$layers")
printf 'cut\tscore\tloss_nats\tloss_nats_se\tn\n'
row none - "$(fl-eval -q -t "$held" --context "$context" --json "$base" | jq .loss_nats)"
units "ffn 2/3" "d$width-f$(part "$ffn" 2 3)-$whole"
units "ffn 1/3" "d$width-f$(part "$ffn" 1 3)-$whole"
units "ffn 1/3 --block 1" "d$width-f$(part "$ffn" 1 3)-$whole" --block 1
units "width 5/6" "d$(part "$width" 5 6)-f$ffn-$whole"
units "width 2/3" "d$(part "$width" 2 3)-f$ffn-$whole"
depth "depth 3/4" "d$width-f$ffn-$(full $((layers * 3 / 4)))"
depth "depth 1/2" "d$width-f$ffn-$(full $((layers / 2)))"
units "all: 5/6, 2/3, 3/4" "d$(part "$width" 5 6)-f$(part "$ffn" 2 3)-$(full $((layers * 3 / 4)))"
units "all: 2/3, 1/3, 1/2" "d$(part "$width" 2 3)-f$(part "$ffn" 1 3)-$(full $((layers / 2)))"
