/* SPDX-License-Identifier: Apache-2.0 */
/* qgemm_direct.h -- begin(), dot4(), dot8() and end() of qgemm_tile.h where products of bytes are added to sums of 32
 * bits at once; included after it by a file that defines dot() after. */

/* sum += w x, four bytes a lane. */
INLINE void dot(ivec *sum, const int8_t *x, const ivec *w);

/* Signed weights need no start. */
INLINE void
begin(struct sums *s, int32_t start)
{
	s->a = (ivec){ 0 } + (SIGNED ? 0 : start);
}

INLINE void
dot4(struct sums *s, const int8_t *x, const ivec *w)
{
	dot(&s->a, x, w);
}

INLINE void
dot8(struct sums *s, const int8_t *x, const ivec *w)
{
	dot(&s->a, x, w);
}

INLINE void
end(ivec *sum, const struct sums *s, int32_t start, bool eight)
{
	(void)start, (void)eight;
	*sum = s->a;
}
