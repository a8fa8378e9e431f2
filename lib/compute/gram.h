/* SPDX-License-Identifier: Apache-2.0 */
/* gram.h -- second moments: the symmetric sum over rows of a' a, or that of b' a, in double, whatever the threads.
 *
 * Of the symmetric n x n matrix the lower triangle is kept, row by row: element (i, j), j <= i, is at
 * fl_gram_row(i) + j. */
#ifndef FL_COMPUTE_GRAM_H
#define FL_COMPUTE_GRAM_H

#include <stddef.h>
#include <stdint.h>

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

/* Row i and column j of element `at`: of the tiles of a triangle, too, which are counted row by row. */
void fl_gram_place(size_t at, size_t *i, size_t *j);

/* A triangle of F32 as it is in a file, at any address, into the lower one of full [n,n], `ridge` times the mean of its
 * diagonal, or 1 if that is 0, added to that. Member i becomes member place[i]; place NULL: it stays i. -1 if the triangle
 * holds what is not finite. */
int fl_gram_load(double *full, const void *moment, size_t n, double ridge, const uint32_t *place);

/* The diagonal of such a triangle. */
void fl_gram_diagonal(double *diagonal, const void *moment, size_t n);

/* sum += a' a with a [rows, n], row-major. Products of some hundred rows are summed in f32, and these
 * sums in double. */
void fl_gram_add(double *sum, const float *a, size_t rows, size_t n);

/* sum [m, n] += b' a with b [rows, m]. */
void fl_gram_add_cross(double *sum, const float *b, size_t m, const float *a, size_t rows, size_t n);

#endif
