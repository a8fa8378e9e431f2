/* SPDX-License-Identifier: Apache-2.0 */
/* gram.h -- second moments: the symmetric sum over rows of a' a, in double, whatever the threads.
 *
 * Of the n x n matrix the lower triangle is kept, row by row: element (i, j), j <= i, is at
 * fl_gram_row(i) + j. */
#ifndef FL_COMPUTE_GRAM_H
#define FL_COMPUTE_GRAM_H

#include <stddef.h>

static inline size_t
fl_gram_row(size_t i)
{
	return i * (i + 1) / 2;
}

/* Elements of the triangle. */
static inline size_t
fl_gram_size(size_t n)
{
	return fl_gram_row(n);
}

/* sum += a' a with a [rows, n], row-major. Products of some hundred rows are summed in f32, and these
 * sums in double. */
void fl_gram_add(double *sum, const float *a, size_t rows, size_t n);

#endif
