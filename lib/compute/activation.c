/* SPDX-License-Identifier: Apache-2.0 */
#include "compute/activation.h"

#include "base/parallel.h"
#include "compute/vec.h"

enum { TILE = 1 << 14 /* floats a tile, whole vectors */ };

struct job {
	float *x;
	const float *y;
	size_t n;
};

FL_INLINE void
swiglu_vec(fl_vec *gate, const fl_vec *up)
{
	fl_vec e = -*gate;

	fl_vec_exp(&e);
	*gate = *gate / (1 + e) * *up;
}

FL_CLONES static void
swiglu(float *gate, const float *up, size_t n)
{
	fl_vec g, u;
	size_t i = 0;

	for (; i + FL_LANES <= n; i += FL_LANES) {
		fl_vec_load(&g, gate + i);
		fl_vec_load(&u, up + i);
		swiglu_vec(&g, &u);
		fl_vec_store(gate + i, &g);
	}
	if (i == n)
		return;
	fl_vec_load_part(&g, gate + i, n - i);
	fl_vec_load_part(&u, up + i, n - i);
	swiglu_vec(&g, &u);
	for (size_t k = 0; i + k < n; k++)
		gate[i + k] = g[k];
}

FL_CLONES static void
add(float *restrict x, const float *restrict y, size_t n)
{
	for (size_t i = 0; i < n; i++)
		x[i] += y[i];
}

static void
swiglu_tile(void *ctx, size_t tile, int thread)
{
	const struct job *j = ctx;
	size_t at = tile * TILE, n = j->n - at < TILE ? j->n - at : TILE;

	(void)thread;
	swiglu(j->x + at, j->y + at, n);
}

static void
add_tile(void *ctx, size_t tile, int thread)
{
	const struct job *j = ctx;
	size_t at = tile * TILE, n = j->n - at < TILE ? j->n - at : TILE;

	(void)thread;
	add(j->x + at, j->y + at, n);
}

void
fl_swiglu(float *gate, const float *up, size_t n)
{
	struct job j = { gate, up, n };

	fl_parallel((n + TILE - 1) / TILE, swiglu_tile, &j);
}

void
fl_add(float *x, const float *y, size_t n)
{
	struct job j = { x, y, n };

	fl_parallel((n + TILE - 1) / TILE, add_tile, &j);
}

struct row_job {
	float *x;
	const float *y;
	size_t cols;
};

static void
add_row(void *ctx, size_t row, int thread)
{
	const struct row_job *j = ctx;

	(void)thread;
	add(j->x + row * j->cols, j->y, j->cols);
}

void
fl_add_rows(float *x, const float *y, size_t rows, size_t cols)
{
	struct row_job j = { x, y, cols };

	fl_parallel(rows, add_row, &j);
}
