/* SPDX-License-Identifier: Apache-2.0 */
#include "model/sample.h"

#include "test.h"

enum { VOCAB = 5, DRAWS = 100000 };

/* Probabilities 1/15, 2/15, 4/15, 8/15 and 0 at temperature 1. */
static const float logits[VOCAB] = { 0, 0.69314718f, 1.38629436f, 2.07944154f, -INFINITY };

static uint32_t
sample(struct fl_sampler *s, const float *x, size_t n)
{
	struct fl_err err = { 0 };
	uint32_t id = UINT32_MAX;

	CHECK_OK(fl_sample(s, x, n, &id, &err), &err);
	return id;
}

static void
counts(double temperature, double top_p, double share[VOCAB])
{
	struct fl_sampler s = fl_sampler_new(temperature, top_p, 1);

	memset(share, 0, VOCAB * sizeof *share);
	for (int i = 0; i < DRAWS; i++)
		share[sample(&s, logits, VOCAB)] += 1.0 / DRAWS;
	fl_sampler_free(&s);
}

static void
temperature_zero_takes_the_most_likely_and_the_first_of_equals(void)
{
	static const float equal[4] = { 1, 3, 3, 2 };
	struct fl_sampler s = fl_sampler_new(0, 1, 0);

	CHECK(sample(&s, logits, VOCAB) == 3);
	CHECK(sample(&s, equal, 4) == 1);
}

/* 0.01 is six standard deviations of a share over this many draws. */
static void
tokens_are_drawn_as_often_as_they_are_likely(void)
{
	double share[VOCAB];

	counts(1, 1, share);
	for (int i = 0; i < VOCAB - 1; i++)
		CHECK_NEAR(share[i], (1 << i) / 15.0, 0.01);
	CHECK(share[4] == 0);
	counts(0.5, 1, share); /* the squares: 1, 4, 16, 64 of 85 */
	for (int i = 0; i < VOCAB - 1; i++)
		CHECK_NEAR(share[i], (1 << 2 * i) / 85.0, 0.01);
}

static void
the_nucleus_is_the_fewest_tokens_that_reach_top_p(void)
{
	double share[VOCAB];

	counts(1, 0.5, share); /* 8/15 alone */
	CHECK(share[3] > 0.9999);
	counts(1, 0.6, share); /* 8/15 and 4/15 */
	CHECK_NEAR(share[3], 2 / 3.0, 0.01);
	CHECK_NEAR(share[2], 1 / 3.0, 0.01);
	CHECK(share[0] + share[1] == 0);
}

static void
equal_seeds_draw_equal_tokens(void)
{
	struct fl_sampler a = fl_sampler_new(1, 0.9, 7), b = fl_sampler_new(1, 0.9, 7);
	bool same = true;

	for (int i = 0; i < 100; i++)
		same = same && sample(&a, logits, VOCAB) == sample(&b, logits, VOCAB);
	CHECK(same);
	fl_sampler_free(&a);
	fl_sampler_free(&b);
}

static void
logits_that_are_not_finite_are_refused(void)
{
	static const float bad[][3] = { { NAN, 1, 2 }, { 1, NAN, 2 }, { 1, 2, NAN }, { 1, INFINITY, 2 },
		{ -INFINITY, -INFINITY, -INFINITY } };

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		for (int temperature = 0; temperature < 2; temperature++) {
			struct fl_sampler s = fl_sampler_new(temperature, 1, 0);
			struct fl_err err = { 0 };
			uint32_t id;

			CHECK(fl_sample(&s, bad[i], 3, &id, &err) < 0);
			CHECK(err.code == FL_EXIT_DATA);
			fl_sampler_free(&s);
		}
}

int
main(void)
{
	TEST(temperature_zero_takes_the_most_likely_and_the_first_of_equals);
	TEST(tokens_are_drawn_as_often_as_they_are_likely);
	TEST(the_nucleus_is_the_fewest_tokens_that_reach_top_p);
	TEST(equal_seeds_draw_equal_tokens);
	TEST(logits_that_are_not_finite_are_refused);
	return test_done();
}
