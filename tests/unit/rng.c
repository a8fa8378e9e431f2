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

int
main(void)
{
	TEST(the_generator_is_xoshiro256_starstar);
	TEST(seeds_and_streams_differ);
	TEST(bounds_are_kept_without_bias);
	return test_done();
}
