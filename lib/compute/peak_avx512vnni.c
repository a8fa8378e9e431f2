/* SPDX-License-Identifier: Apache-2.0 */
#ifdef __x86_64__
#include <immintrin.h>

#define TARGET __attribute__((target("avx2,fma,avx512f,avx512bw,avx512vnni")))

typedef int ivec __attribute__((vector_size(64)));
typedef float fvec __attribute__((vector_size(64)));

#define HIDE(x) __asm__ volatile("" : "+v"(x))
#define DOT(sum, a, b) (sum = (ivec)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)a, (__m512i)b))
#define FMA(sum, a, b) (sum = (fvec)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)sum))

#include "compute/peak_tile.h"

const struct fl_peak fl_peak_avx512vnni = { .name = "avx512vnni", .isa = FL_ISA_AVX512VNNI, .int8 = int8, .f32 = f32 };
#endif
