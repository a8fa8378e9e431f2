/* SPDX-License-Identifier: Apache-2.0 */
/* norm.h -- RMSNorm (Zhang and Sennrich, 2019): y = x / sqrt(mean(x^2) + eps) * weight.
 *
 * The mean is taken in double. Threaded over rows. */
#ifndef FL_COMPUTE_NORM_H
#define FL_COMPUTE_NORM_H

#include <stddef.h>

/* x and y are [rows, n], contiguous; y may be x. weight [n]. */
void fl_rmsnorm(float *y, const float *x, size_t rows, size_t n, const float *weight, double eps);

#endif
