/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "base/dtype.h"
#include "base/rng.h"
#include "compute/matrix.h"
#include "compute/quant.h"

static const struct fl_quant_how plain;

static void
dequantize(float *dst, const uint32_t *packed, const uint16_t *scale, size_t n, int bits)
{
	struct fl_matrix m = { bits == 4 ? FL_MATRIX_INT4 : FL_MATRIX_INT8, 1, n, packed, scale };

	fl_matrix_rows_f32(&m, 0, 1, dst);
}

/* Half a step, and what rounding the scale to 8 bits adds at the end of the range: 2^-9 of it. */
static void
a_row_comes_back_within_half_a_step(void)
{
	for (int bits = 4; bits <= 8; bits += 4) {
		struct fl_rng r = fl_rng_new(1, (uint64_t)bits);
		float w[64], back[64];
		uint32_t packed[16];
		uint16_t scale[2];

		for (int i = 0; i < 64; i++)
			w[i] = (float)(4 * fl_rng_unit(&r) - 2);
		CHECK(fl_quant_row(w, 64, bits, &plain, packed, scale) == 0);
		dequantize(back, packed, scale, 64, bits);
		for (int i = 0; i < 64; i++)
			CHECK(fabsf(back[i] - w[i]) <=
			    (0.5f + ldexpf(1, bits - 10) + 0.01f) * fl_bf16_to_f32(scale[i / 32]));
	}
}

static void
integers_are_packed_low_bits_first(void)
{
	/* With scale 1 the integers are the weights: 7 .. -8. The scale is set by the largest. */
	float w[32] = { 7, -8, 3, 0, 1, -1, 2, -2 }, back[32];
	uint32_t packed[4];
	uint16_t scale[1];

	w[31] = -7.5f;
	w[1] = -7.5f;
	CHECK(fl_quant_row(w, 32, 4, &plain, packed, scale) == 0);
	CHECK_NEAR(fl_bf16_to_f32(scale[0]), 1, 0);
	CHECK(packed[0] == 0x6a798b0fu);
	CHECK(packed[3] >> 28 == 0);
	dequantize(back, packed, scale, 32, 4);
	CHECK(back[0] == 7 && back[1] == -8 && back[2] == 3 && back[4] == 1);
}

static void
a_group_of_nothing_has_a_normal_scale(void)
{
	float w[32] = { 1e-44f }, back[32];
	uint32_t packed[4];
	uint16_t scale[1];

	CHECK(fl_quant_row(w, 32, 4, &plain, packed, scale) == 0);
	CHECK(fl_bf16_to_f32(scale[0]) >= 0x1p-126f);
	dequantize(back, packed, scale, 32, 4);
	for (int i = 0; i < 32; i++)
		CHECK(back[i] == 0);
}

static void
what_is_not_finite_is_not_rounded(void)
{
	static const float bad[] = { NAN, -NAN, INFINITY, -INFINITY };
	uint32_t packed[8];
	uint16_t scale[2];

	for (int i = 0; i < 4; i++) {
		float w[64] = { 1, 2, 3 };

		w[33 + i] = bad[i];
		CHECK(fl_quant_row(w, 64, 4, &plain, packed, scale) < 0);
	}
}

/* Searching ------------------------------------------------------------------------------------ */

enum { GROUPS = 256, N = GROUPS * 32 };

/* Sums of twelve uniform numbers: nearly normal. */
static void
make_weights(float *w, size_t n)
{
	struct fl_rng r = fl_rng_new(5, 0);

	for (size_t i = 0; i < n; i++) {
		double x = -6;

		for (int k = 0; k < 12; k++)
			x += fl_rng_unit(&r);
		w[i] = (float)(x / 64);
	}
}

/* Sum of weight (w - q s)^2 of one group at scale s. */
static double
error_at(const float *w, const float *weight, float s, int bits)
{
	double low = -ldexp(1, bits - 1), high = -low - 1, sum = 0;

	for (int i = 0; i < 32; i++) {
		double q = fmin(fmax(rint((double)w[i] / (double)s), low), high), d = q * (double)s - (double)w[i];

		sum += (weight ? (double)weight[i] : 1) * d * d;
	}
	return sum;
}

