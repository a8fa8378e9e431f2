/* SPDX-License-Identifier: Apache-2.0 */
/* NEON's dot product, of signed bytes. */
#include "compute/qgemm.h"

#ifdef __aarch64__
#ifndef __clang__ /* gcc would load all weights of a group first, for which registers do not suffice */
#pragma GCC optimize("no-schedule-insns")
#endif
#include <arm_neon.h>
#include <sys/auxv.h>

#define TARGET __attribute__((target("arch=armv8.2-a+dotprod")))
#define ROWS 4
#define SIGNED 1
enum { LANES = 4, SPAN = 2, ASIMDDP = 1 << 20 /* of AT_HWCAP */ };

#include "compute/qgemm_tile.h"

/* Signed weights need no start. */
INLINE void
begin(struct sums *s, int32_t start)
{
	(void)start;
	s->a = (ivec){ 0 };
}

INLINE void
dot8(struct sums *s, const int8_t *x, const ivec *w)
{
	int32_t four;

	memcpy(&four, x, sizeof four);
	s->a = (ivec)vdotq_s32((int32x4_t)s->a, (int8x16_t)*w, vreinterpretq_s8_s32(vdupq_n_s32(four)));
}

INLINE void
dot4(struct sums *s, const int8_t *x, const ivec *w)
{
	dot8(s, x, w);
}

INLINE void
end(ivec *sum, const struct sums *s, int32_t start, bool eight)
{
	(void)start, (void)eight;
	*sum = s->a;
}

INLINE void
madd(vec *sum, const vec *x, const vec *y)
{
	*sum = (vec)vfmaq_f32((float32x4_t)*sum, (float32x4_t)*x, (float32x4_t)*y);
}

static bool
usable(void)
{
	return getauxval(AT_HWCAP) & ASIMDDP;
}

const struct fl_qgemm fl_qgemm_dotprod = { .name = "neon-dotprod", .usable = usable, .int4 = int4, .int8 = int8 };
#endif
