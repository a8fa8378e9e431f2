/* SPDX-License-Identifier: Apache-2.0 */
#include "search/linear.h"

#include "base/rng.h"
#include "test.h"

enum { N = 40 };
static double x[N][3], y[N];

/* The third feature never varies. */
static void
sample(void)
{
	struct fl_rng r = fl_rng_new(1, 2);

	for (int i = 0; i < N; i++) {
		x[i][0] = fl_rng_unit(&r);
		x[i][1] = 100 + fl_rng_unit(&r);
		x[i][2] = 6;
		y[i] = 3 + 2 * x[i][0] - x[i][1];
	}
}

static void
a_plane_is_found(void)
{
	double at[] = { 4, 90, 6 };
	struct fl_linear l;

	sample();
	fl_linear_fit(&l, *x, 3, y, N);
	CHECK_NEAR(l.b[0], 2, 1e-9);
	CHECK_NEAR(l.b[1], -1, 1e-9);
	CHECK_NEAR(l.b[2], 0, 1e-12);
	CHECK_NEAR(fl_linear_predict(&l, at), 3 + 8 - 90, 1e-7);
	fl_linear_free(&l);
}

static void
one_row_is_its_own_mean(void)
{
	double at[] = { 1, 2, 3 };
	struct fl_linear l;

	fl_linear_fit(&l, *x, 3, y, 1);
	CHECK(fl_linear_predict(&l, at) == y[0]);
	fl_linear_free(&l);
}

int
main(void)
{
	TEST(a_plane_is_found);
	TEST(one_row_is_its_own_mean);
	return test_done();
}
