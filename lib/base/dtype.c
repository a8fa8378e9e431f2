/* SPDX-License-Identifier: Apache-2.0 */
#include "base/dtype.h"

#include <string.h>

#include "base/err.h"

static const struct {
	const char *name;
	size_t size;
} types[FL_DTYPES] = {
	[FL_BOOL] = { "BOOL", 1 }, [FL_U8] = { "U8", 1 },     [FL_I8] = { "I8", 1 },
	[FL_U16] = { "U16", 2 },   [FL_I16] = { "I16", 2 },   [FL_F16] = { "F16", 2 },
	[FL_BF16] = { "BF16", 2 }, [FL_U32] = { "U32", 4 },   [FL_I32] = { "I32", 4 },
	[FL_F32] = { "F32", 4 },   [FL_U64] = { "U64", 8 },   [FL_I64] = { "I64", 8 },
	[FL_F64] = { "F64", 8 },
};

const char *
fl_dtype_name(enum fl_dtype t)
{
	return types[t].name;
}

int
fl_dtype_parse(const char *name, enum fl_dtype *out)
{
	for (enum fl_dtype t = 0; t < FL_DTYPES; t++)
		if (strcmp(types[t].name, name) == 0) {
			*out = t;
			return 0;
		}
	return -1;
}

size_t
fl_dtype_size(enum fl_dtype t)
{
	return types[t].size;
}

bool
fl_dtype_is_weight(enum fl_dtype t)
{
	return t == FL_F32 || t == FL_F16 || t == FL_BF16;
}

static uint32_t
bits_of(float x)
{
	uint32_t u;

	memcpy(&u, &x, sizeof u);
	return u;
}

static float
float_of(uint32_t u)
{
	float x;

	memcpy(&x, &u, sizeof x);
	return x;
}

float
fl_f16_to_f32(uint16_t h)
{
	uint32_t sign = (uint32_t)(h & 0x8000) << 16, exponent = h >> 10 & 31, fraction = h & 1023;

	if (exponent == 31)
		return float_of(sign | 0x7f800000 | fraction << 13);
	if (exponent)
		return float_of(sign | (exponent + 112) << 23 | fraction << 13);
	/* Subnormal: fraction * 2^-24, exact in f32. */
	return float_of(sign | bits_of((float)fraction * 0x1p-24f));
}

uint16_t
fl_f32_to_f16(float x)
{
	uint32_t u = bits_of(x), magnitude = u & 0x7fffffff;
	uint16_t sign = (uint16_t)(u >> 16 & 0x8000);

	if (magnitude > 0x7f800000) /* NaN, kept quiet */
		return (uint16_t)(sign | 0x7e00 | (magnitude >> 13 & 0x1ff));
	if (magnitude >= 0x477ff000) /* 65520 and more round to infinity */
		return (uint16_t)(sign | 0x7c00);
	if (magnitude < 0x38800000) /* below 2^-14: adding 0.5 rounds to a multiple of 2^-24 */
		return (uint16_t)(sign | (bits_of(float_of(magnitude) + 0.5f) - bits_of(0.5f)));
	magnitude += 0xfff + (magnitude >> 13 & 1);
	return (uint16_t)(sign | ((magnitude >> 13) - (112 << 10)));
}

uint16_t
fl_f32_to_bf16(float x)
{
	uint32_t u = bits_of(x), rounded = (u + 0x7fff + (u >> 16 & 1)) >> 16;

	return (uint16_t)((u & 0x7fffffff) > 0x7f800000 ? u >> 16 | 0x40 : rounded); /* NaN, kept quiet */
}

void
fl_dtype_to_f32(float *restrict dst, const void *restrict src, enum fl_dtype t, size_t n)
{
	const unsigned char *p = src;
	uint16_t h;

	switch (t) {
	case FL_F32: memcpy(dst, src, n * sizeof *dst); return;
	case FL_BF16:
		for (size_t i = 0; i < n; i++) {
			memcpy(&h, p + 2 * i, 2);
			dst[i] = fl_bf16_to_f32(h);
		}
		return;
	case FL_F16:
		for (size_t i = 0; i < n; i++) {
			memcpy(&h, p + 2 * i, 2);
			dst[i] = fl_f16_to_f32(h);
		}
		return;
	default: fl_bug("%s is no weight type", fl_dtype_name(t));
	}
}

void
fl_dtype_from_f32(void *restrict dst, enum fl_dtype t, const float *restrict src, size_t n)
{
	unsigned char *p = dst;
	uint16_t h;

	switch (t) {
	case FL_F32: memcpy(dst, src, n * sizeof *src); return;
	case FL_BF16:
		for (size_t i = 0; i < n; i++) {
			h = fl_f32_to_bf16(src[i]);
			memcpy(p + 2 * i, &h, 2);
		}
		return;
	case FL_F16:
		for (size_t i = 0; i < n; i++) {
			h = fl_f32_to_f16(src[i]);
			memcpy(p + 2 * i, &h, 2);
		}
		return;
	default: fl_bug("%s is no weight type", fl_dtype_name(t));
	}
}
