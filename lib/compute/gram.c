/* SPDX-License-Identifier: Apache-2.0 */
#include "compute/gram.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/parallel.h"
#include "base/size.h"
#include "compute/sgemm.h"

/* A tile, whose doubles stay in the second-level cache, is made from DEPTH rows at a time. */
enum { TILE = 128, DEPTH = 256 };

struct job {
	double *sum;
	const float *b, *a; /* [rows, m], [rows, n]; the same where the sum is symmetric */
	size_t rows, m, n;
};

void
fl_gram_place(size_t at, size_t *i, size_t *j)
{
	for (*i = 0; fl_gram_row(*i + 1) <= at;)
		++*i;
	*j = at - fl_gram_row(*i);
}

/* The tile of the rows from i and the columns from j on. */
static void
add_tile(const struct job *job, size_t i, size_t j)
{
	_Alignas(64) float part[TILE * TILE];
	size_t ni = fl_min(TILE, job->m - i), nj = fl_min(TILE, job->n - j);
	bool symmetric = job->a == job->b;

	for (size_t r = 0; r < job->rows; r += DEPTH) {
		fl_sgemm(&(struct fl_product){ .trans_a = true, .m = ni, .n = nj, .k = fl_min(DEPTH, job->rows - r),
		    .a = job->b + r * job->m + i, .lda = job->m, .b = job->a + r * job->n + j, .ldb = job->n,
		    .c = part, .ldc = TILE });
		for (size_t y = 0; y < ni; y++) {
			double *sum = job->sum + (symmetric ? fl_gram_row(i + y) : (i + y) * job->n) + j;

			for (size_t x = 0; x < (symmetric ? fl_min(nj, i + y + 1 - j) : nj); x++)
				sum[x] += part[y * TILE + x];
		}
	}
}

static void
add_of_triangle(void *ctx, size_t tile, int thread)
{
	size_t i, j;

	(void)thread;
	fl_gram_place(tile, &i, &j);
	add_tile(ctx, i * TILE, j * TILE);
}

static size_t
tiles(size_t n)
{
	return (n + TILE - 1) / TILE;
}

static void
add_of_all(void *ctx, size_t tile, int thread)
{
	const struct job *job = ctx;

	(void)thread;
	add_tile(job, tile / tiles(job->n) * TILE, tile % tiles(job->n) * TILE);
}

void
fl_gram_add(double *sum, const float *a, size_t rows, size_t n)
{
	struct job job = { sum, a, a, rows, n, n };

	fl_parallel(fl_gram_size(tiles(n)), add_of_triangle, &job);
}

void
fl_gram_add_cross(double *sum, const float *b, size_t m, const float *a, size_t rows, size_t n)
{
	struct job job = { sum, b, a, rows, m, n };

	fl_parallel(tiles(m) * tiles(n), add_of_all, &job);
}

void
fl_gram_diagonal(double *diagonal, const void *moment, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		float x;

		memcpy(&x, (const char *)moment + (fl_gram_row(i) + i) * sizeof x, sizeof x);
		diagonal[i] = x;
	}
}

/* Row i of the triangle, c[0..i]. */
static void
put_row(double *full, const float *c, size_t i, size_t n, const uint32_t *place)
{
	for (size_t j = 0; j <= i; j++) {
		size_t a = place ? place[i] : i, b = place ? place[j] : j;

		full[a > b ? a * n + b : b * n + a] = c[j];
	}
}

int
fl_gram_load(double *full, const void *moment, size_t n, double ridge, const uint32_t *place)
{
	const char *from = moment;
	float *row = fl_alloc(n, sizeof *row);
	double sum = 0, trace = 0;

	for (size_t i = 0; i < n; i++) {
		memcpy(row, from + fl_gram_row(i) * sizeof *row, (i + 1) * sizeof *row);
		for (size_t j = 0; j <= i; j++)
			sum += fabs((double)row[j]);
		trace += row[i];
		put_row(full, row, i, n, place);
	}
	for (size_t i = 0; i < n; i++)
		full[i * n + i] += ridge * (trace != 0 ? trace / (double)n : 1);
	free(row);
	return isfinite(sum) ? 0 : -1;
}
