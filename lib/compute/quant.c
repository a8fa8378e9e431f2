/* SPDX-License-Identifier: Apache-2.0 */
#include "compute/quant.h"

#include <math.h>
#include <stdbool.h>

#include "base/dtype.h"

/* The smallest normal bf16: a group of zeros, or of almost nothing, gets this scale and all q = 0. */
static const float least = 0x1p-126f;

static float
group_scale(const float *w, int bits)
{
	float top = 0, s;

	for (int i = 0; i < FL_MATRIX_GROUP; i++) {
		float a = fabsf(w[i]);

		top = a > top ? a : top;
	}
	/* The range is one longer below zero than above. Half a step past the largest positive q
	 * clips by no more than rounding does anyway, and uses the whole range. */
	s = fl_bf16_to_f32(fl_f32_to_bf16(top / ((float)(1 << (bits - 1)) - 0.5f)));
	return s >= least ? s : least;
}

/* q + zero of one group. Adding and taking away 1.5 * 2^23 rounds to the nearest integer, ties to
 * even, for any |x| below 2^22; |w / s| is at most a little over zero. Written so that it vectorises. */
static void
round_group(const float *restrict w, float s, int zero, uint32_t *restrict q)
{
	const float shift = 12582912, low = (float)-zero, high = (float)(zero - 1);

	for (int i = 0; i < FL_MATRIX_GROUP; i++) {
		float x = w[i] / s + shift - shift;

		x = x < low ? low : x;
		x = x > high ? high : x;
		q[i] = (uint32_t)(int32_t)(x - low);
	}
}

static bool
is_finite(const float *w)
{
	float zero = 0;

	for (int i = 0; i < FL_MATRIX_GROUP; i++)
		zero += w[i] * 0;
	return zero == 0;
}

int
fl_quant_row(const float *w, size_t n, int bits, uint32_t *packed, uint16_t *scale)
{
	const int zero = 1 << (bits - 1), per_word = 32 / bits;
	uint32_t q[FL_MATRIX_GROUP];

	for (size_t g = 0; g < n / FL_MATRIX_GROUP; g++, w += FL_MATRIX_GROUP) {
		float s = group_scale(w, bits);

		if (!is_finite(w))
			return -1;
		scale[g] = fl_f32_to_bf16(s);
		round_group(w, s, zero, q);
		for (int i = 0; i < FL_MATRIX_GROUP; i += per_word, packed++) {
			*packed = 0;
			for (int k = 0; k < per_word; k++)
				*packed |= q[i + k] << k * bits;
		}
	}
	return 0;
}
