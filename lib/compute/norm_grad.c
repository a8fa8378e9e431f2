/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "base/parallel.h"
#include "compute/norm.h"
#include "compute/vec.h"

/* Sums over rows are made in at most PARTS parts, one a tile, and added in their order. */
enum { PARTS = 32, ROWS = 16 };

struct job {
	float *dx, *part; /* part [tiles, n] */
	const float *dy, *x, *weight;
	size_t rows, n, tile_rows;
	double eps;
	bool add;
};

FL_INLINE void
two_sums(const float *x, const float *dy, const float *w, size_t n, double *sq, double *dot)
{
	double a = 0, b = 0;

	for (size_t i = 0; i < n; i += FL_LANES) {
		size_t k = n - i < FL_LANES ? n - i : FL_LANES;
		fl_vec vx, vy, vw, p;

		fl_vec_load_part(&vx, x + i, k);
		fl_vec_load_part(&vy, dy + i, k);
		fl_vec_load_part(&vw, w + i, k);
		p = vx * vx;
		a += (double)fl_vec_sum(&p);
		p = vx * vy * vw;
		b += (double)fl_vec_sum(&p);
	}
	*sq = a;
	*dot = b;
}

FL_CLONES static void
grad_row(const struct job *j, float *dx, float *dw, const float *dy, const float *x)
{
	const float *w = j->weight;
	double sq, dot, n = (double)j->n, s;
	float scale, back;

	two_sums(x, dy, w, j->n, &sq, &dot);
	s = 1 / sqrt(sq / n + j->eps);
	scale = (float)s;
	back = (float)(s * s * s * dot / n);
	for (size_t i = 0; i < j->n; i++) {
		float d = scale * w[i] * dy[i] - x[i] * back;

		dw[i] += scale * x[i] * dy[i];
		dx[i] = j->add ? dx[i] + d : d;
	}
}

static void
grad_tile(void *ctx, size_t tile, int thread)
{
	const struct job *j = ctx;
	size_t first = tile * j->tile_rows, last = first + j->tile_rows;
	float *dw = j->part + tile * j->n;

	(void)thread;
	memset(dw, 0, j->n * sizeof *dw);
	for (size_t r = first; r < last && r < j->rows; r++)
		grad_row(j, j->dx + r * j->n, dw, j->dy + r * j->n, j->x + r * j->n);
}

void
fl_rmsnorm_grad(float *dx, float *dw, const float *dy, const float *x, size_t rows, size_t n,
    const float *weight, double eps, bool add, struct fl_scratch *scratch)
{
	struct job j = { .dx = dx, .dy = dy, .x = x, .weight = weight, .rows = rows, .n = n, .eps = eps,
		.add = add };
	size_t tiles;

	j.tile_rows = rows / PARTS < ROWS ? ROWS : (rows + PARTS - 1) / PARTS;
	tiles = (rows + j.tile_rows - 1) / j.tile_rows;
	j.part = fl_scratch_get(scratch, 0, tiles * n);
	fl_parallel(tiles, grad_tile, &j);
	for (size_t t = 0; t < tiles; t++)
		for (size_t i = 0; i < n; i++)
			dw[i] += j.part[t * n + i];
}
