/* SPDX-License-Identifier: Apache-2.0 */
/* Shrinking at its ends: it does not see the scale of an input, and comes nearer to the truth. */
#include "compute/shrink.h"

#include <math.h>

#include "base/rng.h"

#include "test.h"

enum { N = 20 };

/* Lower triangle of C over t positions, input j times scale[j]; pairs go together. */
static void
sums(double c[N][N], int t, const double *scale)
{
	struct fl_rng r = fl_rng_new(5, 6);

	memset(c, 0, sizeof(double[N][N]));
	for (int p = 0; p < t; p++) {
		double a[N];

		for (int j = 0; j < N; j++)
			a[j] = fl_rng_unit(&r) - 0.5 + (j % 2 ? a[j - 1] : 0);
		for (int j = 0; j < N; j++)
			a[j] *= scale[j];
		for (int i = 0; i < N; i++)
			for (int j = 0; j <= i; j++)
				c[i][j] += a[i] * a[j];
	}
}

/* By how much the diagonal grew, the same for all inputs. */
static double
lambda(int t, const double *scale)
{
	double c[N][N], was[N];

	sums(c, t, scale);
	for (int i = 0; i < N; i++)
		was[i] = c[i][i];
	fl_shrink(*c, N, 3 * t); /* of which none is like another */
	for (int i = 1; i < N; i++)
		CHECK_NEAR(c[i][i] / was[i], c[0][0] / was[0], 1e-9 * c[0][0] / was[0]);
	return c[0][0] / was[0] - 1;
}

static void
the_fewer_positions_the_less_is_believed(void)
{
	double one[N], uneven[N], last = 1000;

	for (int j = 0; j < N; j++) {
		one[j] = 1;
		uneven[j] = pow(10, j % 5);
	}
	for (int t = 1; t <= 1024; t *= 4) {
		double l = lambda(t, one);

		CHECK(l <= last * (1 + 1e-9) && l >= FL_SHRINK_LEAST);
		CHECK_NEAR(lambda(t, uneven), l, 1e-6 * l);
		last = l;
	}
	CHECK_NEAR(lambda(1, one), 999, 1e-6);
	CHECK(last < 0.05);
}

/* The expected squared distance of the shrunk correlations to the true ones, over what it is unshrunk. */
static void
it_is_nearer_to_the_truth(void)
{
	double c[N][N], one[N];

	for (int j = 0; j < N; j++)
		one[j] = 1;
	for (int t = 10; t <= 160; t *= 4) {
		double shrunk = 0, raw = 0, factor;

		factor = 1 / (1 + lambda(t, one));
		sums(c, t, one);
		for (int i = 0; i < N; i++)
			for (int j = 0; j < i; j++) {
				double r = c[i][j] / sqrt(c[i][i] * c[j][j]), want = i % 2 && j == i - 1 ? sqrt(0.5) : 0;

				raw += (r - want) * (r - want);
				shrunk += (factor * r - want) * (factor * r - want);
			}
		CHECK(shrunk < raw);
	}
}

static void
what_was_never_seen_has_a_diagonal(void)
{
	double c[2][2] = { { 4, 0 }, { 0, 0 } }, none[2][2] = { 0 };

	fl_shrink(*c, 2, 1e12);
	CHECK(c[0][0] >= 4 && c[1][1] > 0 && c[1][1] < 1e-6);
	fl_shrink(*none, 2, 0);
	CHECK(none[0][0] == 1 && none[1][1] == 1);
}

int
main(void)
{
	TEST(the_fewer_positions_the_less_is_believed);
	TEST(it_is_nearer_to_the_truth);
	TEST(what_was_never_seen_has_a_diagonal);
	return test_done();
}
