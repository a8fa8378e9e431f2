/* SPDX-License-Identifier: Apache-2.0 */
#include "compute/gram.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/parallel.h"
#include "compute/sgemm.h"

/* A tile of the triangle, whose doubles stay in the second-level cache, is made from DEPTH rows at a time. */
enum { TILE = 128, DEPTH = 256 };

struct job {
	double *sum;
	const float *a;
	size_t rows, n;
};

void
fl_gram_place(size_t at, size_t *i, size_t *j)
{
	for (*i = 0; fl_gram_row(*i + 1) <= at;)
		++*i;
	*j = at - fl_gram_row(*i);
}

static size_t
min(size_t a, size_t b)
{
	return a < b ? a : b;
}

static void
add_tile(void *ctx, size_t tile, int thread)
{
	const struct job *job = ctx;
	_Alignas(64) float part[TILE * TILE];
	size_t i, j, ni, nj;

	(void)thread;
	fl_gram_place(tile, &i, &j);
	i *= TILE;
	j *= TILE;
	ni = min(TILE, job->n - i);
	nj = min(TILE, job->n - j);
	for (size_t r = 0; r < job->rows; r += DEPTH) {
		const float *a = job->a + r * job->n;

		fl_sgemm(&(struct fl_product){ .trans_a = true, .m = ni, .n = nj, .k = min(DEPTH, job->rows - r),
		    .a = a + i, .lda = job->n, .b = a + j, .ldb = job->n, .c = part, .ldc = TILE });
		for (size_t y = 0; y < ni; y++) {
			double *sum = job->sum + fl_gram_row(i + y) + j;

			for (size_t x = 0; x < min(nj, i + y + 1 - j); x++)
				sum[x] += part[y * TILE + x];
		}
	}
}

void
fl_gram_add(double *sum, const float *a, size_t rows, size_t n)
{
	struct job job = { sum, a, rows, n };

	fl_parallel(fl_gram_size((n + TILE - 1) / TILE), add_tile, &job);
}

int
fl_gram_load(double *full, const void *moment, size_t n, double ridge)
{
	const char *from = moment;
	float *row = fl_alloc(n, sizeof *row);
	double sum = 0, trace = 0;

	for (size_t i = 0; i < n; i++) {
		memcpy(row, from + fl_gram_row(i) * sizeof *row, (i + 1) * sizeof *row);
		for (size_t j = 0; j <= i; j++) {
			full[i * n + j] = row[j];
			sum += fabs((double)row[j]);
		}
		trace += row[i];
	}
	for (size_t i = 0; i < n; i++)
		full[i * n + i] += ridge * trace / (double)n;
	free(row);
	return isfinite(sum) ? 0 : -1;
}
