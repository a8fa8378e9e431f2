/* SPDX-License-Identifier: Apache-2.0 */
#include "search/costs.h"

#include "base/rng.h"
#include "test.h"

enum { N = 50, TERMS = 4 };
static double x[N][TERMS], log_total[N], cost[TERMS];

/* Totals of a, b, c and d a unit of each term, the first of which is one. */
static void
sample(double a, double b, double c, double d)
{
	struct fl_rng r = fl_rng_new(5, 0);

	for (int i = 0; i < N; i++) {
		x[i][0] = 1;
		for (int k = 1; k < TERMS; k++)
			x[i][k] = 10 * fl_rng_unit(&r);
		log_total[i] = log(a + b * x[i][1] + c * x[i][2] + d * x[i][3]);
	}
	fl_costs_fit(*x, TERMS, log_total, NULL, N, cost);
}

static void
costs_are_found(void)
{
	sample(2, .5, 0, 7);
	CHECK_NEAR(cost[0], 2, 1e-4);
	CHECK_NEAR(cost[1], .5, 1e-4);
	CHECK_NEAR(cost[2], 0, 1e-4);
	CHECK_NEAR(cost[3], 7, 1e-4);
	CHECK_NEAR(fl_costs_log(cost, x[3], TERMS), log_total[3], 1e-5);
}

/* What would be negative is nothing, and the others make up for it: no change of one of them is better. */
static void
no_cost_is_negative(void)
{
	double slope[TERMS] = { 0 };

	sample(40, 2, -1, 3);
	CHECK(cost[2] == 0);
	for (int i = 0; i < N; i++)
		for (int k = 0; k < TERMS; k++) {
			double total = exp(log_total[i]);

			slope[k] += x[i][k] / total * (1 - exp(fl_costs_log(cost, x[i], TERMS)) / total);
		}
	for (int k = 0; k < TERMS; k++) {
		CHECK(cost[k] >= 0);
		CHECK_NEAR(k == 2 ? fmax(slope[k], 0) : slope[k], 0, 1e-6);
	}
}

static void
nothing_costs_nothing(void)
{
	double none[TERMS] = { 0 };

	CHECK(fl_costs_log(none, x[0], TERMS) == 0);
}

int
main(void)
{
	TEST(costs_are_found);
	TEST(no_cost_is_negative);
	TEST(nothing_costs_nothing);
	return test_done();
}
