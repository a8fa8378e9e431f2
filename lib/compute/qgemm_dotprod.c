/* SPDX-License-Identifier: Apache-2.0 */
/* NEON's dot product, of signed bytes. */
#include "compute/qgemm.h"

#ifdef __aarch64__
#ifndef __clang__ /* gcc would load all weights of a group first, for which registers do not suffice */
#pragma GCC optimize("no-schedule-insns")
#endif
#include <arm_neon.h>

#define TARGET __attribute__((target("arch=armv8.2-a+dotprod")))
#define ROWS 4
#define SIGNED 1
enum { LANES = 4, SPAN = 2, ALONE = 4 };

#include "compute/qgemm_tile.h"

#include "compute/qgemm_direct.h"

INLINE void
dot(ivec *sum, const int8_t *x, const ivec *w)
{
	int32_t four;

	memcpy(&four, x, sizeof four);
	*sum = (ivec)vdotq_s32((int32x4_t)*sum, (int8x16_t)*w, vreinterpretq_s8_s32(vdupq_n_s32(four)));
}

INLINE void
madd(vec *sum, const vec *x, const vec *y)
{
	*sum = (vec)vfmaq_f32((float32x4_t)*sum, (float32x4_t)*x, (float32x4_t)*y);
}

const struct fl_qgemm fl_qgemm_dotprod = { .name = "neon-dotprod", .isa = FL_ISA_DOTPROD, .int4 = int4, .int8 = int8 };
#endif
