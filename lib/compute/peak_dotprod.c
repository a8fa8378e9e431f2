/* SPDX-License-Identifier: Apache-2.0 */
#ifdef __aarch64__
#include <arm_neon.h>

#define TARGET __attribute__((target("arch=armv8.2-a+dotprod")))

typedef int32x4_t ivec;
typedef float32x4_t fvec;

#define HIDE(x) __asm__ volatile("" : "+w"(x))
#define DOT(sum, a, b) (sum = vdotq_s32(sum, vreinterpretq_s8_s32(a), vreinterpretq_s8_s32(b)))
#define FMA(sum, a, b) (sum = vfmaq_f32(sum, a, b))

#include "compute/peak_tile.h"

const struct fl_peak fl_peak_dotprod = { .name = "dotprod", .isa = FL_ISA_DOTPROD, .int8 = int8, .f32 = f32 };
#endif
