/* SPDX-License-Identifier: Apache-2.0 */
/* size.h -- arithmetic of sizes and counts that C lacks. */
#ifndef FL_BASE_SIZE_H
#define FL_BASE_SIZE_H

#include <stddef.h>

static inline size_t
fl_min(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* a / b rounded up, b > 0. */
static inline size_t
fl_ceil_div(size_t a, size_t b)
{
	return (a + b - 1) / b;
}

#endif
