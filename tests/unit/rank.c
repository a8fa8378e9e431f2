/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "base/rng.h"
#include "search/rank.h"

/* scipy.stats.kendalltau and spearmanr; the errors by leaving rows out of kendalltau. */
static const struct {
	size_t n;
	double x[8], y[8], tau, se, rho;
} golden[] = {
	{ 5, { 12, 2, 1, 12, 2 }, { 1, 4, 7, 1, 0 }, -0.4714045207910316, 0.684798565883452,
	    -0.5407380704358752 },
	{ 8, { 1, 1, 2, 2, 3, 3, 4, 4 }, { 1, 2, 2, 3, 3, 4, 4, 5 }, 0.8573214099741124,
	    0.036485985784237285, 0.9192723907499135 },
	{ 4, { 1, 2, 3, 4 }, { 2, 2, 5, 4 }, 0.5477225575051662, 0.4184316465917346, 0.7378647873726218 },
};

static void
with_ties_they_are_scipys(void)
{
	for (size_t k = 0; k < sizeof golden / sizeof *golden; k++) {
		CHECK_NEAR(fl_rank_tau(golden[k].x, golden[k].y, golden[k].n), golden[k].tau, 1e-15);
		CHECK_NEAR(fl_rank_tau_se(golden[k].x, golden[k].y, golden[k].n), golden[k].se, 1e-14);
		CHECK_NEAR(fl_rank_rho(golden[k].x, golden[k].y, golden[k].n), golden[k].rho, 1e-15);
	}
}

static void
where_all_are_equal_there_is_no_order(void)
{
	double flat[] = { 3, 3, 3 }, x[] = { 1, 2, 4 };

	CHECK(isnan(fl_rank_tau(flat, x, 3)) && isnan(fl_rank_tau(x, flat, 3)));
	CHECK(isnan(fl_rank_rho(flat, x, 3)) && isnan(fl_rank_rho(x, flat, 3)));
	CHECK(isnan(fl_rank_tau_se(flat, x, 3)));
	for (size_t n = 0; n < 2; n++)
		CHECK(isnan(fl_rank_tau(x, x, n)) && isnan(fl_rank_rho(x, x, n)) &&
		    isnan(fl_rank_tau_se(x, x, n)));
	CHECK(fl_rank_tau(x, x, 2) == 1 && isnan(fl_rank_tau_se(x, x, 2)));
}

static void
the_same_order_is_one_and_the_reverse_minus_one(void)
{
	double x[100], cube[100], down[100];

	for (int i = 0; i < 100; i++) {
		x[i] = (i * 37) % 100 - 50;
		cube[i] = x[i] * x[i] * x[i];
		down[i] = -x[i];
	}
	CHECK(fl_rank_tau(x, cube, 100) == 1 && fl_rank_rho(x, cube, 100) == 1);
	CHECK(fl_rank_tau(x, down, 100) == -1 && fl_rank_rho(x, down, 100) == -1);
	CHECK(fl_rank_tau_se(x, cube, 100) == 0);
}

/* Of many samples of 40 rows the tau-b scatter as much as each says of itself, within a tenth. */
static void
the_error_is_that_of_sampling(void)
{
	enum { SAMPLES = 2000, N = 40 };
	struct fl_rng rng = fl_rng_new(1, 0);
	double sum = 0, squares = 0, said = 0;

	for (int s = 0; s < SAMPLES; s++) {
		double x[N], y[N], t, se;

		for (int i = 0; i < N; i++) {
			x[i] = fl_rng_unit(&rng);
			y[i] = x[i] + fl_rng_unit(&rng);
		}
		t = fl_rank_tau(x, y, N);
		se = fl_rank_tau_se(x, y, N);
		sum += t;
		squares += t * t;
		said += se * se;
	}
	CHECK_NEAR(sqrt(said / (squares - sum * sum / SAMPLES)), 1, .1);
}

int
main(void)
{
	TEST(with_ties_they_are_scipys);
	TEST(where_all_are_equal_there_is_no_order);
	TEST(the_same_order_is_one_and_the_reverse_minus_one);
	TEST(the_error_is_that_of_sampling);
	return test_done();
}
