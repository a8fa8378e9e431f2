/* SPDX-License-Identifier: Apache-2.0 */
#include "compute/qgemm.h"

#ifdef __x86_64__
#include <immintrin.h>

#define TARGET __attribute__((target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")))
#define ROWS 6
#define SIGNED 0
enum { LANES = 16, SPAN = 2 };

#include "compute/qgemm_tile.h"

INLINE void
begin(struct sums *s, int32_t start)
{
	s->a = (ivec)_mm512_set1_epi32(start);
}

INLINE void
dot8(struct sums *s, const int8_t *x, const ivec *w)
{
	int32_t four;

	memcpy(&four, x, sizeof four);
	s->a = (ivec)_mm512_dpbusd_epi32((__m512i)s->a, (__m512i)*w, _mm512_set1_epi32(four));
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
	*sum = (vec)_mm512_fmadd_ps((__m512)*x, (__m512)*y, (__m512)*sum);
}

static bool
usable(void)
{
	return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
	    __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
	    __builtin_cpu_supports("avx512vnni");
}

const struct fl_qgemm fl_qgemm_avx512 = { .name = "avx512vnni", .usable = usable, .int4 = int4, .int8 = int8 };
#endif
