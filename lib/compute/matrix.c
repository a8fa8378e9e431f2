/* SPDX-License-Identifier: Apache-2.0 */
#include "compute/matrix.h"

#include "base/dtype.h"
#include "compute/vec.h"

static size_t
bits(enum fl_matrix_kind kind)
{
	switch (kind) {
	case FL_MATRIX_F32: return 32;
	case FL_MATRIX_F16:
	case FL_MATRIX_BF16: return 16;
	case FL_MATRIX_INT8: return 8;
	case FL_MATRIX_INT4: return 4;
	}
	return 0;
}

size_t
fl_matrix_row_size(const struct fl_matrix *m)
{
	return m->cols * bits(m->kind) / 8;
}

size_t
fl_matrix_size(const struct fl_matrix *m)
{
	size_t groups = m->scales ? m->cols / FL_MATRIX_GROUP : 0;

	return m->rows * (fl_matrix_row_size(m) + groups * sizeof(uint16_t));
}

FL_CLONES static void
from_bf16(float *restrict dst, const unsigned char *restrict src, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint16_t h;
		uint32_t u;

		memcpy(&h, src + 2 * i, sizeof h);
		u = (uint32_t)h << 16;
		memcpy(&dst[i], &u, sizeof u);
	}
}

/* Without branches: shifted into place, exponent and fraction are those of a number 2^112 times too
 * small, subnormal or not; infinities and NaNs get the highest exponent afterwards. */
FL_CLONES static void
from_f16(float *restrict dst, const unsigned char *restrict src, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint16_t h;
		uint32_t u;
		float x;

		memcpy(&h, src + 2 * i, sizeof h);
		u = (uint32_t)(h & 0x7fff) << 13;
		memcpy(&x, &u, sizeof x);
		x *= 0x1p112f;
		memcpy(&u, &x, sizeof u);
		u |= (h & 0x7c00) == 0x7c00 ? 0x7f800000u : 0;
		u |= (uint32_t)(h & 0x8000) << 16;
		memcpy(&dst[i], &u, sizeof u);
	}
}

/* Whole groups; per is the number of values in a word. */
FL_INLINE void
from_packed(float *restrict dst, const unsigned char *restrict src,
    const unsigned char *restrict scales, size_t n, unsigned width)
{
	const unsigned per = 32 / width, mask = (1u << width) - 1;
	const int offset = 1 << (width - 1);

	for (size_t g = 0; g < n / FL_MATRIX_GROUP; g++) {
		uint16_t h;
		float scale;

		memcpy(&h, scales + 2 * g, sizeof h);
		scale = fl_bf16_to_f32(h);
		for (unsigned w = 0; w < FL_MATRIX_GROUP / per; w++) {
			uint32_t word;

			memcpy(&word, src, sizeof word);
			src += sizeof word;
			for (unsigned i = 0; i < per; i++)
				*dst++ = (float)((int)(word >> width * i & mask) - offset) * scale;
		}
	}
}

FL_CLONES static void
from_int4(float *restrict dst, const unsigned char *restrict src,
    const unsigned char *restrict scales, size_t n)
{
	from_packed(dst, src, scales, n, 4);
}

FL_CLONES static void
from_int8(float *restrict dst, const unsigned char *restrict src,
    const unsigned char *restrict scales, size_t n)
{
	from_packed(dst, src, scales, n, 8);
}

void
fl_matrix_part_f32(const struct fl_matrix *m, size_t row, size_t first, size_t n, float *dst)
{
	const unsigned char *src = m->data, *scales = m->scales;

	src += row * fl_matrix_row_size(m) + first * bits(m->kind) / 8;
	if (scales)
		scales += (row * m->cols + first) / FL_MATRIX_GROUP * sizeof(uint16_t);
	switch (m->kind) {
	case FL_MATRIX_F32: memcpy(dst, src, n * sizeof *dst); return;
	case FL_MATRIX_F16: from_f16(dst, src, n); return;
	case FL_MATRIX_BF16: from_bf16(dst, src, n); return;
	case FL_MATRIX_INT8: from_int8(dst, src, scales, n); return;
	case FL_MATRIX_INT4: from_int4(dst, src, scales, n); return;
	}
}

void
fl_matrix_rows_f32(const struct fl_matrix *m, size_t first, size_t n, float *dst)
{
	for (size_t i = 0; i < n; i++)
		fl_matrix_part_f32(m, first + i, 0, m->cols, dst + i * m->cols);
}
