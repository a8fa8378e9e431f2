/* SPDX-License-Identifier: Apache-2.0 */
#include "compute/gemm.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/parallel.h"
#include "compute/sgemm.h"
#include "compute/vec.h"

struct job {
	float *c;
	const float *a;
	size_t m;
	const struct fl_matrix *w;
	struct fl_scratch *scratch;
	size_t tile_m, tile_n, tiles_m; /* GEMM */
	size_t rows;			/* GEMV: rows of w a tile */
};

static size_t
min(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t
ceil_div(size_t a, size_t b)
{
	return (a + b - 1) / b;
}

/* --- one to four rows of A: a dot product for each row of W --- */

/* Columns of W turned into f32 at a time stay in the first-level cache. Less than a tile is not worth
 * waking a thread for. */
enum { PART = 512, TILE_BYTES = 128 << 10 };

/* acc[i] += lane-wise products of w and row i of a, over n columns. */
FL_INLINE void
dot_rows(fl_vec *acc, const float *w, const float *a, size_t lda, size_t rows, size_t n)
{
	fl_vec x, y;
	size_t k = 0;

	for (; k + FL_LANES <= n; k += FL_LANES) {
		fl_vec_load(&x, w + k);
		for (size_t i = 0; i < rows; i++) {
			fl_vec_load(&y, a + i * lda + k);
			acc[i] += x * y;
		}
	}
	if (k == n)
		return;
	fl_vec_load_part(&x, w + k, n - k);
	for (size_t i = 0; i < rows; i++) {
		fl_vec_load_part(&y, a + i * lda + k, n - k);
		acc[i] += x * y;
	}
}

FL_CLONES static void
dot(float *restrict acc, const float *w, const float *a, size_t lda, size_t rows, size_t n)
{
	fl_vec v[FL_GEMV_ROWS];

	for (size_t i = 0; i < rows; i++)
		fl_vec_load(&v[i], acc + i * FL_LANES);
	switch (rows) {
	case 1: dot_rows(v, w, a, lda, 1, n); break;
	case 2: dot_rows(v, w, a, lda, 2, n); break;
	case 3: dot_rows(v, w, a, lda, 3, n); break;
	default: dot_rows(v, w, a, lda, 4, n); break;
	}
	for (size_t i = 0; i < rows; i++)
		fl_vec_store(acc + i * FL_LANES, &v[i]);
}

static void
gemv_tile(void *ctx, size_t tile, int thread)
{
	const struct job *j = ctx;
	const struct fl_matrix *w = j->w;
	size_t first = tile * j->rows, last = min(first + j->rows, w->rows);
	float part[PART];

	(void)thread;
	for (size_t n = first; n < last; n++) {
		float acc[FL_GEMV_ROWS * FL_LANES] = { 0 };

		for (size_t k = 0; k < w->cols; k += PART) {
			size_t nk = min(PART, w->cols - k);

			fl_matrix_part_f32(w, n, k, nk, part);
			dot(acc, part, j->a + k, w->cols, j->m, nk);
		}
		for (size_t i = 0; i < j->m; i++) {
			fl_vec v;

			fl_vec_load(&v, acc + i * FL_LANES);
			j->c[i * w->rows + n] = fl_vec_sum(&v);
		}
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
	size_t mi = min(j->tile_m, j->m - i), ni = min(j->tile_n, w->rows - n);
	float *part = fl_scratch_get(j->scratch, thread, ni * min(TILE_K, w->cols));

	for (size_t k = 0; k < w->cols; k += TILE_K) {
		size_t nk = min(TILE_K, w->cols - k);

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
	size_t n = j->w->rows, across = ceil_div(n, TILE_N);

	j->tile_n = ceil_div(ceil_div(n, across), FL_LANES) * FL_LANES;
	j->tile_m = ceil_div(j->m, ceil_div(j->m, TILE_M));
	if (across * ceil_div(j->m, TILE_M) < 16)
		j->tile_m = ceil_div(j->tile_m, 2);
	j->tiles_m = ceil_div(j->m, j->tile_m);
}

void
fl_gemm(float *c, const float *a, size_t m, const struct fl_matrix *w, struct fl_scratch *s)
{
	struct job j = { .c = c, .a = a, .m = m, .w = w, .scratch = s };

	if (m == 0 || w->rows == 0)
		return;
	if (m <= FL_GEMV_ROWS) {
		j.rows = ceil_div(TILE_BYTES, fl_matrix_row_size(w) + 1);
		fl_parallel(ceil_div(w->rows, j.rows), gemv_tile, &j);
		return;
	}
	choose_tiles(&j);
	fl_parallel(j.tiles_m * ceil_div(w->rows, j.tile_n), gemm_tile, &j);
}
