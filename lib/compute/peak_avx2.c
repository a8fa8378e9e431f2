/* SPDX-License-Identifier: Apache-2.0 */
#ifdef __x86_64__
#include <immintrin.h>

#define TARGET __attribute__((target("avx2,fma")))

typedef int ivec __attribute__((vector_size(32)));
typedef float fvec __attribute__((vector_size(32)));

#define HIDE(x) __asm__ volatile("" : "+x"(x))
/* Three instructions. */
#define DOT(sum, a, b) do { \
	HIDE(a); \
	sum += (ivec)_mm256_madd_epi16(_mm256_maddubs_epi16((__m256i)a, (__m256i)b), _mm256_set1_epi16(1)); \
} while (0)
#define FMA(sum, a, b) (sum = (fvec)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)sum))

#include "compute/peak_tile.h"

const struct fl_peak fl_peak_avx2 = { .name = "avx2", .isa = FL_ISA_AVX2, .int8 = int8, .f32 = f32 };
#endif
