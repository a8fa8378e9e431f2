/* SPDX-License-Identifier: Apache-2.0 */
/* expand.h -- 32 stored weights as two vectors of f32; private to compute/.
 *
 * p points at the first of them, possibly unaligned; scale at their bf16 scale where quantized. With a
 * `kind` known at compile time nothing of the switch remains. */
#ifndef FL_COMPUTE_EXPAND_H
#define FL_COMPUTE_EXPAND_H

#include "base/dtype.h"
#include "compute/matrix.h"
#include "compute/vec.h"

typedef uint8_t fl_bytes __attribute__((vector_size(16)));
typedef uint16_t fl_halves __attribute__((vector_size(32)));

FL_INLINE void
fl_expand_bf16(fl_vec *w, const unsigned char *p)
{
	fl_halves h;

	memcpy(&h, p, sizeof h);
	*w = (fl_vec)(__builtin_convertvector(h, fl_ivec) << 16);
}

/* Without branches: shifted into place, exponent and fraction are those of a number 2^112 times too
 * small, subnormal or not; infinities and NaNs, of exponent 31, get another 112 for 255. */
FL_INLINE void
fl_expand_f16(fl_vec *w, const unsigned char *p)
{
	fl_ivec h, special;
	fl_halves stored;
	fl_vec x;

	memcpy(&stored, p, sizeof stored);
	h = __builtin_convertvector(stored, fl_ivec);
	special = ((h & 0x7c00) + 0x400) >> 15;
	x = (fl_vec)((h & 0x7fff) << 13) * 0x1p112f;
	*w = (fl_vec)(((fl_ivec)x + special * (112 << 23)) | (h & 0x8000) << 16);
}

/* Widened in two steps, because compilers take one of four times the size element by element. */
FL_INLINE void
fl_expand_bytes(fl_vec *w, const fl_bytes *q, int offset, float scale)
{
	fl_ivec i = __builtin_convertvector(__builtin_convertvector(*q, fl_halves), fl_ivec) - offset;

	*w = __builtin_convertvector(i, fl_vec) * scale;
}

/* Value i is nibble i % 8 of word i / 8: the low nibble of byte i / 2 if i is even, else the high. */
FL_INLINE void
fl_expand_int4(fl_vec w[2], const unsigned char *p, float scale)
{
	fl_bytes b, even, odd, q;

	memcpy(&b, p, sizeof b);
	even = b & 15;
	odd = b >> 4;
	q = __builtin_shufflevector(even, odd, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
	fl_expand_bytes(&w[0], &q, 8, scale);
	q = __builtin_shufflevector(even, odd, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15,
	    31);
	fl_expand_bytes(&w[1], &q, 8, scale);
}

FL_INLINE void
fl_expand(enum fl_matrix_kind kind, fl_vec w[2], const unsigned char *p, const unsigned char *scale)
{
	fl_bytes q[2];
	uint16_t s = 0;

	if (kind == FL_MATRIX_INT4 || kind == FL_MATRIX_INT8)
		memcpy(&s, scale, sizeof s);
	switch (kind) {
	case FL_MATRIX_F32: memcpy(w, p, 2 * sizeof *w); return;
	case FL_MATRIX_BF16:
		fl_expand_bf16(&w[0], p);
		fl_expand_bf16(&w[1], p + sizeof(fl_halves));
		return;
	case FL_MATRIX_F16:
		fl_expand_f16(&w[0], p);
		fl_expand_f16(&w[1], p + sizeof(fl_halves));
		return;
	case FL_MATRIX_INT8:
		memcpy(q, p, sizeof q);
		fl_expand_bytes(&w[0], &q[0], 128, fl_bf16_to_f32(s));
		fl_expand_bytes(&w[1], &q[1], 128, fl_bf16_to_f32(s));
		return;
	case FL_MATRIX_INT4: fl_expand_int4(w, p, fl_bf16_to_f32(s)); return;
	case FL_MATRIX_PANELS8:
	case FL_MATRIX_PANELS4: return;
	}
}

/* Bytes of the 32. */
FL_INLINE size_t
fl_expand_size(enum fl_matrix_kind kind)
{
	switch (kind) {
	case FL_MATRIX_F32: return 128;
	case FL_MATRIX_F16:
	case FL_MATRIX_BF16: return 64;
	case FL_MATRIX_INT8: return 32;
	case FL_MATRIX_INT4: return 16;
	case FL_MATRIX_PANELS8:
	case FL_MATRIX_PANELS4: return 0;
	}
	return 0;
}

#endif
