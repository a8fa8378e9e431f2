/* SPDX-License-Identifier: Apache-2.0 */
/* qgemm_tile.h -- the kernels of qgemm.h in the compiler's vectors of LANES 32-bit numbers; included once an
 * instruction set, by a file that defined before
 *
 *     TARGET	the attribute that allows its instructions
 *     LANES	outputs of a vector
 *     SPAN	vectors of outputs done at once, and ROWS, rows done at once: what the registers hold
 *     ALONE	vectors of outputs done at once where there is one row, SPAN or more
 *     SIGNED	1 where the products want signed weights, 0 where they want unsigned ones
 *
 * and that defines begin(), dot4(), dot8(), end() and madd() after. Everything is inlined: how vectors are
 * passed depends on the instruction set. */
#include <string.h>

#include "base/dtype.h"
#include "compute/panels.h"
#include "compute/qgemm_path.h"
#include "compute/vec.h"

#define INLINE static inline __attribute__((always_inline)) TARGET

typedef float vec __attribute__((vector_size(LANES * 4)));
typedef int32_t ivec __attribute__((vector_size(LANES * 4)));
typedef uint32_t uvec __attribute__((vector_size(LANES * 4)));
typedef uint8_t bytes __attribute__((vector_size(LANES * 4)));
typedef uint16_t halves __attribute__((vector_size(LANES * 2)));

/* A sum over a group on its way: what an instruction set makes of it. */
struct sums {
	ivec a, b;
};

INLINE void begin(struct sums *s, int32_t start);

/* s += w x, four bytes a lane, those of w below 16, or any; x points at the same four for all lanes. */
INLINE void dot4(struct sums *s, const int8_t *x, const ivec *w);
INLINE void dot8(struct sums *s, const int8_t *x, const ivec *w);

/* The sum, its start included. */
INLINE void end(ivec *sum, const struct sums *s, int32_t start, bool eight);

/* sum += x y, rounded once. */
INLINE void madd(vec *sum, const vec *x, const vec *y);

/* Four inputs of four bits, and the four that are 16 further on. */
INLINE void
split(ivec *low, ivec *high, const unsigned char *p)
{
	uvec w;

	memcpy(&w, p, sizeof w);
	*low = (ivec)(w & 0x0f0f0f0f);
	*high = (ivec)(w >> 4 & 0x0f0f0f0f);
#if SIGNED
	*low = (ivec)((bytes)*low - 8);
	*high = (ivec)((bytes)*high - 8);
#endif
}

INLINE void
widen(vec *scale, const unsigned char *p)
{
	halves h;

	memcpy(&h, p, sizeof h);
	*scale = (vec)(__builtin_convertvector(h, uvec) << 16);
}

/* The group at p for `rows` rows, at x and cols apart, and `span` vectors of outputs. */
INLINE void
group4(struct sums s[ROWS][ALONE], const int8_t *x, size_t cols, size_t rows, size_t span,
    const unsigned char *p)
{
	FL_UNROLL
	for (size_t z = 0; z < 4; z++, p += 2 * FL_PANEL_VECTOR) {
		ivec low[ALONE], high[ALONE];

		FL_UNROLL
		for (size_t i = 0; i < span; i++)
			split(&low[i], &high[i], p + i * sizeof(ivec));
		FL_UNROLL
		for (size_t r = 0; r < rows; r++)
			FL_UNROLL
			for (size_t i = 0; i < span; i++)
				dot4(&s[r][i], x + r * cols + 4 * z, &low[i]);
		FL_UNROLL
		for (size_t r = 0; r < rows; r++)
			FL_UNROLL
			for (size_t i = 0; i < span; i++)
				dot4(&s[r][i], x + r * cols + 4 * z + 16, &high[i]);
	}
}

