/* SPDX-License-Identifier: Apache-2.0 */
/* activation.h -- SwiGLU (Shazeer, 2020): gate[i] = silu(gate[i]) * up[i], silu(x) = x / (1 + e^-x).
 * And the sum of vectors. Threaded. */
#ifndef FL_COMPUTE_ACTIVATION_H
#define FL_COMPUTE_ACTIVATION_H

#include <stddef.h>

void fl_swiglu(float *gate, const float *up, size_t n);
void fl_add(float *x, const float *y, size_t n); /* x += y */
/* Adds y [cols] to every row of x [rows, cols]. */
void fl_add_rows(float *x, const float *y, size_t rows, size_t cols);

#endif
