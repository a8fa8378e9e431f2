/* SPDX-License-Identifier: Apache-2.0 */
/* Against the definition, in double, with H^-1 by elimination. */
#include "compute/gptq.h"

#include "base/dtype.h"
#include "base/rng.h"
#include "compute/gram.h"
#include "compute/matrix.h"

#include "moment.h"
#include "test.h"

enum { N = 192, ROWS = 70, INPUTS = 400, GROUPS = N / FL_MATRIX_GROUP };

static const struct fl_quant_how search = { .search = true };

/* Inputs of which neighbours say much the same, and of unequal size. */
static void
draw(float *a, float *w)
{
	struct fl_rng r = fl_rng_new(1, 2);

	for (int i = 0; i < INPUTS; i++)
		for (int j = 0; j < N; j++)
			a[i * N + j] = (float)((fl_rng_unit(&r) - 0.5) * (1 + j % 7) + (j ? 0.8 * a[i * N + j - 1] : 0));
	for (int i = 0; i < ROWS * N; i++)
		w[i] = (float)(fl_rng_unit(&r) - 0.5);
}

/* Columns by their diagonal, the largest first. */
static void
find_order(const char *moment, size_t order[N])
{
	for (size_t j = 0; j < N; j++) {
		size_t before = 0;

		for (size_t k = 0; k < N; k++) {
			double x = test_moment_at(moment, k, k), y = test_moment_at(moment, j, j);

			before += x > y || (x == y && k < j);
		}
		order[before] = j;
	}
}

/* u := the upper factor of H^-1, columns in that order. */
static void
factor(const char *moment, const size_t order[N], double u[N][N])
{
	static double h[N][N], v[N][N];
	double trace = 0;

	for (size_t i = 0; i < N; i++)
		trace += test_moment_at(moment, i, i);
	for (size_t i = 0; i < N; i++)
		for (size_t j = 0; j < N; j++) {
			h[i][j] = test_moment_at(moment, order[i], order[j]) + (i == j ? 0.01 * trace / N : 0);
			v[i][j] = i == j;
			u[i][j] = 0;
		}
	for (int p = 0; p < N; p++) {
		double d = h[p][p];

		for (int j = 0; j < N; j++)
			h[p][j] /= d, v[p][j] /= d;
		for (int i = 0; i < N; i++) {
			double f = i == p ? 0 : h[i][p];

			for (int j = 0; j < N && f != 0; j++)
				h[i][j] -= f * h[p][j], v[i][j] -= f * v[p][j];
		}
	}
	for (int i = 0; i < N; i++)
		for (int j = i; j < N; j++) {
			double x = v[i][j];

			for (int k = 0; k < i; k++)
				x -= u[k][i] * u[k][j];
			u[i][j] = j == i ? sqrt(x) : x / u[i][i];
		}
}

/* What the scales make of one row, integers alone. */
static void
round_row(double u[N][N], const size_t order[N], const float *row, const uint16_t *scale, int *q)
{
	double w[N];

	for (int j = 0; j < N; j++)
		w[j] = row[order[j]];
	for (int j = 0; j < N; j++) {
		double s = fl_bf16_to_f32(scale[order[j] / FL_MATRIX_GROUP]), miss;
		int x = (int)fmin(fmax(nearbyint(w[j] / s), -8), 7);

		q[order[j]] = x;
		miss = (w[j] - x * s) / u[j][j];
		for (int k = j; k < N; k++)
			w[k] -= miss * u[j][k];
	}
}

/* Sum over inputs and rows of the square of what the output is off by. */
static double
error_of(const float *a, const float *w, const uint32_t *packed, const uint16_t *scale)
{
	struct fl_matrix m = { FL_MATRIX_INT4, ROWS, N, packed, scale };
	static float back[ROWS * N];
	double sum = 0;

	fl_matrix_rows_f32(&m, 0, ROWS, back);
	for (int i = 0; i < INPUTS; i++)
		for (int r = 0; r < ROWS; r++) {
			double y = 0;

			for (int j = 0; j < N; j++)
				y += a[i * N + j] * ((double)back[r * N + j] - w[r * N + j]);
			sum += y * y;
		}
	return sum;
}

static float a[INPUTS * N], w[ROWS * N], work[ROWS * N];
static uint32_t packed[ROWS * N / 8];
static uint16_t scale[ROWS * GROUPS];

/* In two tiles, the second short. */
static bool
quantize(const char *moment)
{
	struct fl_gptq *g = fl_gptq_new(moment, N);
	int bad;

	if (!CHECK(g != NULL))
		return false;
	memcpy(work, w, sizeof w);
	bad = fl_gptq_rows(g, work, FL_GPTQ_ROWS, 4, &search, packed, scale) < 0 ||
	    fl_gptq_rows(g, work + FL_GPTQ_ROWS * N, ROWS - FL_GPTQ_ROWS, 4, &search, packed + FL_GPTQ_ROWS * N / 8,
		scale + FL_GPTQ_ROWS * GROUPS) < 0;
	fl_gptq_free(g);
	return CHECK(!bad);
}

static void
integers_are_those_of_the_definition(void)
{
	static double u[N][N];
	size_t order[N];
	int q[N], differ = 0;
	char *moment;

	draw(a, w);
	moment = test_moment(a, INPUTS, N);
	find_order(moment, order);
	factor(moment, order, u);
	if (!quantize(moment))
		return;
	for (int r = 0; r < ROWS; r++) {
		round_row(u, order, w + r * N, scale + r * GROUPS, q);
		for (int j = 0; j < N; j++)
			differ += q[j] + 8 != (int)(packed[(r * N + j) / 8] >> 4 * (j % 8) & 15);
	}
	/* What lies between two integers to f32's precision may fall either way, and takes others along. */
	CHECK(differ <= ROWS * N / 500);
}

static void
what_comes_out_is_off_by_less_than_without(void)
{
	static uint32_t plain[ROWS * N / 8];
	static uint16_t plain_scale[ROWS * GROUPS];

	draw(a, w);
	if (!quantize(test_moment(a, INPUTS, N)))
		return;
	for (int r = 0; r < ROWS; r++)
		CHECK(fl_quant_row(w + r * N, N, 4, &search, plain + r * N / 8, plain_scale + r * GROUPS) == 0);
	CHECK(error_of(a, w, packed, scale) < 0.6 * error_of(a, w, plain, plain_scale));
}

static void
what_is_not_finite_is_refused(void)
{
	struct fl_gptq *g;
	char *moment;

	draw(a, w);
	moment = test_moment(a, INPUTS, N);
	g = fl_gptq_new(moment, N);
	memcpy(work, w, sizeof w);
	work[3 * N + 100] = NAN;
	CHECK(g && fl_gptq_rows(g, work, 5, 4, &search, packed, scale) < 0);
	fl_gptq_free(g);
	memcpy(moment + fl_gram_row(50) * sizeof(float), &(float){ INFINITY }, sizeof(float));
	CHECK(!fl_gptq_new(moment, N));
	memcpy(moment + fl_gram_row(50) * sizeof(float), &(float){ 0 }, sizeof(float));
	memcpy(moment + (fl_gram_row(50) + 50) * sizeof(float), &(float){ -1e9f }, sizeof(float));
	CHECK(!fl_gptq_new(moment, N));
}

int
main(void)
{
	TEST(integers_are_those_of_the_definition);
	TEST(what_comes_out_is_off_by_less_than_without);
	TEST(what_is_not_finite_is_refused);
	return test_done();
}