/* By trying every bf16 scale from a fifth to twice the plain one. */
static double
least_error(const float *w, const float *weight, int bits, bool negative)
{
	float top = 0, least, most;
	double best = INFINITY;

	for (int i = 0; i < 32; i++)
		top = fmaxf(top, fabsf(w[i]));
	least = top / ldexpf(1, bits - 1) / 5;
	most = top / ldexpf(1, bits - 1) * 2;
	for (uint16_t b = fl_f32_to_bf16(least); fl_bf16_to_f32(b) < most; b++) {
		best = fmin(best, error_at(w, weight, fl_bf16_to_f32(b), bits));
		if (negative)
			best = fmin(best, error_at(w, weight, -fl_bf16_to_f32(b), bits));
	}
	return best;
}

/* Of all groups together, and never worse than plain rounding in one. */
static void
check_search(const float *w, const struct fl_quant_how *how, int bits, double excess)
{
	static uint32_t packed[N / 4];
	static uint16_t found[GROUPS], rounded[GROUPS];
	double got = 0, best = 0;
	int worse = 0;

	CHECK(fl_quant_row(w, N, bits, &plain, packed, rounded) == 0);
	CHECK(fl_quant_row(w, N, bits, how, packed, found) == 0);
	for (int g = 0; g < GROUPS; g++) {
		const float *x = w + 32 * g, *weight = how->weight ? how->weight + 32 * g : NULL;
		double e = error_at(x, weight, fl_bf16_to_f32(found[g]), bits);

		worse += e > error_at(x, weight, fl_bf16_to_f32(rounded[g]), bits) * (1 + 1e-5);
		CHECK(how->negative || fl_bf16_to_f32(found[g]) > 0);
		got += e;
		best += least_error(x, weight, bits, how->negative);
	}
	CHECK(worse == 0);
	if (!CHECK(got >= best * (1 - 1e-5) && got <= best * (1 + excess)))
		printf("# %d bits: %g of the least error\n", bits, got / best);
}

static void
the_search_comes_close_to_the_least_error(void)
{
	static float w[N], weight[N];

	make_weights(w, N);
	for (int i = 0; i < N; i++)
		weight[i] = i % 7 ? 1 : 20;
	check_search(w, &(struct fl_quant_how){ .search = true }, 4, 0.005);
	check_search(w, &(struct fl_quant_how){ .search = true }, 8, 0.05);
	check_search(w, &(struct fl_quant_how){ .search = true, .negative = true }, 4, 0.01);
	check_search(w, &(struct fl_quant_how){ .search = true, .weight = weight }, 4, 0.02);
}

/* Weights on a grid of all sixteen values go through unchanged. */
static void
integers_are_found_again(void)
{
	static float w[N];
	static uint32_t packed[N / 8];
	static uint16_t scale[GROUPS];
	struct fl_rng r = fl_rng_new(6, 0);
	int found = 0;

	for (int i = 0; i < N; i++)
		w[i] = 0.25f * (float)((int)(16 * fl_rng_unit(&r)) - 8);
	CHECK(fl_quant_row(w, N, 4, &(struct fl_quant_how){ .search = true }, packed, scale) == 0);
	for (int g = 0; g < GROUPS; g++)
		found += error_at(w + 32 * g, NULL, fl_bf16_to_f32(scale[g]), 4) == 0;
	CHECK(found == GROUPS);
}

static void
a_negative_scale_mirrors_the_range(void)
{
	float w[32] = { 8, 3, -7, 1 }, back[32];
	uint32_t packed[4];
	uint16_t scale[1];

	CHECK(fl_quant_row(w, 32, 4, &(struct fl_quant_how){ .search = true, .negative = true }, packed,
	    scale) == 0);
	CHECK_NEAR(fl_bf16_to_f32(scale[0]), -1, 0);
	dequantize(back, packed, scale, 32, 4);
	for (int i = 0; i < 32; i++)
		CHECK(back[i] == w[i]);
}

