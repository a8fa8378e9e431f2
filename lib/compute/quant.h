/* SPDX-License-Identifier: Apache-2.0 */
/* quant.h -- symmetric integers in groups of 32, as compressed-tensors packs them.
 *
 * A row of n weights, n a multiple of 32, becomes n integers of 4 or 8 bits and n/32 scales:
 * w ~ q s, q in [-2^(bits-1), 2^(bits-1) - 1]. The scale is rounded to bf16 before q is chosen, and
 * is never zero or subnormal. Packing: 32/bits integers to a little-endian 32-bit word, the first in
 * the lowest bits, each stored as q + 2^(bits-1). Plain arrays; nothing is allocated. */
#ifndef FL_COMPUTE_QUANT_H
#define FL_COMPUTE_QUANT_H

#include <stddef.h>
#include <stdint.h>

enum { FL_QUANT_GROUP = 32 };

/* Words in a packed row of n weights. */
static inline size_t
fl_quant_words(size_t n, int bits)
{
	return n * (size_t)bits / 32;
}

/* Plain rounding: s = max |w| / (2^(bits-1) - 1/2), q = w / s to the nearest, ties to even, clipped. */
void fl_quant_row(const float *w, size_t n, int bits, uint32_t *packed, uint16_t *scale);

/* dst[i] = q[i] * s, exact in f32. */
void fl_dequant_row(float *dst, const uint32_t *packed, const uint16_t *scale, size_t n, int bits);

#endif
