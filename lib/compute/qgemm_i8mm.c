/* SPDX-License-Identifier: Apache-2.0 */
/* NEON's matrix product of two outputs and two rows, eight inputs deep, of unsigned weights and signed activations.
 * Four numbers are of outputs o, o, o+1, o+1 and rows r, r+1, r, r+1. */
#include "compute/qgemm.h"

#ifdef __aarch64__
#ifndef __clang__ /* gcc would load all weights of a group first, for which registers do not suffice */
#pragma GCC optimize("no-schedule-insns")
#endif
#include <arm_neon.h>
#include <string.h>

#include "compute/panels.h"
#include "compute/qgemm_path.h"
#include "compute/vec.h"

#define TARGET __attribute__((target("arch=armv8.2-a+i8mm")))
#define INLINE static inline __attribute__((always_inline)) TARGET
enum { ROWS = 4, OUTPUTS = 8, QUADS = OUTPUTS / 4 };

/* Sums of two rows and OUTPUTS outputs. */
struct strip {
	int32x4_t sum[2 * QUADS];
};

/* Eight inputs from those of 2 x 4 of QUADS x 4 outputs. */
INLINE void
multiply_eight(struct strip s[ROWS / 2], const int8_t *const x[ROWS], size_t at, size_t rows,
    const uint8x16_t low[QUADS], const uint8x16_t high[QUADS])
{
	FL_UNROLL
	for (size_t r = 0; r < (rows + 1) / 2; r++) {
		int8x16_t two = vcombine_s8(vld1_s8(x[2 * r] + at), vld1_s8(x[2 * r + 1] + at));

		FL_UNROLL
		for (size_t i = 0; i < QUADS; i++) {
			uint32x4_t a = vreinterpretq_u32_u8(low[i]), b = vreinterpretq_u32_u8(high[i]);

			s[r].sum[2 * i] = vusmmlaq_s32(s[r].sum[2 * i], vreinterpretq_u8_u32(vzip1q_u32(a, b)), two);
			s[r].sum[2 * i + 1] = vusmmlaq_s32(s[r].sum[2 * i + 1], vreinterpretq_u8_u32(vzip2q_u32(a, b)), two);
		}
	}
}

INLINE void
multiply_group(struct strip s[ROWS / 2], const int8_t *const x[ROWS], size_t at, size_t rows,
    const unsigned char *p, bool eight)
{
	const size_t line = 2 * FL_PANEL_VECTOR, lines = eight ? 8 : 4;

	FL_UNROLL
	for (size_t z = 0; z < lines; z += 2) {
		uint8x16_t w[2][QUADS], half[2][QUADS];

		FL_UNROLL
		for (size_t i = 0; i < 2 * QUADS; i++)
			w[i / QUADS][i % QUADS] = vld1q_u8(p + (z + i / QUADS) * line + i % QUADS * 16);
		if (eight) {
			multiply_eight(s, x, at + 4 * z, rows, w[0], w[1]);
		} else {
			FL_UNROLL
			for (size_t i = 0; i < 2 * QUADS; i++)
				half[i / QUADS][i % QUADS] = vandq_u8(w[i / QUADS][i % QUADS], vdupq_n_u8(15));
			multiply_eight(s, x, at + 4 * z, rows, half[0], half[1]);
			FL_UNROLL
			for (size_t i = 0; i < 2 * QUADS; i++)
				half[i / QUADS][i % QUADS] = vshrq_n_u8(w[i / QUADS][i % QUADS], 4);
			multiply_eight(s, x, at + 4 * z + 16, rows, half[0], half[1]);
		}
	}
}

/* Of a pair of rows, those in the table `of`: r, r+1, r, r+1. */
INLINE float32x4_t
twice(const float *of, size_t row, size_t second)
{
	const float four[4] = { of[row], of[second], of[row], of[second] };

	return vld1q_f32(four);
}

