#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# text.sh -- what a repair gives back by the text it was calibrated on, and by how much of it; of repair.mk.
. "$(dirname "$0")/common.sh"

row() { # CUT HOW METRICS ARCH OPTION...
	cut "$3" "$4" "$BASE" "$tmp/cut.tar" "${@:5}"
	judged "$1" "$2" "$tmp/cut.tar"
}

rows() { # HOW METRICS: two cuts
	row 'ffn 1/3' "$1" "$2" "$f"
	row 'width 2/3' "$1" "$2" "$w" --untie
}

f=$(arch "$width" "$(part "$ffn" 1 3)" "$layers") w=$(arch "$(part "$width" 2 3)" "$ffn" "$layers")
{
	printf 'cut\thow%s\n' "$(heads)"
	judged none - "$BASE"
	{
		row 'ffn 1/3' paper "$m" "$f" $paper
		row 'width 2/3' paper "$m" "$w" $paper
		for t in $CALIB; do
			for n in 10 100 1000; do
				there=$(( $(stat -c %s "$t") / 4 / CONTEXT ))
				calibrate "$BASE" "$tmp/m" 0 "$n" "$t"
				rows "$(basename "$t" .tok) x $(( n < there ? n : there ))" "$tmp/m"
			done
		done
		[ "$(wc -w <<< "$CALIB")" = 1 ] || rows "all x $SEQUENCES" "$m"
	} | sort -s -t "$(printf '\t')" -k 1,1
} | given_back
