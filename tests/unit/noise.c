/* SPDX-License-Identifier: Apache-2.0 */
#include "compute/noise.h"

#include "test.h"

enum { N = 4096, KEYS = 256 };

/* Sums of four 16-bit numbers, computed from the formula in another language. */
static void
values_are_those_of_the_formula(void)
{
	static const struct {
		int at;
		float sum;
	} expected[] = { { 0, -37288 }, { 1, -3690 }, { 2, 24129 }, { 4095, 956 } };
	float x[N];

	fl_noise(0x0123456789abcdef, 1, x, N);
	for (int i = 0; i < 4; i++)
		CHECK(x[expected[i].at] == expected[i].sum * (1.7320508f / 65536));
}

static void
a_prefix_is_the_same_values(void)
{
	float x[N], y[33];

	fl_noise(77, 0.02f, x, N);
	fl_noise(77, 0.02f, y, 33);
	CHECK(memcmp(x, y, sizeof y) == 0);
}

/* Of 2^20 values, every deviation within five of its own standard errors. */
static void
mean_spread_and_range_are_right_and_neighbours_unrelated(void)
{
	static float x[KEYS][N];
	double n = (double)N * KEYS, sum = 0, square = 0, beside = 0, across = 0, top = 0;

	for (int k = 0; k < KEYS; k++)
		fl_noise((uint64_t)(k + 1) * 0x9e3779b97f4a7c15, 1, x[k], N);
	for (int k = 0; k < KEYS; k++)
		for (int i = 0; i < N; i++) {
			double v = (double)x[k][i];

			sum += v;
			square += v * v;
			beside += v * (double)x[k][(i + 1) % N];
			across += v * (double)x[(k + 1) % KEYS][i];
			top = fmax(top, fabs(v));
		}
	CHECK_NEAR(sum / n, 0, 5 / sqrt(n));
	CHECK_NEAR(square / n, 1, 5 * sqrt(2 / n));
	CHECK_NEAR(beside / n, 0, 5 / sqrt(n));
	CHECK_NEAR(across / n, 0, 5 / sqrt(n));
	CHECK(top > 3 && top < 3.47);
}

int
main(void)
{
	TEST(values_are_those_of_the_formula);
	TEST(a_prefix_is_the_same_values);
	TEST(mean_spread_and_range_are_right_and_neighbours_unrelated);
	return test_done();
}
