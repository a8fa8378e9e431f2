#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# archs.sh -- a line for each cut of real.mk: its name, its architecture, its layers, the share of the weights that go.
#
# One at a time: the size, in layers or in 32s, whose share is nearest. All at once: of the sizes within half a percent of
# the share those that cut width, FFN and depth most alike.
set -euo pipefail
export LC_ALL=C
fl-info --json "$BASE" | jq -r '[.layers, .width, .ffn, .heads * .head_dim, .kv_heads * .head_dim, .vocabulary, (if .tied then 1 else 2 end)] | @tsv' |
awk -F '\t' '
	function weights(l, d, f) { return V * T * d + l * (2 * d * (H + K) + 3 * d * f + 2 * d) + d }
	function away(x) { return x < 0 ? -x : x }
	function letters(n, c,  s) { for (; n > 0; n--) s = s c; return s }
	function line(name, l, d, f) { printf "%s d%d-f%d-%s %d %.1f\n", name, d, f, letters(l, "f"), l, 100 * (1 - weights(l, d, f) / all) }
	function try(l, d, f, p,  e) { e = away(1 - weights(l, d, f) / all - p); if (e < least) { least = e; bl = l; bd = d; bf = f } }
	{ L = $1; D = $2; F = $3; H = $4; K = $5; V = $6; T = $7; all = weights(L, D, F)
	for (i = 1; i <= 3; i++) {
		p = i / 10
		least = 1; for (l = 1; l <= L; l++) try(l, D, F, p); line("depth-" i * 10, bl, bd, bf)
		least = 1; for (f = 32; f <= F; f += 32) try(L, D, f, p); line("ffn-" i * 10, bl, bd, bf)
		least = 1; for (d = 32; d <= D; d += 32) try(L, d, F, p); line("width-" i * 10, bl, bd, bf)
		best = 9
		for (l = 1; l <= L; l++) for (d = 32; d <= D; d += 32) for (f = 32; f <= F; f += 32)
			if (away(1 - weights(l, d, f) / all - p) < 0.005) {
				m = (l / L + d / D + f / F) / 3
				e = (l / L - m) ^ 2 + (d / D - m) ^ 2 + (f / F - m) ^ 2
				if (e < best) { best = e; bl = l; bd = d; bf = f }
			}
		line("all-" i * 10, bl, bd, bf)
	} }'
