/* SPDX-License-Identifier: Apache-2.0 */
#include "base/dtype.h"

#include "test.h"

static float
float_of(uint32_t u)
{
	float x;

	memcpy(&x, &u, sizeof x);
	return x;
}

static uint32_t
bits_of(float x)
{
	uint32_t u;

	memcpy(&u, &x, sizeof u);
	return u;
}

static void
names_and_sizes(void)
{
	enum fl_dtype t;

	for (enum fl_dtype i = 0; i < FL_DTYPES; i++)
		CHECK(fl_dtype_parse(fl_dtype_name(i), &t) == 0 && t == i && fl_dtype_size(i) > 0);
	CHECK(fl_dtype_parse("F8_E4M3", &t) == -1 && fl_dtype_parse("bf16", &t) == -1);
	CHECK(fl_dtype_size(FL_BF16) == 2 && fl_dtype_size(FL_F64) == 8 && fl_dtype_size(FL_BOOL) == 1);
	CHECK(fl_dtype_is_weight(FL_F16) && !fl_dtype_is_weight(FL_F64) && !fl_dtype_is_weight(FL_I8));
}

/* IEEE 754-2019 binary16: sign, 5 exponent bits biased by 15, 10 fraction bits. */
static void
f16_values_of_the_standard(void)
{
	CHECK(fl_f16_to_f32(0x3c00) == 1 && fl_f16_to_f32(0xc000) == -2);
	CHECK(fl_f16_to_f32(0x7bff) == 65504 && fl_f16_to_f32(0x0400) == 0x1p-14f);
	CHECK(fl_f16_to_f32(0x0001) == 0x1p-24f && fl_f16_to_f32(0x3555) == 0.333251953125f);
	CHECK(isinf(fl_f16_to_f32(0x7c00)) && isnan(fl_f16_to_f32(0x7e00)));
	CHECK(bits_of(fl_f16_to_f32(0x8000)) == 0x80000000);
}

static void
every_f16_survives_f32(void)
{
	for (uint32_t h = 0; h < 0x10000; h++) {
		float x = fl_f16_to_f32((uint16_t)h);

		if (isnan(x) ? !isnan(fl_f16_to_f32(fl_f32_to_f16(x))) : fl_f32_to_f16(x) != h) {
			CHECK(!"survives");
			return;
		}
	}
}

static void
narrowing_rounds_to_nearest_even(void)
{
	CHECK(fl_f32_to_f16(1 + 0x1p-11f) == 0x3c00 && fl_f32_to_f16(1 + 0x3p-11f) == 0x3c02);
	CHECK(fl_f32_to_f16(65519.996f) == 0x7bff && fl_f32_to_f16(65520) == 0x7c00);
	CHECK(fl_f32_to_f16(0x1p-25f) == 0 && fl_f32_to_f16(0x1.8p-25f) == 1);
	CHECK(fl_f32_to_f16(-INFINITY) == 0xfc00 && fl_f32_to_bf16(-INFINITY) == 0xff80);
	CHECK(fl_f32_to_bf16(1) == 0x3f80 && fl_f32_to_bf16(1 + 0x1p-8f) == 0x3f80);
	CHECK(fl_f32_to_bf16(1 + 0x3p-8f) == 0x3f82 && fl_f32_to_bf16(float_of(0x7f7fffff)) == 0x7f80);
	CHECK(isnan(fl_bf16_to_f32(fl_f32_to_bf16(float_of(0x7f800001)))));
	CHECK(fl_f32_to_bf16(-0.0f) == 0x8000);
}

static void
f16_agrees_with_the_compilers_own(void)
{
#if defined __FLT16_MANT_DIG__ && !defined __clang__
	for (uint64_t u = 0; u < 1ull << 32; u += 997) {
		float x = float_of((uint32_t)u);
		_Float16 theirs = (_Float16)x;
		uint16_t h;

		memcpy(&h, &theirs, sizeof h);
		if (!isnan(x) && fl_f32_to_f16(x) != h) {
			printf("# %a is %#x, not %#x\n", (double)x, fl_f32_to_f16(x), h);
			CHECK(!"agrees");
			return;
		}
	}
#endif
}

static void
rows_convert_at_any_address(void)
{
	static const float x[5] = { 1, -2.5f, 0x1p-20f, 3e4f, 0 };
	unsigned char raw[1 + 4 * 5];
	float y[5];

	for (enum fl_dtype t = 0; t < FL_DTYPES; t++) {
		if (!fl_dtype_is_weight(t))
			continue;
		fl_dtype_from_f32(raw + 1, t, x, 5);
		fl_dtype_to_f32(y, raw + 1, t, 5);
		for (int i = 0; i < 5; i++)
			CHECK_NEAR(y[i], x[i], fabs(x[i]) * 0x1p-8);
	}
	fl_dtype_to_f32(NULL, NULL, FL_BF16, 0);
}

int
main(void)
{
	TEST(names_and_sizes);
	TEST(f16_values_of_the_standard);
	TEST(every_f16_survives_f32);
	TEST(narrowing_rounds_to_nearest_even);
	TEST(f16_agrees_with_the_compilers_own);
	TEST(rows_convert_at_any_address);
	return test_done();
}
