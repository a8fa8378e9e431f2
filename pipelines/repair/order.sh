#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# order.sh -- all three cuts at once, and one after the other in every order, calibrated between them; of repair.mk.
. "$(dirname "$0")/common.sh"
m=$(metrics)
read -r d f l < <(sizes | sed -n 2p)

row() { printf 'd%s f%s l%s\t%s\t%s\n' "$d" "$f" "$l" "$1" "$(loss "$tmp/cut.tar")"; } # HOW

{
	printf 'cut\thow%s\n' "$(heads)"
	printf 'none\t-\t%s\n' "$(loss "$BASE")"
	fl-prune -q -m "$m" -a "$(arch "$d" "$f" "$l")" -o "$tmp/cut.tar" "$BASE"
	row paper
	fl-prune -q -m "$m" -a "$(arch "$d" "$f" "$l")" $best -o "$tmp/cut.tar" "$BASE"
	row 'at once'
	for order in wfl wlf fwl flw lwf lfw; do
		cut_in_steps $order "$d" "$f" "$l" "$tmp/cut.tar"
		row $order
	done
} | given_back
