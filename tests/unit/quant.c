/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "base/dtype.h"
#include "base/rng.h"
#include "compute/matrix.h"
#include "compute/quant.h"

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
		CHECK(fl_quant_row(w, 64, bits, packed, scale) == 0);
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
	CHECK(fl_quant_row(w, 32, 4, packed, scale) == 0);
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

	CHECK(fl_quant_row(w, 32, 4, packed, scale) == 0);
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
		CHECK(fl_quant_row(w, 64, 4, packed, scale) < 0);
	}
}

int
main(void)
{
	TEST(a_row_comes_back_within_half_a_step);
	TEST(integers_are_packed_low_bits_first);
	TEST(a_group_of_nothing_has_a_normal_scale);
	TEST(what_is_not_finite_is_not_rounded);
	return test_done();
}
