/* SPDX-License-Identifier: Apache-2.0 */
#include "compute/sums.h"

#include <math.h>
#include <string.h>

#include "base/parallel.h"

/* Columns of a tile: four cache lines of a row, and sums that stay in the first cache. */
enum { TILE = 64, ROW_TILE = 32 };

static size_t
tiles_of(size_t n, size_t tile)
{
	return (n + tile - 1) / tile;
}

struct columns {
	const float *x;
	size_t rows, cols, length;
	const struct fl_column_sums *out;
};

/* Four rows of a full tile, a constant length that the compiler can vectorise. */
static void
add_four(const float *x, size_t stride, double *restrict sq, double *restrict abs)
{
	for (int j = 0; j < TILE; j++) {
		double a = x[j], b = x[stride + j], c = x[2 * stride + j], d = x[3 * stride + j];

		sq[j] += (a * a + b * b) + (c * c + d * d);
		abs[j] += (fabs(a) + fabs(b)) + (fabs(c) + fabs(d));
	}
}

static void
add_rows(const float *x, size_t rows, size_t stride, size_t n, double *restrict sq,
    double *restrict abs)
{
	size_t r = 0;

	for (; n == TILE && r + 4 <= rows; r += 4)
		add_four(x + r * stride, stride, sq, abs);
	for (; r < rows; r++)
		for (size_t j = 0; j < n; j++) {
			double a = x[r * stride + j];

			sq[j] += a * a;
			abs[j] += fabs(a);
		}
}

static void
sum_tile(void *ctx, size_t tile, int thread)
{
	const struct columns *c = ctx;
	size_t first = tile * TILE, n = c->cols - first < TILE ? c->cols - first : TILE;
	double sq[TILE] = { 0 }, abs[TILE] = { 0 }, seq[TILE];

	(void)thread;
	for (size_t r = 0; r < c->rows; r += c->length) {
		memset(seq, 0, sizeof seq);
		add_rows(c->x + r * c->cols + first, c->length, c->cols, n, sq, seq);
		for (size_t j = 0; j < n; j++) {
			double mean = seq[j] / (double)c->length;

			abs[j] += seq[j];
			if (c->out->seq_sq)
				c->out->seq_sq[first + j] += mean * mean;
		}
	}
	for (size_t j = 0; j < n; j++) {
		if (c->out->sq)
			c->out->sq[first + j] += sq[j];
		if (c->out->abs)
			c->out->abs[first + j] += abs[j];
	}
}

void
fl_sum_columns(const float *x, size_t rows, size_t cols, size_t length,
    const struct fl_column_sums *out)
{
	struct columns c = { x, rows, cols, length, out };

	fl_parallel(tiles_of(cols, TILE), sum_tile, &c);
}

struct rows {
	const float *a, *b;
	size_t rows, cols;
	double *plain, *centered;
};

static void
row_tile(void *ctx, size_t tile, int thread)
{
	const struct rows *s = ctx;
	size_t end = (tile + 1) * ROW_TILE < s->rows ? (tile + 1) * ROW_TILE : s->rows;

	(void)thread;
	for (size_t r = tile * ROW_TILE; r < end; r++) {
		const float *x = s->a + r * s->cols;
		double sum = 0;

		for (size_t j = 0; j < s->cols; j++)
			sum += (double)x[j] * (double)x[j];
		s->plain[r] += sum;
	}
}

void
fl_sum_rows_sq(const float *x, size_t rows, size_t cols, double *out)
{
	struct rows s = { x, NULL, rows, cols, out, NULL };

	fl_parallel(tiles_of(rows, ROW_TILE), row_tile, &s);
}

static double
cosine(double ab, double aa, double bb)
{
	double c = ab / sqrt(aa * bb);

	return !(aa > 0 && bb > 0) ? 0 : c > 1 ? 1 : c < -1 ? -1 : c;
}

/* Several sums at a time, so that an addition need not wait for the one before it. */
enum { LANES = 4 };
enum { AA, BB, AB, SUM_A, SUM_B, SUMS };

static inline void
add_product(double x, double y, size_t k, double lane[SUMS][LANES])
{
	lane[AA][k] += x * x;
	lane[BB][k] += y * y;
	lane[AB][k] += x * y;
	lane[SUM_A][k] += x;
	lane[SUM_B][k] += y;
}

static void
cosines(const float *a, const float *b, size_t n, double *plain, double *centered)
{
	double lane[SUMS][LANES] = { { 0 } }, s[SUMS] = { 0 }, count = (double)n;
	size_t j = 0;

	for (; j + LANES <= n; j += LANES)
		for (size_t k = 0; k < LANES; k++)
			add_product(a[j + k], b[j + k], k, lane);
	for (; j < n; j++)
		add_product(a[j], b[j], 0, lane);
	for (int i = 0; i < SUMS; i++)
		for (int k = 0; k < LANES; k++)
			s[i] += lane[i][k];
	*plain = cosine(s[AB], s[AA], s[BB]);
	if (centered)
		*centered = cosine(s[AB] - s[SUM_A] * s[SUM_B] / count,
		    s[AA] - s[SUM_A] * s[SUM_A] / count, s[BB] - s[SUM_B] * s[SUM_B] / count);
}

static void
cosine_tile(void *ctx, size_t tile, int thread)
{
	const struct rows *s = ctx;
	size_t end = (tile + 1) * ROW_TILE < s->rows ? (tile + 1) * ROW_TILE : s->rows;

	(void)thread;
	for (size_t r = tile * ROW_TILE; r < end; r++)
		cosines(s->a + r * s->cols, s->b + r * s->cols, s->cols, s->plain + r,
		    s->centered ? s->centered + r : NULL);
}

void
fl_row_cosines(const float *a, const float *b, size_t rows, size_t cols, double *plain,
    double *centered)
{
	struct rows s = { a, b, rows, cols, plain, centered };

	fl_parallel(tiles_of(rows, ROW_TILE), cosine_tile, &s);
}

bool
fl_sums_finite(const double *sum, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!isfinite(sum[i]))
			return false;
	return true;
}
