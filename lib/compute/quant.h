/* SPDX-License-Identifier: Apache-2.0 */
/* quant.h -- rounding weights to symmetric integers in groups, as struct fl_matrix stores them.
 *
 * A row of n weights, n a multiple of FL_MATRIX_GROUP, becomes n integers of 4 or 8 bits and a scale a group:
 * w ~ q s, q in [-2^(bits-1), 2^(bits-1) - 1]. The scale is rounded to bf16 before q is chosen, and
 * is never zero or subnormal. Packing: 32/bits integers to a little-endian 32-bit word, the first in
 * the lowest bits, each stored as q + 2^(bits-1). Plain arrays; nothing is allocated. */
#ifndef FL_COMPUTE_QUANT_H
#define FL_COMPUTE_QUANT_H

#include <stddef.h>
#include <stdint.h>

#include "compute/matrix.h"

/* Words in a packed row of n weights. */
static inline size_t
fl_quant_words(size_t n, int bits)
{
	return n * (size_t)bits / 32;
}

/* Plain rounding: s = max |w| / (2^(bits-1) - 1/2), q = w / s to the nearest, ties to even, clipped.
 * 0, or -1 if a weight is not finite. */
int fl_quant_row(const float *w, size_t n, int bits, uint32_t *packed, uint16_t *scale);

#endif
