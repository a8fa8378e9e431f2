/* SPDX-License-Identifier: Apache-2.0 */
/* Formulas: quantize_row_q4_0_ref() and quantize_row_q8_0_ref() of ggml-quants.c. All in f32; d is
 * rounded to half only where it is stored. */
#include "compute/blocks.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/dtype.h"

/* The weight of largest magnitude, the first of several. Not finite if any weight is not. */
static float
extreme(const float *w)
{
	float best = 0;

	for (int i = 0; i < FL_BLOCK; i++) {
		if (!isfinite(w[i]))
			return w[i];
		if (fabsf(w[i]) > fabsf(best))
			best = w[i];
	}
	return best;
}

/* Stores d as a half; false if that is none. */
static bool
put_half(uint8_t *dst, float d)
{
	uint16_t h = fl_f32_to_f16(d);

	memcpy(dst, &h, sizeof h);
	return (h & 0x7c00) != 0x7c00;
}

/* 1/d; 0 where that is no number, and d as a half is 0 then. */
static float
inverse(float d)
{
	float id = d != 0 ? 1 / d : 0;

	return isfinite(id) ? id : 0;
}

int
fl_blocks_q4_0(void *dst, const float *w, size_t n)
{
	for (uint8_t *p = dst; n > 0; n -= FL_BLOCK, w += FL_BLOCK, p += FL_BLOCK_Q4_0) {
		float d = extreme(w) / -8, id = inverse(d);

		if (!put_half(p, d))
			return -1;
		for (int j = 0; j < FL_BLOCK / 2; j++) {
			/* w id + 8.5 lies in [0, 16.5]: truncation rounds half up. */
			int low = (int)(w[j] * id + 8.5f), high = (int)(w[j + 16] * id + 8.5f);

			p[2 + j] = (uint8_t)((low < 15 ? low : 15) | (high < 15 ? high : 15) << 4);
		}
	}
	return 0;
}

int
fl_blocks_q8_0(void *dst, const float *w, size_t n)
{
	for (uint8_t *p = dst; n > 0; n -= FL_BLOCK, w += FL_BLOCK, p += FL_BLOCK_Q8_0) {
		float d = fabsf(extreme(w)) / 127, id = inverse(d);

		if (!put_half(p, d))
			return -1;
		for (int j = 0; j < FL_BLOCK; j++)
			p[2 + j] = (uint8_t)(int8_t)roundf(w[j] * id);
	}
	return 0;
}

/* A bf16 scale as a half: exact, or -1. */
static int
put_scale(uint8_t *dst, const uint8_t *scale)
{
	uint16_t b, h;
	float s;

	memcpy(&b, scale, sizeof b);
	s = fl_bf16_to_f32(b);
	h = fl_f32_to_f16(s);
	memcpy(dst, &h, sizeof h);
	return isfinite(s) && fl_f16_to_f32(h) == s ? 0 : -1;
}

/* Whether a group is zero all over, whatever its scale: then d may be zero. */
static bool
all(const uint8_t *packed, size_t bytes, uint8_t zero)
{
	while (bytes > 0 && packed[bytes - 1] == zero)
		bytes--;
	return bytes == 0;
}

static int
put_group_scale(uint8_t *dst, const uint8_t *packed, const uint8_t *scale, int bits)
{
	if (!all(packed, (size_t)bits * FL_BLOCK / 8, bits == 4 ? 0x88 : 0x80))
		return put_scale(dst, scale);
	memset(dst, 0, 2);
	return 0;
}

static unsigned
nibble(const uint8_t *packed, int i)
{
	return packed[i / 2] >> i % 2 * 4 & 15;
}

int
fl_blocks_q4_0_packed(void *dst, const void *packed, const void *scale, size_t n)
{
	const uint8_t *from = packed, *s = scale;

	for (uint8_t *p = dst; n > 0; n -= FL_BLOCK, from += 16, s += 2, p += FL_BLOCK_Q4_0) {
		if (put_group_scale(p, from, s, 4) < 0)
			return -1;
		for (int j = 0; j < FL_BLOCK / 2; j++)
			p[2 + j] = (uint8_t)(nibble(from, j) | nibble(from, j + 16) << 4);
	}
	return 0;
}

int
fl_blocks_q8_0_packed(void *dst, const void *packed, const void *scale, size_t n, int bits)
{
	const uint8_t *from = packed, *s = scale;

	for (uint8_t *p = dst; n > 0; n -= FL_BLOCK, from += 4 * bits, s += 2, p += FL_BLOCK_Q8_0) {
		if (put_group_scale(p, from, s, bits) < 0)
			return -1;
		for (int j = 0; j < FL_BLOCK; j++)
			p[2 + j] = (uint8_t)(bits == 8 ? from[j] - 128 : (int)nibble(from, j) - 8);
	}
	return 0;
}
