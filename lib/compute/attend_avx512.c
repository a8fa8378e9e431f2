/* SPDX-License-Identifier: Apache-2.0 */
#include "compute/attend.h"

#ifdef __x86_64__
#include <immintrin.h>

#define TARGET __attribute__((target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")))
enum { LANES = 16, SPAN = 4, WIDE = 4 };

#include "compute/attend_tile.h"

/* One of the factors is unsigned: q, by an offset. */
INLINE void
dot4(ivec *sum, int32_t four, const ivec *k)
{
	*sum = (ivec)_mm512_dpbusd_epi32((__m512i)*sum, _mm512_set1_epi32(four), (__m512i)*k);
}

INLINE void
bytes(ivec *x, const int8_t *p)
{
	*x = (ivec)_mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)p));
}

const struct fl_attend fl_attend_avx512 = { .name = "avx512vnni", .isa = FL_ISA_AVX512VNNI, .offset = 128, KERNELS };
#endif
