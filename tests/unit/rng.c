/* SPDX-License-Identifier: Apache-2.0 */
#include "base/rng.h"

#include "test.h"

/* The first outputs of xoshiro256** from the state 1, 2, 3, 4: https://prng.di.unimi.it. */
static void
the_generator_is_xoshiro256_starstar(void)
{
	static const uint64_t expected[] = { 11520, 0, 1509978240, 1215971899390074240 };
	struct fl_rng r = { { 1, 2, 3, 4 } };

	for (int i = 0; i < 4; i++)
		CHECK(fl_rng_u64(&r) == expected[i]);
}

static void
seeds_and_streams_differ(void)
{
	struct fl_rng a = fl_rng_new(1, 0), b = fl_rng_new(1, 1), c = fl_rng_new(2, 0), d = fl_rng_new(1, 0);
	uint64_t x = fl_rng_u64(&a);

	CHECK(x != fl_rng_u64(&b) && x != fl_rng_u64(&c) && x == fl_rng_u64(&d));
}

static void
bounds_are_kept_without_bias(void)
{
	struct fl_rng r = fl_rng_new(7, 0);
	int seen[6] = { 0 };

	for (int i = 0; i < 60000; i++) {
		double u = fl_rng_unit(&r);

		CHECK(u >= 0 && u < 1);
		seen[fl_rng_below(&r, 6)]++;
	}
	for (int i = 0; i < 6; i++) /* binomial: 10000 +- 91 */
		CHECK_NEAR(seen[i], 10000, 500);
	CHECK(fl_rng_below(&r, 1) == 0);
}

/* The first four moments of 400,000 draws, within five standard errors. */
static void
normals_have_the_moments_of_the_normal(void)
{
	static const double moment[] = { 0, 1, 0, 3 }, variance[] = { 1, 2, 15, 96 };
	struct fl_rng r = fl_rng_new(3, 0);
	double sum[4] = { 0 };
	int n = 400000, beyond = 0;

	for (int i = 0; i < n; i++) {
		double x = fl_rng_normal(&r), p = 1;

		for (int k = 0; k < 4; k++)
			sum[k] += p *= x;
		beyond += fabs(x) > 1.959963984540054;
	}
	for (int k = 0; k < 4; k++)
		CHECK_NEAR(sum[k] / n, moment[k], 5 * sqrt(variance[k] / n));
	CHECK_NEAR((double)beyond / n, 0.05, 5 * sqrt(0.05 * 0.95 / n));
}

/* As Python computes the same method. The logarithm inside is our own: no machine may differ. */
static void
normals_are_the_same_everywhere(void)
{
	static const double expected[] = { -0.69405643134534056, 1.1759217025809015, -0.026339624227935701,
		1.5903175133834901 };
	struct fl_rng r = fl_rng_new(42, 0);

	for (int i = 0; i < 4; i++) {
		double x = fl_rng_normal(&r);

		if (!CHECK(x == expected[i]))
			printf("# %.17g\n", x);
	}
}

int
main(void)
{
	TEST(the_generator_is_xoshiro256_starstar);
	TEST(seeds_and_streams_differ);
	TEST(bounds_are_kept_without_bias);
	TEST(normals_have_the_moments_of_the_normal);
	TEST(normals_are_the_same_everywhere);
	return test_done();
}
