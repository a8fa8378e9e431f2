/* SPDX-License-Identifier: Apache-2.0 */
#include "compute/qgemm.h"

#include <math.h>

#define TARGET
#define ROWS 2
#define SIGNED 0
enum { LANES = 4, SPAN = 2, ALONE = 2 };

#include "compute/qgemm_tile.h"

#include "compute/qgemm_direct.h"

INLINE void
dot(ivec *sum, const int8_t *x, const ivec *w)
{
	FL_UNROLL
	for (int i = 0; i < 4; i++)
		*sum += (ivec)((uvec)*w >> 8 * i & 255) * x[i];
}

INLINE void
madd(vec *sum, const vec *x, const vec *y)
{
	FL_UNROLL
	for (size_t i = 0; i < LANES; i++)
		(*sum)[i] = fmaf((*x)[i], (*y)[i], (*sum)[i]);
}

const struct fl_qgemm fl_qgemm_portable = { .name = "portable", .isa = FL_ISA_ANY, .int4 = int4, .int8 = int8 };
