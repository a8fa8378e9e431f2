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

/* BoTorch again: of {(1,5),(2,3),(4,1)}, which beat (1.5,.5) and not (5,6). */
static void
a_reference_that_nothing_beats_is_relaxed(void)
{
	double a[] = { -1, -2, -4 }, b[] = { -5, -3, -1 }, beaten[2] = { -1.5, -.5 }, unbeaten[2] = { -5, -6 };

	fl_hypervolume_relax(a, b, 3, beaten);
	CHECK(beaten[0] == -1.5 && beaten[1] == -.5);
	fl_hypervolume_relax(a, b, 3, unbeaten);
	CHECK_NEAR(unbeaten[0], -.7, 1e-15);
	CHECK_NEAR(unbeaten[1], -.6, 1e-15);
	fl_hypervolume_relax(a, b, 0, beaten);
	CHECK(beaten[0] == -1.5);
}

static void
a_trace_ends_where_the_hypervolume_is(void)
{
	double a[] = { 3, NAN, 1, 9, 2 }, b[] = { 3, 0, 5, 9, 1 }, trace[5];

	fl_hypervolume_trace(a, b, 5, 6, 6, trace);
	CHECK(trace[0] == 9 && trace[1] == 9 && trace[2] == 11 && trace[3] == 11);
	CHECK(trace[4] == 21 && trace[4] == fl_hypervolume(a, b, 5, 6, 6));
}

/* The second is one standard deviation worse in a and two in b: beaten with probability
 * Phi(1) Phi(2) = .8413 * .9772 = .8222. The third is certainly worse, the fourth equal to the first. */
static void
a_point_is_left_out_as_soon_as_it_is_sure(void)
{
	double a[] = { 1, 6, 2, 1 }, b[] = { 1, 21, 2, 1 };
	struct fl_pareto_errors se = { (double[]){ 3, 4 }, (double[]){ 6, 8 } };
	struct fl_pareto_errors none = { (double[4]){ 0 }, (double[4]){ 0 } };
	size_t front[4];

	CHECK(fl_pareto_sure(a, b, 2, se, .822, front) == 1 && front[0] == 0);
	CHECK(fl_pareto_sure(a, b, 2, se, .823, front) == 2 && front[1] == 1);
	CHECK(fl_pareto_sure(a, b, 4, none, 1, front) == 2 && front[0] == 0 && front[1] == 3);
	CHECK(fl_pareto_sure(a, b, 0, none, 1, front) == 0);
}

/* At any p what is on the frontier as measured is kept; from p to a larger p nothing goes. */
static void
surer_frontiers_are_larger(void)
{
	enum { N = 60 };
	struct fl_rng rng = fl_rng_new(2, 0);
	double a[N], b[N], ea[N], eb[N];
	bool kept[N] = { 0 };
	size_t front[N], n, before;

	for (int i = 0; i < N; i++) {
		a[i] = (double)fl_rng_below(&rng, 20);
		b[i] = (double)fl_rng_below(&rng, 20);
		ea[i] = (double)fl_rng_below(&rng, 3);
		eb[i] = (double)fl_rng_below(&rng, 3);
	}
	before = fl_pareto(a, b, N, front);
	for (size_t i = 0; i < before; i++)
		kept[front[i]] = true;
	for (double p = .5; p <= 1; p += .1, before = n) {
		bool now[N] = { 0 };

		n = fl_pareto_sure(a, b, N, (struct fl_pareto_errors){ ea, eb }, p, front);
		CHECK(n >= before);
		for (size_t i = 0; i < n; i++) {
			now[front[i]] = true;
			CHECK(i == 0 || a[front[i - 1]] <= a[front[i]]);
		}
		for (size_t i = 0; i < N; i++)
			CHECK(now[i] || !kept[i]);
		memcpy(kept, now, sizeof kept);
	}
}

static void
the_best_is_the_first_of_equals(void)
{
	double b[] = { 2, 1, 1, 3 };

	CHECK(fl_pareto_best(b, (size_t[]){ 0, 2, 3, 1 }, 4) == 2);
	CHECK(fl_pareto_best(b, (size_t[]){ 3 }, 1) == 3);
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
	TEST(a_reference_that_nothing_beats_is_relaxed);
	TEST(a_trace_ends_where_the_hypervolume_is);
	TEST(a_point_is_left_out_as_soon_as_it_is_sure);
	TEST(surer_frontiers_are_larger);
	TEST(the_best_is_the_first_of_equals);
	return test_done();
}
