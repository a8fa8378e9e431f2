/* SPDX-License-Identifier: Apache-2.0 */
#include "compute/quant.h"

#include <math.h>
#include <string.h>

#include "base/dtype.h"

/* The smallest normal bf16: a group of zeros, or of almost nothing, gets this scale and all q = 0. */
static const float least = 0x1p-126f;

static float
group_scale(const float *w, int bits)
{
	float top = 0, s;

	for (int i = 0; i < FL_QUANT_GROUP; i++)
		top = fmaxf(top, fabsf(w[i]));
	/* The range is one longer below zero than above. Half a step past the largest positive q
	 * clips by no more than rounding does anyway, and uses the whole range. */
	s = fl_bf16_to_f32(fl_f32_to_bf16(top / ((float)(1 << (bits - 1)) - 0.5f)));
	return s >= least ? s : least;
}

void
fl_quant_row(const float *w, size_t n, int bits, uint32_t *packed, uint16_t *scale)
{
	const int zero = 1 << (bits - 1), per_word = 32 / bits;

	memset(packed, 0, fl_quant_words(n, bits) * sizeof *packed);
	for (size_t g = 0; g < n / FL_QUANT_GROUP; g++, w += FL_QUANT_GROUP) {
		float s = group_scale(w, bits);

		scale[g] = fl_f32_to_bf16(s);
		for (int i = 0; i < FL_QUANT_GROUP; i++) {
			float q = rintf(w[i] / s);
			int clipped = q < (float)-zero ? -zero : q > (float)(zero - 1) ? zero - 1 : (int)q;

			packed[i / per_word] |= (uint32_t)(clipped + zero) << i % per_word * bits;
		}
		packed += FL_QUANT_GROUP / per_word;
	}
}

void
fl_dequant_row(float *dst, const uint32_t *packed, const uint16_t *scale, size_t n, int bits)
{
	const uint32_t mask = (1u << bits) - 1;
	const int zero = 1 << (bits - 1), per_word = 32 / bits;

	for (size_t g = 0; g < n / FL_QUANT_GROUP; g++, packed += FL_QUANT_GROUP / per_word) {
		float s = fl_bf16_to_f32(scale[g]);

		for (int i = 0; i < FL_QUANT_GROUP; i++)
			*dst++ =
			    (float)((int)(packed[i / per_word] >> i % per_word * bits & mask) - zero) * s;
	}
}
