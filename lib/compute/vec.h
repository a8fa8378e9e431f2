/* SPDX-License-Identifier: Apache-2.0 */
/* vec.h -- sixteen floats at a time, in the compiler's own vectors; private to compute/.
 *
 * The compiler lowers them to whatever the machine has. A kernel marked FL_CLONES is compiled for
 * several instruction sets and the loader picks one. Vectors are handed over by pointer because how
 * they are passed by value depends on the instruction set. */
#ifndef FL_COMPUTE_VEC_H
#define FL_COMPUTE_VEC_H

#include <stdint.h>
#include <string.h>

/* What sanitizers watch is neither cloned nor unrolled: that would take the compiler minutes a file. */
#if defined(__x86_64__) && defined(__linux__) && !defined(FL_SANITIZED)
#define FL_CLONES __attribute__((target_clones("default", "avx2", "avx512f")))
#else
#define FL_CLONES
#endif
#ifdef FL_SANITIZED
#define FL_UNROLL
#else
#define FL_UNROLL _Pragma("GCC unroll 16")
#endif
#define FL_INLINE static inline __attribute__((always_inline))

enum { FL_LANES = 16 };

typedef float fl_vec __attribute__((vector_size(64)));
typedef int32_t fl_ivec __attribute__((vector_size(64)));

FL_INLINE void
fl_vec_load(fl_vec *v, const float *p)
{
	memcpy(v, p, sizeof *v);
}

/* n < FL_LANES floats, zeros after them. */
FL_INLINE void
fl_vec_load_part(fl_vec *v, const float *p, size_t n)
{
	float part[FL_LANES] = { 0 };

	for (size_t i = 0; i < n; i++)
		part[i] = p[i];
	memcpy(v, part, sizeof *v);
}

FL_INLINE void
fl_vec_store(float *p, const fl_vec *v)
{
	memcpy(p, v, sizeof *v);
}

/* The sum of the lanes, pairwise: one order on every machine. */
FL_INLINE float
fl_vec_sum(const fl_vec *v)
{
	float s[FL_LANES];

	memcpy(s, v, sizeof s);
	for (int half = FL_LANES / 2; half > 0; half /= 2)
		for (int i = 0; i < half; i++)
			s[i] += s[i + half];
	return s[0];
}

/* Choices between lanes are made by sign bits: gcc takes a comparison of whole vectors apart, lane by lane, before it
 * compiles a clone for its instruction set. */

/* All bits of the lanes in which x is below zero; of a NaN its sign. */
FL_INLINE void
fl_vec_negative(fl_ivec *mask, const fl_vec *x)
{
	*mask = (fl_ivec)*x >> 31;
}

/* All bits of the lanes in which x is no number. */
FL_INLINE void
fl_vec_nan(fl_ivec *mask, const fl_vec *x)
{
	*mask = (0x7f800000 - ((fl_ivec)*x & 0x7fffffff)) >> 31;
}

/* a = the larger of a and b, lane by lane; either where one is a NaN. */
FL_INLINE void
fl_vec_max(fl_vec *a, const fl_vec *b)
{
	fl_vec more = *a - *b;
	fl_ivec less;

	fl_vec_negative(&less, &more);
	*a = (fl_vec)(((fl_ivec)*a & ~less) | ((fl_ivec)*b & less));
}

/* e^v for v from -87.3 to 88, within 2 units in the last place, of vectors of floats `vec` and integers `ivec` of
 * any length.
 *
 * v = n ln 2 + r with |r| <= ln 2 / 2; e^r by its Taylor polynomial, whose first neglected term is
 * r^8/8! < 6e-9; 2^n by adding n to the exponent. ln 2 is split so that n * its head is exact. */
#define FL_EXP(vec, ivec, v) ({ \
	const float round_ = 0x1.8p23f, head_ = 0x1.62e4p-1f, tail_ = 0x1.7f7d1cp-20f; \
	vec n_ = (v) * 0x1.715476p0f + round_ - round_, r_ = (v) - n_ * head_ - n_ * tail_, p_; \
	p_ = r_ * (1 / 5040.f) + 1 / 720.f; \
	p_ = p_ * r_ + 1 / 120.f; \
	p_ = p_ * r_ + 1 / 24.f; \
	p_ = p_ * r_ + 1 / 6.f; \
	p_ = p_ * r_ + 0.5f; \
	p_ = p_ * r_ + 1.f; \
	p_ = p_ * r_ + 1.f; \
	(vec)((ivec)p_ + (__builtin_convertvector(n_, ivec) << 23)); })

/* e^x; 0 below -87.3, infinity above 88; a NaN stays one. */
FL_INLINE void
fl_vec_exp(fl_vec *x)
{
	const float lowest = -87.3f, highest = 88.0f;
	fl_vec from = *x - lowest, to = highest - *x, v;
	fl_ivec below, above, nan;

	fl_vec_negative(&below, &from);
	fl_vec_negative(&above, &to);
	fl_vec_nan(&nan, x);
	v = (fl_vec)((fl_ivec)*x & ~(below | above));
	v = FL_EXP(fl_vec, fl_ivec, v);
	*x = (fl_vec)(((fl_ivec)v & ~(below | above)) | (above & 0x7f800000) | nan);
}

#endif
