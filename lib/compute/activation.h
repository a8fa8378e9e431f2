/* SPDX-License-Identifier: Apache-2.0 */
/* activation.h -- SwiGLU (Shazeer, 2020): a[i] = silu(gate[i]) * up[i], silu(x) = x / (1 + e^-x).
 * And the sum of vectors. Threaded. */
#ifndef FL_COMPUTE_ACTIVATION_H
#define FL_COMPUTE_ACTIVATION_H

#include <stddef.h>

void fl_swiglu(float *a, const float *gate, const float *up, size_t n); /* a may be gate */

/* Backward: from the gradient da of a, that of gate and of up; dgate may be gate, dup may be up. */
void fl_swiglu_grad(float *dgate, float *dup, const float *da, const float *gate, const float *up,
    size_t n);

void fl_add(float *sum, const float *x, const float *y, size_t n); /* sum = x + y, may be either */

/* Adds y [cols] to every row of x [rows, cols]. */
void fl_add_rows(float *x, const float *y, size_t rows, size_t cols);

/* Backward: the rows of dx [rows, cols] are added to sum [cols]. */
void fl_add_rows_grad(float *sum, const float *dx, size_t rows, size_t cols);

#endif
