/* SPDX-License-Identifier: Apache-2.0 */
#include "compute/qgemm.h"

#ifdef __x86_64__
#include <immintrin.h>

#define TARGET __attribute__((target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")))
#define ROWS 6
#define SIGNED 0
enum { LANES = 16, SPAN = 2, ALONE = 2 };

#include "compute/qgemm_tile.h"

#include "compute/qgemm_direct.h"

INLINE void
dot(ivec *sum, const int8_t *x, const ivec *w)
{
	int32_t four;

	memcpy(&four, x, sizeof four);
	*sum = (ivec)_mm512_dpbusd_epi32((__m512i)*sum, (__m512i)*w, _mm512_set1_epi32(four));
}

INLINE void
madd(vec *sum, const vec *x, const vec *y)
{
	*sum = (vec)_mm512_fmadd_ps((__m512)*x, (__m512)*y, (__m512)*sum);
}

const struct fl_qgemm fl_qgemm_avx512 = { .name = "avx512vnni", .isa = FL_ISA_AVX512VNNI, .int4 = int4, .int8 = int8 };
#endif
