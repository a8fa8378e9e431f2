/* SPDX-License-Identifier: Apache-2.0 */
/* Without a dot product of its own: bytes are multiplied in pairs, unsigned by signed, into 16 bits. With
 * weights below 16 all eight pairs of a group fit: 8 * 2 * 15 * 128 < 2^15. Weights of 8 bits go as two of 4. */
#include "compute/qgemm.h"

#ifdef __x86_64__
#include <immintrin.h>

#define TARGET __attribute__((target("avx2,fma")))
#define ROWS 6
#define SIGNED 0
enum { LANES = 8, SPAN = 1, ALONE = 4 };

#include "compute/qgemm_tile.h"

INLINE void
begin(struct sums *s, int32_t start)
{
	(void)start;
	s->a = s->b = (ivec){ 0 };
}

INLINE void
add_pairs(ivec *sum, const int8_t *x, __m256i w)
{
	int32_t four;

	memcpy(&four, x, sizeof four);
	*sum = (ivec)_mm256_add_epi16((__m256i)*sum, _mm256_maddubs_epi16(w, _mm256_set1_epi32(four)));
	__asm__("" : "+x"(*sum)); /* or the compiler adds in another order, for which registers do not suffice */
}

INLINE void
dot4(struct sums *s, const int8_t *x, const ivec *w)
{
	add_pairs(&s->a, x, (__m256i)*w);
}

INLINE void
dot8(struct sums *s, const int8_t *x, const ivec *w)
{
	const __m256i mask = _mm256_set1_epi8(15);

	add_pairs(&s->a, x, _mm256_and_si256((__m256i)*w, mask));
	add_pairs(&s->b, x, _mm256_and_si256(_mm256_srli_epi16((__m256i)*w, 4), mask));
}

INLINE void
end(ivec *sum, const struct sums *s, int32_t start, bool eight)
{
	const __m256i one = _mm256_set1_epi16(1), sixteen = _mm256_set1_epi16(16);

	*sum = (ivec)_mm256_madd_epi16((__m256i)s->a, one) + start;
	if (eight)
		*sum += (ivec)_mm256_madd_epi16((__m256i)s->b, sixteen);
}

INLINE void
madd(vec *sum, const vec *x, const vec *y)
{
	*sum = (vec)_mm256_fmadd_ps((__m256)*x, (__m256)*y, (__m256)*sum);
}

const struct fl_qgemm fl_qgemm_avx2 = { .name = "avx2", .isa = FL_ISA_AVX2, .int4 = int4, .int8 = int8 };
#endif
