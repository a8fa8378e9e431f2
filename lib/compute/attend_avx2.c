/* SPDX-License-Identifier: Apache-2.0 */
#include "compute/attend.h"

#ifdef __x86_64__
#include <immintrin.h>

#define TARGET __attribute__((target("avx2,fma")))
enum { LANES = 8, SPAN = 1, WIDE = 2 };

#include "compute/attend_tile.h"

/* In products of 16 bits, the even bytes and the odd ones: those of 8 bits saturate. */
INLINE void
dot4(ivec *sum, int32_t four, const ivec *k)
{
	__m256i q = _mm256_set1_epi32(four), x = (__m256i)*k, even, odd;

	even = _mm256_madd_epi16(_mm256_srai_epi16(_mm256_slli_epi16(q, 8), 8),
	    _mm256_srai_epi16(_mm256_slli_epi16(x, 8), 8));
	odd = _mm256_madd_epi16(_mm256_srai_epi16(q, 8), _mm256_srai_epi16(x, 8));
	*sum += (ivec)_mm256_add_epi32(even, odd);
}

INLINE void
bytes(ivec *x, const int8_t *p)
{
	*x = (ivec)_mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)p));
}

const struct fl_attend fl_attend_avx2 = { .name = "avx2", .isa = FL_ISA_AVX2, KERNELS };
#endif
