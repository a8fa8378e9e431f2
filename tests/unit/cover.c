/* SPDX-License-Identifier: Apache-2.0 */
#include "search/cover.h"

#include "search/normal.h"
#include "test.h"

enum { N = 60 };
static const int scales[] = { 0 };
static const bool linear[] = { true };
static const struct fl_gp_form form = { 1, scales, 1, linear, -1 };
static double x[N], y[N], mean[N], sd[N];

/* A line with noise, some of it far larger than the rest where `tails`. */
static double
stretch(bool tails)
{
	double z[N], by;
	struct fl_gp *g;

	fl_normal_points(z, 1, N, 3);
	for (int i = 0; i < N; i++) {
		x[i] = i / (N - 1.);
		y[i] = x[i] + .01 * z[i] * (tails && i % 8 == 3 ? 10 : 1);
	}
	g = fl_gp_fit(&form, x, y, NULL, N);
	by = fl_cover_stretch(g, y, N);
	fl_gp_leave_one_out(g, mean, sd);
	fl_gp_free(g);
	return by;
}

static int
covered(double by)
{
	int n = 0;

	for (int i = 0; i < N; i++)
		n += fabs(y[i] - mean[i]) <= 1.96 * by * sd[i];
	return n;
}

static void
no_deviation_shrinks(void)
{
	double by = stretch(false);

	CHECK(by >= 1 && by < 1.5);
}

static void
long_tails_are_covered(void)
{
	double by = stretch(true);

	CHECK(by > 1);
	CHECK(covered(1) < .95 * N);
	CHECK(covered(by) >= .95 * N);
}

int
main(void)
{
	TEST(no_deviation_shrinks);
	TEST(long_tails_are_covered);
	return test_done();
}
