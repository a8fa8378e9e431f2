/* SPDX-License-Identifier: Apache-2.0 */
#include "compute/attend.h"

#define TARGET
enum { LANES = 4, SPAN = 1, WIDE = 4 };

#include "compute/attend_tile.h"

INLINE void
dot4(ivec *sum, int32_t four, const ivec *k)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		*sum += (*k << shift >> 24) * ((int32_t)((uint32_t)four << shift) >> 24);
}

INLINE void
bytes(ivec *x, const int8_t *p)
{
	for (size_t i = 0; i < LANES; i++)
		(*x)[i] = p[i];
}

const struct fl_attend fl_attend_portable = { .name = "portable", .isa = FL_ISA_ANY, KERNELS };
