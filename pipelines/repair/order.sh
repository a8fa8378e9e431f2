#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# order.sh -- all three cuts at once, and one after the other in every order, calibrated between them; of repair.mk.
. "$(dirname "$0")/common.sh"
read -r d f l < <(sizes | sed -n 2p)

row() { judged "d$d f$f l$l" "$1" "$tmp/cut.tar"; } # HOW

{
	printf 'cut\thow%s\n' "$(heads)"
	judged none - "$BASE"
	a=$(arch "$d" "$f" "$l")
	cut "$m" "$a" "$BASE" "$tmp/cut.tar" $paper
	row paper
	cut "$m" "$a" "$BASE" "$tmp/cut.tar"
	row 'at once'
	for order in wfl wlf fwl flw lwf lfw; do
		cut_in_steps $order "$d" "$f" "$l" "$tmp/cut.tar"
		row $order
	done
} | given_back