INLINE void
group8(struct sums s[ROWS][ALONE], const int8_t *x, size_t cols, size_t rows, size_t span,
    const unsigned char *p)
{
	FL_UNROLL
	for (size_t z = 0; z < 8; z++, p += 2 * FL_PANEL_VECTOR) {
		ivec w[ALONE];

		FL_UNROLL
		for (size_t i = 0; i < span; i++) {
			memcpy(&w[i], p + i * sizeof(ivec), sizeof w[i]);
#if SIGNED
			w[i] ^= (ivec)((uvec){ 0 } + 0x80808080);
#endif
		}
		FL_UNROLL
		for (size_t r = 0; r < rows; r++)
			FL_UNROLL
			for (size_t i = 0; i < span; i++)
				dot8(&s[r][i], x + r * cols + 4 * z, &w[i]);
	}
}

/* `rows` rows times `span` vectors of outputs of a panel, from output `at` on. */
INLINE void
cell(float *c, size_t ldc, const struct fl_qrows *a, size_t row, size_t rows, size_t span, const unsigned char *panel,
    size_t at, bool eight, const struct path *path)
{
	size_t groups = a->cols / FL_MATRIX_GROUP, cols = a->cols;
	size_t size = fl_panels_group(eight);
	size_t in = at / 16 * FL_PANEL_VECTOR + at % 16 * 4;
	const int8_t *x = a->q + row * cols;
	const int32_t *start = a->start + row * groups;
	const unsigned char *p = panel + FL_PANEL_SUMS;
	vec sum[ROWS][ALONE] = { 0 }, scale[ALONE];

	for (size_t g = 0; g < groups; g++, p += size, x += FL_MATRIX_GROUP) {
		struct sums s[ROWS][ALONE];

		if (rows < ROWS) /* not where more rows will come to the same weights */
			fetch(path, p, size);
		FL_UNROLL
		for (size_t r = 0; r < rows; r++)
			FL_UNROLL
			for (size_t i = 0; i < span; i++)
				begin(&s[r][i], start[r * groups + g] * (eight ? 16 : 1));
		if (eight)
			group8(s, x, cols, rows, span, p + FL_PANEL_SCALES + in);
		else
			group4(s, x, cols, rows, span, p + FL_PANEL_SCALES + in);
		FL_UNROLL
		for (size_t i = 0; i < span; i++)
			widen(&scale[i], p + (at + i * LANES) * 2);
		FL_UNROLL
		for (size_t r = 0; r < rows; r++)
			FL_UNROLL
			for (size_t i = 0; i < span; i++) {
				ivec whole;
				vec f;

				end(&whole, &s[r][i], start[r * groups + g] * (eight ? 16 : 1), eight);
				f = __builtin_convertvector(whole, vec);
				madd(&sum[r][i], &f, &scale[i]);
			}
	}
	FL_UNROLL
	for (size_t r = 0; r < rows; r++)
		FL_UNROLL
		for (size_t i = 0; i < span; i++) {
			vec w, zero = (vec){ 0 } - a->zero[row + r];

			memcpy(&w, panel + (at + i * LANES) * 4, sizeof w);
			madd(&sum[r][i], &zero, &w);
			sum[r][i] *= a->scale[row + r];
			memcpy(c + r * ldc + i * LANES, &sum[r][i], sizeof w);
		}
}

/* The numbers constants, so that everything stays in registers. */
#define CELL(n) case n: cell(c, ldc, a, row, n, n == 1 ? ALONE : SPAN, panel, at, eight, path); break

INLINE void
cells(float *c, size_t ldc, const struct fl_qrows *a, size_t row, size_t rows, const unsigned char *panel,
    bool eight, const struct path *path)
{
	size_t outputs = (rows == 1 ? ALONE : SPAN) * LANES;

	for (size_t at = 0; at < FL_PANEL; at += outputs, c += outputs)
		switch (rows) {
		CELL(1);
#if ROWS > 1
		CELL(2);
#endif
#if ROWS > 2
		CELL(3);
#endif
#if ROWS > 3
		CELL(4);
#endif
#if ROWS > 4
		CELL(5);
#endif
#if ROWS > 5
		CELL(6);
#endif
		default: break;
		}
}

#include "compute/qgemm_walk.h"
