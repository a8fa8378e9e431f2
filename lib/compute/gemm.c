/* SPDX-License-Identifier: Apache-2.0 */
#include "compute/gemm.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/parallel.h"
#include "base/size.h"
#include "compute/expand.h"
#include "compute/panels.h"
#include "compute/qgemm.h"
#include "compute/sgemm.h"

struct job {
	float *c;
	const float *a;
	size_t m;
	const struct fl_matrix *w;
	struct fl_scratch *scratch;
	size_t tile_m, tile_n, tiles_m; /* GEMM */
	size_t rows;			/* GEMV: rows of w a tile */
};

/* --- a few rows of A: a dot product for each row of W --- */

/* Less than a tile is not worth waking a thread for. */
enum { TILE_BYTES = 128 << 10 };

/* How far ahead of use weights are fetched: the machine's own prefetching stops at each page. What lies
 * beyond the end is asked for in vain, not touched. */
enum { AHEAD = 2048, LINE = 64 };

/* Rows of W times one row of A, whole groups of 32 columns: c[n] = sum. */
FL_INLINE void
dot_groups(enum fl_matrix_kind kind, const struct fl_matrix *w, size_t first, size_t last,
    const float *a, float *c)
{
	const unsigned char *src = w->data, *scale = w->scales ? w->scales : w->data;
	size_t groups = w->cols / FL_MATRIX_GROUP, row = fl_matrix_row_size(w);

	for (size_t n = first; n < last; n++) {
		const unsigned char *p = src + n * row, *s = scale + n * groups * sizeof(uint16_t);
		fl_vec sum[2] = { { 0 } }, x[2], y[2];

		for (size_t g = 0; g < groups; g++, p += fl_expand_size(kind), s += sizeof(uint16_t)) {
			for (size_t line = 0; line < fl_expand_size(kind); line += LINE)
				__builtin_prefetch(p + AHEAD + line);
			fl_expand(kind, x, p, s);
			memcpy(y, a + g * FL_MATRIX_GROUP, sizeof y);
			sum[0] += x[0] * y[0];
			sum[1] += x[1] * y[1];
		}
		sum[0] += sum[1];
		c[n] = fl_vec_sum(&sum[0]);
	}
}

FL_CLONES static void
dot_rows(const struct fl_matrix *w, size_t first, size_t last, const float *a, float *c)
{
	switch (w->kind) {
	case FL_MATRIX_F32: dot_groups(FL_MATRIX_F32, w, first, last, a, c); return;
	case FL_MATRIX_F16: dot_groups(FL_MATRIX_F16, w, first, last, a, c); return;
	case FL_MATRIX_BF16: dot_groups(FL_MATRIX_BF16, w, first, last, a, c); return;
	case FL_MATRIX_INT8: dot_groups(FL_MATRIX_INT8, w, first, last, a, c); return;
	case FL_MATRIX_INT4: dot_groups(FL_MATRIX_INT4, w, first, last, a, c); return;
	case FL_MATRIX_PANELS8:
	case FL_MATRIX_PANELS4: return;
	}
}

/* The columns after the last whole group. */
static void
add_tails(const struct fl_matrix *w, size_t first, size_t last, const float *a, float *c)
{
	size_t tail = w->cols % FL_MATRIX_GROUP, at = w->cols - tail;
	float part[FL_MATRIX_GROUP];

	for (size_t n = first; n < last && tail; n++) {
		fl_matrix_part_f32(w, n, at, tail, part);
		for (size_t k = 0; k < tail; k++)
			c[n] += part[k] * a[at + k];
	}
}

static void
gemv_tile(void *ctx, size_t tile, int thread)
{
	const struct job *j = ctx;
	size_t first = tile * j->rows, last = fl_min(first + j->rows, j->w->rows);

	(void)thread;
	for (size_t i = 0; i < j->m; i++) {
		const float *a = j->a + i * j->w->cols;
		float *c = j->c + i * j->w->rows;

		dot_rows(j->w, first, last, a, c);
		add_tails(j->w, first, last, a, c);
	}
}

