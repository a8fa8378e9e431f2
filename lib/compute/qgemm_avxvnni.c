/* SPDX-License-Identifier: Apache-2.0 */
/* The dot product of AVX-512 in vectors of 32 bytes, which processors without AVX-512 have too. */
#include "compute/qgemm.h"

#ifdef __x86_64__
#include <immintrin.h>

#define TARGET __attribute__((target("avx2,fma,avxvnni")))
#define ROWS 6
#define SIGNED 0
enum { LANES = 8, SPAN = 1, ALONE = 4 };

#include "compute/qgemm_tile.h"

#include "compute/qgemm_direct.h"

INLINE void
dot(ivec *sum, const int8_t *x, const ivec *w)
{
	int32_t four;

	memcpy(&four, x, sizeof four);
	*sum = (ivec)_mm256_dpbusd_avx_epi32((__m256i)*sum, (__m256i)*w, _mm256_set1_epi32(four));
}

INLINE void
madd(vec *sum, const vec *x, const vec *y)
{
	*sum = (vec)_mm256_fmadd_ps((__m256)*x, (__m256)*y, (__m256)*sum);
}

const struct fl_qgemm fl_qgemm_avxvnni = { .name = "avxvnni", .isa = FL_ISA_AVXVNNI, .int4 = int4, .int8 = int8 };
#endif
