/* SPDX-License-Identifier: Apache-2.0 */
/* quant.h -- rounding weights to symmetric integers in groups, as struct fl_matrix stores them.
 *
 * A row of n weights, n a multiple of FL_MATRIX_GROUP, becomes n integers of 4 or 8 bits and a scale a group:
 * w ~ q s, q in [-2^(bits-1), 2^(bits-1) - 1]. The scale is rounded to bf16 before q is chosen, and
 * is never zero or subnormal. Packing: 32/bits integers to a little-endian 32-bit word, the first in
 * the lowest bits, each stored as q + 2^(bits-1). Plain arrays; nothing is allocated. The same bytes on
 * every machine. */
#ifndef FL_COMPUTE_QUANT_H
#define FL_COMPUTE_QUANT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compute/matrix.h"

/* Words in a packed row of n weights. */
static inline size_t
fl_quant_words(size_t n, int bits)
{
	return n * (size_t)bits / 32;
}

/* How the scale of a group is found. Zeroed it is plain rounding: s = max |w| / (2^(bits-1) - 1/2). */
struct fl_quant_how {
	bool search;	     /* for the scale that makes the sum of weight (w - q s)^2 least */
	bool negative;	     /* among scales below zero too, for which the range of q is mirrored */
	const float *weight; /* [n], each positive; NULL: 1 */
};

/* q = w / s to the nearest, ties to even, clipped. 0, or -1 if a weight is not finite. */
int fl_quant_row(const float *w, size_t n, int bits, const struct fl_quant_how *how, uint32_t *packed,
    uint16_t *scale);

/* The integers of one group, each q + 2^(bits-1), as they are packed. */
void fl_quant_pack(const uint32_t *q, int bits, uint32_t *packed);

/* Weights in proportion to the energy, never negative, of the inputs that the n columns of a matrix meet:
 * on average 1, plus a hundredth, so that what was silent in calibration still counts. */
void fl_quant_weights(float *weight, const double *energy, size_t n);

#endif
