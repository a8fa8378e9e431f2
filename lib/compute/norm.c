/* SPDX-License-Identifier: Apache-2.0 */
#include "compute/norm.h"

#include <math.h>

#include "base/parallel.h"
#include "compute/vec.h"

enum { TILE = 1 << 14 /* floats a tile */, SUMS = 8 };

struct job {
	float *y;
	const float *x, *weight;
	size_t rows, n, tile_rows;
	double eps;
};

FL_INLINE double
sum_of_squares(const float *x, size_t n)
{
	double sum[SUMS] = { 0 }, total = 0;
	size_t i = 0;

	for (; i + SUMS <= n; i += SUMS)
		for (size_t k = 0; k < SUMS; k++)
			sum[k] += (double)x[i + k] * x[i + k];
	for (; i < n; i++)
		total += (double)x[i] * x[i];
	for (size_t k = 0; k < SUMS; k++)
		total += sum[k];
	return total;
}

FL_CLONES static void
norm_rows(const struct job *j, size_t first, size_t last)
{
	for (size_t r = first; r < last; r++) {
		const float *x = j->x + r * j->n;
		float *y = j->y + r * j->n;
		double mean = sum_of_squares(x, j->n) / (double)j->n;
		float scale = (float)(1 / sqrt(mean + j->eps));

		for (size_t i = 0; i < j->n; i++)
			y[i] = x[i] * scale * j->weight[i];
	}
}

static void
norm_tile(void *ctx, size_t tile, int thread)
{
	const struct job *j = ctx;
	size_t first = tile * j->tile_rows, last = first + j->tile_rows;

	(void)thread;
	norm_rows(j, first, last < j->rows ? last : j->rows);
}

void
fl_rmsnorm(float *y, const float *x, size_t rows, size_t n, const float *weight, double eps)
{
	struct job j = { .y = y, .x = x, .weight = weight, .rows = rows, .n = n, .eps = eps };

	j.tile_rows = (TILE + n - 1) / n;
	fl_parallel((rows + j.tile_rows - 1) / j.tile_rows, norm_tile, &j);
}
