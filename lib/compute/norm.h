/* SPDX-License-Identifier: Apache-2.0 */
/* norm.h -- RMSNorm (Zhang and Sennrich, 2019): y = x / sqrt(mean(x^2) + eps) * weight.
 *
 * The mean is taken in double. Threaded over rows. */
#ifndef FL_COMPUTE_NORM_H
#define FL_COMPUTE_NORM_H

#include <stdbool.h>
#include <stddef.h>

#include "compute/scratch.h"

/* x and y are [rows, n], contiguous; y may be x. weight [n]. */
void fl_rmsnorm(float *y, const float *x, size_t rows, size_t n, const float *weight, double eps);

/* Backward of the same, from x and the gradient dy of y: dx (added to if `add`; else it may be dy) and
 * dw [n], added to. With s = 1 / sqrt(mean(x^2) + eps):
 *
 *     dx = s w dy - x s^3 mean(w dy x)      dw = sum over rows of s x dy */
void fl_rmsnorm_grad(float *dx, float *dw, const float *dy, const float *x, size_t rows, size_t n,
    const float *weight, double eps, bool add, struct fl_scratch *scratch);

#endif
