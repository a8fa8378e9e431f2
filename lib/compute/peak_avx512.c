/* SPDX-License-Identifier: Apache-2.0 */
#ifdef __x86_64__
#include <immintrin.h>

#define TARGET __attribute__((target("avx2,fma,avx512f,avx512bw")))

typedef int ivec __attribute__((vector_size(64)));
typedef float fvec __attribute__((vector_size(64)));

#define HIDE(x) __asm__ volatile("" : "+v"(x))
#define DOT(sum, a, b) do { \
	HIDE(a); \
	sum += (ivec)_mm512_madd_epi16(_mm512_maddubs_epi16((__m512i)a, (__m512i)b), _mm512_set1_epi16(1)); \
} while (0)
#define FMA(sum, a, b) (sum = (fvec)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)sum))

#include "compute/peak_tile.h"

const struct fl_peak fl_peak_avx512 = { .name = "avx512", .isa = FL_ISA_AVX512, .int8 = int8, .f32 = f32 };
#endif
