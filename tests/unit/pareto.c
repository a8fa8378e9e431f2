/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "base/rng.h"
#include "search/hypervolume.h"
#include "search/pareto.h"

static void
the_frontier_is_what_nothing_dominates(void)
{
	double a[] = { 4, 1, 2, 3, 3, 5, 1, NAN, 2 }, b[] = { 1, 5, 3, 3, 2, 1, 6, 0, NAN };
	size_t front[9];

	CHECK(fl_pareto(a, b, 9, front) == 4);
	CHECK(front[0] == 1 && front[1] == 2 && front[2] == 4 && front[3] == 0);
	CHECK(fl_pareto(a, b, 0, front) == 0);
}

static void
equal_points_are_all_kept_in_order(void)
{
	double a[] = { 2, 1, 2, 1, 2 }, b[] = { 1, 3, 1, 3, 2 };
	size_t front[5];

	CHECK(fl_pareto(a, b, 5, front) == 4);
	CHECK(front[0] == 1 && front[1] == 3 && front[2] == 0 && front[3] == 2);
}

static void
it_agrees_with_the_definition(void)
{
	enum { N = 200 };
	struct fl_rng rng = fl_rng_new(1, 0);
	double a[N], b[N];
	size_t front[N], n, kept = 0;

	for (int i = 0; i < N; i++) {
		a[i] = (double)fl_rng_below(&rng, 30);
		b[i] = (double)fl_rng_below(&rng, 30);
	}
	n = fl_pareto(a, b, N, front);
	for (size_t i = 0; i < N; i++) {
		bool dominated = false, found = false;

		for (size_t j = 0; j < N; j++)
			dominated |= a[j] <= a[i] && b[j] <= b[i] && (a[j] < a[i] || b[j] < b[i]);
		for (size_t j = 0; j < n; j++)
			found |= front[j] == i;
		CHECK(found == !dominated);
		kept += !dominated;
	}
	CHECK(n == kept);
}

/* BoTorch maximises: front (1,5) (2,3) (4,1) (.5,.5) above (0,0) has hypervolume 10. */
static void
the_hypervolume_is_botorchs(void)
{
	double a[] = { -1, -2, -4, -.5 }, b[] = { -5, -3, -1, -.5 };

	CHECK(fl_hypervolume(a, b, 4, 0, 0) == 10);
}

static void
what_is_not_below_the_reference_adds_nothing(void)
{
	double a[] = { 1, 1, 3, 0, NAN }, b[] = { 1, 1, 0, 2, 0 };

	CHECK(fl_hypervolume(a, b, 5, 3, 2) == 2);
	CHECK(fl_hypervolume(a, b, 5, 1, 1) == 0);
	CHECK(fl_hypervolume(a, b, 0, 1, 1) == 0);
}

/* BoTorch's infer_reference_point: {(1,5),(2,3),(4,1)} -> (.7,.6), {(2,-3)} -> (1.8,-3.3). */
static void
the_inferred_reference_is_botorchs(void)
{
	CHECK_NEAR(fl_hypervolume_reference((double[]){ -1, -2, -4 }, 3), -.7, 1e-15);
	CHECK_NEAR(fl_hypervolume_reference((double[]){ -5, -3, -1 }, 3), -.6, 1e-15);
	CHECK_NEAR(fl_hypervolume_reference((double[]){ -2 }, 1), -1.8, 1e-15);
	CHECK_NEAR(fl_hypervolume_reference((double[]){ 3 }, 1), 3.3, 1e-15);
	CHECK_NEAR(fl_hypervolume_reference((double[]){ 3, 3 }, 2), 3.3, 1e-15);
}

int
main(void)
{
	TEST(the_frontier_is_what_nothing_dominates);
	TEST(equal_points_are_all_kept_in_order);
	TEST(it_agrees_with_the_definition);
	TEST(the_hypervolume_is_botorchs);
	TEST(what_is_not_below_the_reference_adds_nothing);
	TEST(the_inferred_reference_is_botorchs);
	return test_done();
}
