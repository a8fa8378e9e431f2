/* SPDX-License-Identifier: Apache-2.0 */
#include "compute/qgemm.h"

#include <math.h>

#define TARGET
#define ROWS 2
#define SIGNED 0
enum { LANES = 4, SPAN = 2 };

#include "compute/qgemm_tile.h"

INLINE void
begin(struct sums *s, int32_t start)
{
	s->a = (ivec){ 0 } + start;
}

INLINE void
dot8(struct sums *s, const int8_t *x, const ivec *w)
{
	UNROLL
	for (int i = 0; i < 4; i++)
		s->a += (ivec)((uvec)*w >> 8 * i & 255) * x[i];
}

INLINE void
dot4(struct sums *s, const int8_t *x, const ivec *w)
{
	dot8(s, x, w);
}

INLINE void
end(ivec *sum, const struct sums *s, int32_t start, bool eight)
{
	(void)start, (void)eight;
	*sum = s->a;
}

INLINE void
madd(vec *sum, const vec *x, const vec *y)
{
	UNROLL
	for (size_t i = 0; i < LANES; i++)
		(*sum)[i] = fmaf((*x)[i], (*y)[i], (*sum)[i]);
}

static bool
always(void)
{
	return true;
}

const struct fl_qgemm fl_qgemm_portable = { .name = "portable", .usable = always, .int4 = int4, .int8 = int8 };
