/* SPDX-License-Identifier: Apache-2.0 */
#include "search/normal.h"

#include "search/sobol.h"
#include "test.h"

static void
quantiles_are_those_of_tables(void)
{
	CHECK_NEAR(fl_normal_quantile(.5), 0, 1e-9);
	CHECK_NEAR(fl_normal_quantile(.975), 1.959963984540054, 1e-8);
	CHECK_NEAR(fl_normal_quantile(.025), -1.959963984540054, 1e-8);
	CHECK_NEAR(fl_normal_quantile(1e-10), -6.361340902404056, 1e-8);
}

/* ln Phi(-40) is ln(phi(40) / 40) less 1 / 40^2 and smaller terms. */
static void
the_logarithm_goes_on_where_the_tail_underflows(void)
{
	CHECK_NEAR(fl_normal_log_below(0), log(.5), 1e-12);
	CHECK_NEAR(fl_normal_log_below(-1.959963984540054), log(.025), 1e-9);
	CHECK_NEAR(fl_normal_log_below(-40), -800 - log(40 * sqrt(8 * atan(1))) - 1. / 1600, 1e-3);
}

static void
coordinates_are_normal(void)
{
	enum { N = 256, DIMS = 3 };
	double z[N][DIMS];

	fl_normal_points(*z, N, DIMS, 1);
	for (int k = 0; k < DIMS; k++) {
		double mean = 0, squares = 0;

		for (int i = 0; i < N; i++) {
			mean += z[i][k] / N;
			squares += z[i][k] * z[i][k] / N;
		}
		CHECK_NEAR(mean, 0, .02);
		CHECK_NEAR(squares, 1, .05);
	}
}

/* What goes on beyond the sequence's dimensions is not what another seed begins with. */
static void
seeds_share_nothing(void)
{
	enum { DIMS = 2 * FL_SOBOL_DIMS, SEEDS = 4 };
	static double z[SEEDS][DIMS];

	for (int s = 0; s < SEEDS; s++)
		fl_normal_points(z[s], 1, DIMS, (uint64_t)s);
	for (int s = 0; s < SEEDS; s++)
		for (int other = 0; other < SEEDS; other++)
			CHECK(memcmp(z[s] + FL_SOBOL_DIMS, z[other], FL_SOBOL_DIMS * sizeof **z) != 0);
}

int
main(void)
{
	TEST(quantiles_are_those_of_tables);
	TEST(the_logarithm_goes_on_where_the_tail_underflows);
	TEST(coordinates_are_normal);
	TEST(seeds_share_nothing);
	return test_done();
}