INLINE void
finish(float *c, size_t ldc, const struct fl_qrows *a, size_t row, size_t rows, const float *sums,
    float32x4_t f[2 * QUADS])
{
	size_t second = rows > 1 ? row + 1 : row;
	float32x4_t zero = vnegq_f32(twice(a->zero, row, second)), scale = twice(a->scale, row, second);

	for (size_t i = 0; i < QUADS; i++) {
		float32x4_t w = vld1q_f32(sums + 4 * i), x, y;

		x = vmulq_f32(vfmaq_f32(f[2 * i], zero, vzip1q_f32(w, w)), scale);
		y = vmulq_f32(vfmaq_f32(f[2 * i + 1], zero, vzip2q_f32(w, w)), scale);
		vst1q_f32(c + 4 * i, vuzp1q_f32(x, y));
		if (rows > 1)
			vst1q_f32(c + ldc + 4 * i, vuzp2q_f32(x, y));
	}
}

/* Rows times OUTPUTS outputs of a panel, from output `at` on. A last row without a second one stands for it, too. */
INLINE void
cell(float *c, size_t ldc, const struct fl_qrows *a, size_t row, size_t rows, const unsigned char *panel,
    size_t at, bool eight, const struct path *path)
{
	size_t groups = a->cols / FL_MATRIX_GROUP, in = at / 16 * FL_PANEL_VECTOR + at % 16 * 4;
	const unsigned char *p = panel + FL_PANEL_SUMS;
	float32x4_t f[ROWS / 2][2 * QUADS] = { 0 };
	const int32_t *start[ROWS];
	const int8_t *x[ROWS];

	for (size_t r = 0; r < ROWS; r++) {
		x[r] = a->q + (row + (r < rows ? r : rows - 1)) * a->cols;
		start[r] = a->start + (row + (r < rows ? r : rows - 1)) * groups;
	}
	for (size_t g = 0; g < groups; g++, p += fl_panels_group(eight)) {
		struct strip s[ROWS / 2];

		if (rows < ROWS && at == 0) /* not where more rows will come to the same weights */
			fetch(path, p, fl_panels_group(eight));
		FL_UNROLL
		for (size_t r = 0; r < (rows + 1) / 2; r++) {
			const int32_t four[4] = { start[2 * r][g], start[2 * r + 1][g], start[2 * r][g], start[2 * r + 1][g] };

			for (size_t i = 0; i < 2 * QUADS; i++)
				s[r].sum[i] = vmulq_n_s32(vld1q_s32(four), eight ? 16 : 1);
		}
		multiply_group(s, x, g * FL_MATRIX_GROUP, rows, p + FL_PANEL_SCALES + in, eight);
		FL_UNROLL
		for (size_t i = 0; i < QUADS; i++) {
			float32x4_t scale = vreinterpretq_f32_u32(vshll_n_u16(vld1_u16((const uint16_t *)p + at + 4 * i), 16));

			FL_UNROLL
			for (size_t r = 0; r < (rows + 1) / 2; r++) {
				f[r][2 * i] = vfmaq_f32(f[r][2 * i], vcvtq_f32_s32(s[r].sum[2 * i]), vzip1q_f32(scale, scale));
				f[r][2 * i + 1] = vfmaq_f32(f[r][2 * i + 1], vcvtq_f32_s32(s[r].sum[2 * i + 1]),
				    vzip2q_f32(scale, scale));
			}
		}
	}
	for (size_t r = 0; r < rows; r += 2)
		finish(c + r * ldc, ldc, a, row + r, rows - r, (const float *)panel + at, f[r / 2]);
}

INLINE void
cells(float *c, size_t ldc, const struct fl_qrows *a, size_t row, size_t rows, const unsigned char *panel,
    bool eight, const struct path *path)
{
	for (size_t at = 0; at < FL_PANEL; at += OUTPUTS, c += OUTPUTS)
		switch (rows) {
		case 1: cell(c, ldc, a, row, 1, panel, at, eight, path); break;
		case 2: cell(c, ldc, a, row, 2, panel, at, eight, path); break;
		case 3: cell(c, ldc, a, row, 3, panel, at, eight, path); break;
		default: cell(c, ldc, a, row, 4, panel, at, eight, path); break;
		}
}

#include "compute/qgemm_walk.h"

const struct fl_qgemm fl_qgemm_i8mm = { .name = "neon-i8mm", .isa = FL_ISA_I8MM, .int4 = int4, .int8 = int8 };
#endif
