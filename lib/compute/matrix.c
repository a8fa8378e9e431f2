/* SPDX-License-Identifier: Apache-2.0 */
#include "compute/matrix.h"

#include "compute/expand.h"
#include "compute/panels.h"

static size_t
bits(enum fl_matrix_kind kind)
{
	switch (kind) {
	case FL_MATRIX_F32: return 32;
	case FL_MATRIX_F16:
	case FL_MATRIX_BF16: return 16;
	case FL_MATRIX_INT8:
	case FL_MATRIX_PANELS8: return 8;
	case FL_MATRIX_INT4:
	case FL_MATRIX_PANELS4: return 4;
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

	if (fl_panels_are(m))
		return fl_panels_size(m);
	return m->rows * (fl_matrix_row_size(m) + groups * sizeof(uint16_t));
}

void
fl_matrix_repeat_scales(uint16_t *to, const void *from, size_t n, size_t times)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < times; k++)
			memcpy(to++, (const char *)from + i * sizeof *to, sizeof *to);
}

/* What is left of a row after whole groups, for the kinds that have no groups. */
static void
expand_tail(const struct fl_matrix *m, const unsigned char *src, size_t n, float *dst)
{
	uint16_t h;

	for (size_t i = 0; i < n; i++) {
		if (m->kind == FL_MATRIX_F32) {
			memcpy(&dst[i], src + i * sizeof *dst, sizeof *dst);
			continue;
		}
		memcpy(&h, src + i * sizeof h, sizeof h);
		dst[i] = m->kind == FL_MATRIX_BF16 ? fl_bf16_to_f32(h) : fl_f16_to_f32(h);
	}
}

FL_INLINE void
expand_groups(enum fl_matrix_kind kind, const unsigned char *src, const unsigned char *scales,
    size_t groups, float *dst)
{
	for (size_t g = 0; g < groups; g++, dst += FL_MATRIX_GROUP) {
		fl_vec w[2];

		fl_expand(kind, w, src + g * fl_expand_size(kind), scales + g * sizeof(uint16_t));
		memcpy(dst, w, sizeof w);
	}
}

FL_CLONES static void
expand(enum fl_matrix_kind kind, const unsigned char *src, const unsigned char *scales, size_t groups,
    float *dst)
{
	switch (kind) {
	case FL_MATRIX_F32: expand_groups(FL_MATRIX_F32, src, scales, groups, dst); return;
	case FL_MATRIX_F16: expand_groups(FL_MATRIX_F16, src, scales, groups, dst); return;
	case FL_MATRIX_BF16: expand_groups(FL_MATRIX_BF16, src, scales, groups, dst); return;
	case FL_MATRIX_INT8: expand_groups(FL_MATRIX_INT8, src, scales, groups, dst); return;
	case FL_MATRIX_INT4: expand_groups(FL_MATRIX_INT4, src, scales, groups, dst); return;
	case FL_MATRIX_PANELS8:
	case FL_MATRIX_PANELS4: return;
	}
}

void
fl_matrix_part_f32(const struct fl_matrix *m, size_t row, size_t first, size_t n, float *dst)
{
	const unsigned char *src = m->data, *scales = m->scales ? m->scales : m->data;
	size_t groups = n / FL_MATRIX_GROUP, whole = groups * FL_MATRIX_GROUP;

	if (fl_panels_are(m)) {
		fl_panels_part_f32(m, row, first, n, dst);
		return;
	}
	src += row * fl_matrix_row_size(m) + first * bits(m->kind) / 8;
	if (m->scales)
		scales += (row * m->cols + first) / FL_MATRIX_GROUP * sizeof(uint16_t);
	expand(m->kind, src, scales, groups, dst);
	expand_tail(m, src + groups * fl_expand_size(m->kind), n - whole, dst + whole);
}

void
fl_matrix_rows_f32(const struct fl_matrix *m, size_t first, size_t n, float *dst)
{
	for (size_t i = 0; i < n; i++)
		fl_matrix_part_f32(m, first + i, 0, m->cols, dst + i * m->cols);
}
