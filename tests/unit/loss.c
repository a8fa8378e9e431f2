/* SPDX-License-Identifier: Apache-2.0 */
#include "compute/loss.h"

#include "test.h"

static void
the_loss_is_minus_the_log_of_the_probability(void)
{
	for (size_t n = 1; n < 70; n++) {
		float z[70];
		double sum = 0;

		for (size_t i = 0; i < n; i++) {
			z[i] = (float)((double)((i * 37 + n) % 23) - 11.5);
			sum += exp(z[i]);
		}
		for (size_t i = 0; i < n; i++)
			CHECK_NEAR(fl_cross_entropy(z, n, i), log(sum) - z[i], 1e-6);
	}
}

static void
large_logits_do_not_overflow(void)
{
	float z[20] = { 1e6f, 1e6f };

	CHECK_NEAR(fl_cross_entropy(z, 20, 1), log(2), 1e-6);
	CHECK_NEAR(fl_cross_entropy(z, 20, 2), 1e6 + log(2), 1e-6);
}

static void
a_logit_that_is_no_number_makes_the_loss_none(void)
{
	for (size_t i = 0; i < 20; i++) {
		float z[20] = { 0 };

		z[i] = NAN;
		CHECK(isnan(fl_cross_entropy(z, 20, 3)));
	}
}

static void
the_likeliest_is_the_first_of_the_largest(void)
{
	float z[1000];

	for (size_t n = 1; n <= 1000; n = n * 3 + 1)
		for (size_t at = 0; at < n; at += 1 + n / 7) {
			for (size_t i = 0; i < n; i++)
				z[i] = -1 - (float)(i % 5);
			z[at] = z[n - 1] = 2;
			CHECK(fl_likeliest(z, n) == at);
			z[at / 2] = NAN;
			CHECK(fl_likeliest(z, n) == n);
		}
}

int
main(void)
{
	TEST(the_loss_is_minus_the_log_of_the_probability);
	TEST(large_logits_do_not_overflow);
	TEST(a_logit_that_is_no_number_makes_the_loss_none);
	TEST(the_likeliest_is_the_first_of_the_largest);
	return test_done();
}
