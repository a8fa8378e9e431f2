/* SPDX-License-Identifier: Apache-2.0 */
/* dtype.h -- element types of tensors, by their safetensors names, and rows of them as f32.
 *
 * f16 is IEEE binary16, bf16 the upper half of an f32; narrowing rounds to nearest, ties to even,
 * and keeps infinities and NaNs. All stored little-endian, as this program's hosts are. */
#ifndef FL_BASE_DTYPE_H
#define FL_BASE_DTYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fl_dtype {
	FL_BOOL,
	FL_U8,
	FL_I8,
	FL_U16,
	FL_I16,
	FL_F16,
	FL_BF16,
	FL_U32,
	FL_I32,
	FL_F32,
	FL_U64,
	FL_I64,
	FL_F64,
	FL_DTYPES
};

const char *fl_dtype_name(enum fl_dtype t);		  /* "BF16" */
int fl_dtype_parse(const char *name, enum fl_dtype *out); /* 0 or -1 */
size_t fl_dtype_size(enum fl_dtype t);			  /* bytes an element */
bool fl_dtype_is_weight(enum fl_dtype t);		  /* F32, F16 or BF16 */

float fl_f16_to_f32(uint16_t h);
uint16_t fl_f32_to_f16(float x);
static inline float
fl_bf16_to_f32(uint16_t b)
{
	union {
		uint32_t u;
		float f;
	} v = { (uint32_t)b << 16 };

	return v.f;
}
uint16_t fl_f32_to_bf16(float x);

/* n elements of a weight type to f32 and back. src and dst may be unaligned; they do not overlap. */
void fl_dtype_to_f32(float *dst, const void *src, enum fl_dtype t, size_t n);
void fl_dtype_from_f32(void *dst, enum fl_dtype t, const float *src, size_t n);

#endif
