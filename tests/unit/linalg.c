/* SPDX-License-Identifier: Apache-2.0 */
/* The factor of a matrix of several panels, the last one short: multiplied out, and its inverse. */
#include "base/linalg.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/rng.h"

#include "test.h"

enum { N = 1100, FIRST = 700, M = 3 };

/* Positive definite: a band of random numbers and a heavy diagonal. */
static double
element(size_t i, size_t j)
{
	struct fl_rng r = fl_rng_new(i < j ? j : i, i < j ? i : j);

	return i == j ? 40 : (i > j ? i - j : j - i) % 7 < 3 ? fl_rng_unit(&r) / 20 : 0;
}

static double *
factored(void)
{
	double *l = fl_alloc(N * N, sizeof *l);

	for (size_t i = 0; i < N; i++)
		for (size_t j = 0; j < N; j++)
			l[i * N + j] = element(i, j);
	CHECK(fl_cholesky_in_place(l, N) == 0);
	return l;
}

static void
a_factor_multiplies_out(void)
{
	double *l = factored(), x[N], y[N];

	for (size_t i = 0; i < N; i++)
		x[i] = (double)(i % 13) - 6;
	for (size_t j = 0; j < N; j++) { /* L' x */
		y[j] = 0;
		for (size_t i = j; i < N; i++)
			y[j] += l[i * N + j] * x[i];
	}
	for (size_t i = 0; i < N; i += 37) {
		double got = 0, want = 0;

		for (size_t j = 0; j <= i; j++)
			got += l[i * N + j] * y[j];
		for (size_t j = 0; j < N; j++)
			want += element(i, j) * x[j];
		CHECK_NEAR(got, want, 1e-10);
	}
	free(l);
}

static void
columns_are_those_of_the_inverse(void)
{
	double *l = factored(), x[(N - FIRST) * M];

	fl_cholesky_columns(l, N, FIRST, M, x);
	for (size_t i = FIRST; i < N; i++)
		for (size_t c = 0; c < M; c++) {
			double sum = 0;

			for (size_t k = FIRST; k <= i; k++)
				sum += l[i * N + k] * x[(k - FIRST) * M + c];
			CHECK_NEAR(sum, i == FIRST + c, 1e-12);
		}
	free(l);
}

static void
an_inverse_multiplies_out(void)
{
	double *l = factored(), *x = fl_alloc(N * N, sizeof *x);

	fl_cholesky_inverse(l, N, x);
	for (size_t i = 0; i < N; i += 31)
		for (size_t j = 0; j < N; j += 29) {
			double sum = 0;

			for (size_t k = 0; k < N; k++)
				sum += (i < k ? x[k * N + i] : x[i * N + k]) * element(k, j);
			CHECK_NEAR(sum, i == j, 1e-12);
		}
	free(l);
	free(x);
}

static void
what_is_not_positive_definite_has_no_factor(void)
{
	static double a[N * N];

	for (size_t i = 0; i < N; i++)
		a[i * N + i] = i == 900 ? -1 : 1;
	CHECK(fl_cholesky_in_place(a, N) < 0);
}

int
main(void)
{
	TEST(a_factor_multiplies_out);
	TEST(columns_are_those_of_the_inverse);
	TEST(an_inverse_multiplies_out);
	TEST(what_is_not_positive_definite_has_no_factor);
	return test_done();
}