/* Squares of these are no floats. */
static void
weights_beyond_searching_are_rounded_plainly(void)
{
	static const float sizes[] = { 1e30f, 1e-30f, 1e-44f, 0 };
	struct fl_quant_how how = { .search = true, .negative = true };
	float w[32] = { 0 };
	uint32_t packed[2][4];
	uint16_t scale[2][1];

	for (int i = 0; i < 4; i++) {
		w[3] = sizes[i];
		w[7] = -sizes[i] / 3;
		CHECK(fl_quant_row(w, 32, 4, &plain, packed[0], scale[0]) == 0);
		CHECK(fl_quant_row(w, 32, 4, &how, packed[1], scale[1]) == 0);
		CHECK(memcmp(packed[0], packed[1], sizeof packed[0]) == 0 && scale[0][0] == scale[1][0]);
	}
}

static void
weights_follow_energy_and_none_is_zero(void)
{
	float weight[4];

	fl_quant_weights(weight, (double[]){ 0, 2, 6, 0 }, 4);
	CHECK_NEAR(weight[0], 0.01, 1e-8);
	CHECK_NEAR(weight[1], 1.01, 1e-6);
	CHECK_NEAR(weight[2], 3.01, 1e-6);
	fl_quant_weights(weight, (double[]){ 0, 0, 0, 0 }, 4);
	CHECK(weight[0] > 0 && weight[0] == weight[3]);
}

/* The bytes, which are to be these on every machine and in every clone of the search. */
static void
the_bytes_are_the_same_everywhere(void)
{
	static const struct {
		int bits;
		struct fl_quant_how how;
		uint16_t scale[2];
		uint32_t packed[8];
	} want[] = {
		{ 4, { 0 }, { 0x3b9d, 0x3ba0 },
		    { 0xc7944f9a, 0x77a8e866, 0x9b8cedf3, 0x8668c856,
		      0x4ac589f9, 0x99f92456, 0xa4ddba4e, 0x5a75f957 } },
		{ 4, { .search = true }, { 0x3b97, 0x3b9a },
		    { 0xd7934f9a, 0x77a8e966, 0x9b8cedf3, 0x8668c856,
		      0x4ac589f9, 0x99f92456, 0xa4ddba4e, 0x5b74f957 } },
		{ 4, { .search = true, .negative = true }, { 0xbb92, 0xbb93 },
		    { 0x397dc066, 0x996827aa, 0x7583231d, 0x8aa848ba,
		      0xc64b8707, 0x7707ecba, 0x6c3256c2, 0xc59c17b9 } },
		{ 8, { .search = true }, { 0x3994, 0x399b },
		    { 0x3cff98a5, 0xcb778b34, 0xe088665a, 0x75779d88,
		      0xe1cff031, 0x8eb17bc8, 0xc17e4e5a, 0x8460607b } },
	};
	float w[64];
	uint32_t packed[16];
	uint16_t scale[2];

	make_weights(w, 64);
	for (int i = 0; i < 64; i++)
		w[i] = -w[i];
	for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
		CHECK(fl_quant_row(w, 64, want[i].bits, &want[i].how, packed, scale) == 0);
		CHECK(memcmp(scale, want[i].scale, sizeof scale) == 0);
		CHECK(memcmp(packed, want[i].packed, sizeof want[i].packed) == 0);
	}
}

int
main(void)
{
	TEST(a_row_comes_back_within_half_a_step);
	TEST(integers_are_packed_low_bits_first);
	TEST(a_group_of_nothing_has_a_normal_scale);
	TEST(what_is_not_finite_is_not_rounded);
	TEST(the_search_comes_close_to_the_least_error);
	TEST(integers_are_found_again);
	TEST(a_negative_scale_mirrors_the_range);
	TEST(weights_beyond_searching_are_rounded_plainly);
	TEST(weights_follow_energy_and_none_is_zero);
	TEST(the_bytes_are_the_same_everywhere);
	return test_done();
}
