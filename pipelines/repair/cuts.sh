#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# cuts.sh -- loss after each cut by the paper's operator and by each repair; of repair.mk.
. "$(dirname "$0")/common.sh"

row() { # CUT HOW ARCH OPTION...
	cut "$m" "$3" "$BASE" "$tmp/cut.tar" "${@:4}"
	judged "$1" "$2" "$tmp/cut.tar"
}

cut_ffn() { # CUT ARCH
	row "$1" paper "$2" $paper
	row "$1" 'one by one' "$2" --no-repair
	row "$1" repair "$2" --score flash --block "$GRAIN"
	row "$1" 'repair, one by one' "$2" --score flash
	row "$1" 'obs, repair' "$2" --block "$GRAIN"
	row "$1" 'obs, repair, one by one' "$2"
}

cut_width() {
	row "$1" paper "$2" $paper
	row "$1" 'one by one' "$2" --no-repair
	row "$1" repair "$2" --score flash --block "$GRAIN"
	row "$1" 'repair, one by one' "$2" --score flash
	row "$1" rotate "$2" --rotate --no-repair --untie
	row "$1" 'rotate, repair' "$2" --untie
	row "$1" 'rotate, repair, tied' "$2" --tie
}

cut_layers() {
	row "$1" paper "$2" $paper
	row "$1" 'by loss' "$2" --no-repair
	row "$1" 'by loss, repair' "$2"
}

skip() { # N
	local how
	for how in '' --repair; do
		fl-attnpattern -q --best "$1" -m "$m" $how -o "$tmp/cut.tar" "$BASE"
		judged "skip $1" "by loss${how:+, repair}" "$tmp/cut.tar"
	done
}

{
	printf 'cut\thow%s\n' "$(heads)"
	judged none - "$BASE"
	for p in '2 3' '1 3' '1 6'; do cut_ffn "ffn ${p/ //}" "$(arch "$width" "$(part "$ffn" $p)" "$layers")"; done
	for p in '5 6' '2 3' '1 2'; do cut_width "width ${p/ //}" "$(arch "$(part "$width" $p)" "$ffn" "$layers")"; done
	for p in '3 4' '1 2'; do cut_layers "layers ${p/ //}" "$(arch "$width" "$ffn" "$(some "$layers" $p)")"; done
	for n in $(some "$layers" 1 4) $(some "$layers" 1 2); do skip "$n"; done
	while read -r d f l; do
		a=$(arch "$d" "$f" "$l")
		row "d$d f$f l$l" paper "$a" $paper
		row "d$d f$f l$l" 'all repairs' "$a"
		cut_in_steps lfw "$d" "$f" "$l" "$tmp/cut.tar"
		judged "d$d f$f l$l" 'all, in steps' "$tmp/cut.tar"
	done < <(sizes)
} | given_back
