/* SPDX-License-Identifier: Apache-2.0 */
/* The same vectors as in plain C, which are NEON's there; what is added is its dot product. */
#include "compute/attend.h"

#ifdef __aarch64__
#include <arm_neon.h>

#define TARGET __attribute__((target("arch=armv8.2-a+dotprod")))
enum { LANES = 4, SPAN = 1, WIDE = 4 };

#include "compute/attend_tile.h"

INLINE void
dot4(ivec *sum, int32_t four, const ivec *k)
{
	*sum = (ivec)vdotq_s32((int32x4_t)*sum, (int8x16_t)*k, vreinterpretq_s8_s32(vdupq_n_s32(four)));
}

INLINE void
bytes(ivec *x, const int8_t *p)
{
	int32_t four;

	memcpy(&four, p, sizeof four);
	*x = (ivec)vmovl_s16(vget_low_s16(vmovl_s8(vreinterpret_s8_s32(vdup_n_s32(four)))));
}

const struct fl_attend fl_attend_neon = { .name = "neon-dotprod", .isa = FL_ISA_DOTPROD, KERNELS };
#endif
