/* SPDX-License-Identifier: Apache-2.0 */
/* The dot product of AVX-512 in vectors of 32 bytes, which processors without AVX-512 have too. */
#include "compute/qgemm.h"

#ifdef __x86_64__
#include <cpuid.h>
#include <immintrin.h>

#define TARGET __attribute__((target("avx2,fma,avxvnni")))
#define ROWS 6
#define SIGNED 0
enum { LANES = 8, SPAN = 1, AVX_VNNI = 1 << 4 /* of eax, leaf 7.1 */ };

#include "compute/qgemm_tile.h"

INLINE void
begin(struct sums *s, int32_t start)
{
	s->a = (ivec)_mm256_set1_epi32(start);
}

INLINE void
dot8(struct sums *s, const int8_t *x, const ivec *w)
{
	int32_t four;

	memcpy(&four, x, sizeof four);
	s->a = (ivec)_mm256_dpbusd_avx_epi32((__m256i)s->a, (__m256i)*w, _mm256_set1_epi32(four));
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
	*sum = (vec)_mm256_fmadd_ps((__m256)*x, (__m256)*y, (__m256)*sum);
}

static bool
usable(void)
{
	unsigned a = 0, b, c, d;

	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
	    __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a & AVX_VNNI);
}

const struct fl_qgemm fl_qgemm_avxvnni = { .name = "avxvnni", .usable = usable, .int4 = int4, .int8 = int8 };
#endif