/* --- more rows: tiles of C --- */

/* A tile of C is at most TILE_M x TILE_N, made from tiles of W at most TILE_K deep (1 MiB of f32, half
 * a usual second-level cache). */
enum { TILE_M = 256, TILE_N = 128, TILE_K = 2048 };

static void
gemm_tile(void *ctx, size_t tile, int thread)
{
	const struct job *j = ctx;
	const struct fl_matrix *w = j->w;
	size_t i = tile % j->tiles_m * j->tile_m, n = tile / j->tiles_m * j->tile_n;
	size_t mi = fl_min(j->tile_m, j->m - i), ni = fl_min(j->tile_n, w->rows - n);
	float *part = fl_scratch_get(j->scratch, thread, ni * fl_min(TILE_K, w->cols));

	for (size_t k = 0; k < w->cols; k += TILE_K) {
		size_t nk = fl_min(TILE_K, w->cols - k);

		for (size_t r = 0; r < ni; r++)
			fl_matrix_part_f32(w, n + r, k, nk, part + r * nk);
		fl_sgemm(&(struct fl_product){ .trans = true, .m = mi, .n = ni, .k = nk,
		    .a = j->a + i * w->cols + k, .lda = w->cols, .b = part, .ldb = nk,
		    .beta = k > 0, .c = j->c + i * w->rows + n, .ldc = w->rows });
	}
}

/* Tiles of equal size, whole vectors wide, and enough of them to keep some threads busy. */
static void
choose_tiles(struct job *j)
{
	size_t n = j->w->rows, across = fl_ceil_div(n, TILE_N);

	j->tile_n = fl_ceil_div(fl_ceil_div(n, across), FL_LANES) * FL_LANES;
	j->tile_m = fl_ceil_div(j->m, fl_ceil_div(j->m, TILE_M));
	if (across * fl_ceil_div(j->m, TILE_M) < 16)
		j->tile_m = fl_ceil_div(j->tile_m, 2);
	j->tiles_m = fl_ceil_div(j->m, j->tile_m);
}

static void
multiply(const struct fl_gemm_out *out, const float *a, size_t m, struct fl_scratch *s)
{
	const struct fl_matrix *w = out->w;
	struct job j = { .c = out->c, .a = a, .m = m, .w = w, .scratch = s };

	if (w->rows == 0)
		return;
	if (m <= FL_GEMV_ROWS) {
		j.rows = fl_ceil_div(TILE_BYTES, fl_matrix_row_size(w) + 1);
		fl_parallel(fl_ceil_div(w->rows, j.rows), gemv_tile, &j);
		return;
	}
	choose_tiles(&j);
	fl_parallel(j.tiles_m * fl_ceil_div(w->rows, j.tile_n), gemm_tile, &j);
}

/* --- matrices in panels --- */

static void
multiply_panels(const struct fl_gemm_out *out, size_t n, const float *a, size_t m, struct fl_scratch *s)
{
	size_t cols = out->w->cols;
	struct fl_qrows rounded = fl_qrows_make(fl_scratch_get(s, 0, fl_qrows_room(m, cols)), a, m, cols);

	fl_qgemm(out, n, &rounded, NULL);
}

void
fl_gemm_all(const struct fl_gemm_out *out, size_t n, const float *a, size_t m, struct fl_scratch *s)
{
	size_t together;

	for (; n > 0 && m > 0; out += together, n -= together) {
		for (together = 0; together < n && fl_panels_are(out[together].w);)
			together++;
		if (together > 0) {
			multiply_panels(out, together, a, m, s);
			continue;
		}
		multiply(out, a, m, s);
		together = 1;
	}
}

void
fl_gemm(float *c, const float *a, size_t m, const struct fl_matrix *w, struct fl_scratch *s)
{
	fl_gemm_all(&(struct fl_gemm_out){ c, w }, 1, a, m, s);
}
