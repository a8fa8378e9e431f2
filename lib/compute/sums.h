/* SPDX-License-Identifier: Apache-2.0 */
/* sums.h -- sums over the rows of activations and weights, in double, whatever the threads.
 *
 * x [rows, cols], row-major f32. Each sum is made by one thread, in an order that the sizes alone
 * fix, so it does not depend on how many threads there are. */
#ifndef FL_COMPUTE_SUMS_H
#define FL_COMPUTE_SUMS_H

#include <stdbool.h>
#include <stddef.h>

/* What to add of each column, each [cols] or NULL. */
struct fl_column_sums {
	double *sq;	/* x^2 */
	double *abs;	/* |x| */
	double *seq_sq; /* for every `length` rows, a sequence, the square of the mean of |x| */
};

/* rows is a multiple of length. */
void fl_sum_columns(const float *x, size_t rows, size_t cols, size_t length,
    const struct fl_column_sums *out);

/* Adds the sum of squares of each row to out[rows]. */
void fl_sum_rows_sq(const float *x, size_t rows, size_t cols, double *out);

/* Cosines of the angles between rows of a and b: [rows] each, centered may be NULL. The centered one
 * is between rows less their means, which is the cosine after a LayerNorm without weights: its
 * division by the standard deviation leaves an angle as it is. A row of zeros has cosine 0 with all. */
void fl_row_cosines(const float *a, const float *b, size_t rows, size_t cols, double *plain,
    double *centered);

/* Whether no sum is infinite or no number. */
bool fl_sums_finite(const double *sum, size_t n);

#endif
