/* SPDX-License-Identifier: Apache-2.0 */
/* adamw.h -- Adam with decoupled weight decay (Loshchilov and Hutter, 2019). Threaded.
 *
 *     m = b1 m + (1 - b1) g      v = b2 v + (1 - b2) g^2
 *     w = w - rate decay w - rate (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps) */
#ifndef FL_COMPUTE_ADAMW_H
#define FL_COMPUTE_ADAMW_H

#include <stddef.h>

struct fl_adamw {
	float rate, beta1, beta2, eps, decay;
	long step; /* t, from 1 */
};

/* g is multiplied by `clip` first. All arrays [n]. */
void fl_adamw(const struct fl_adamw *a, float *w, float *m, float *v, const float *g, float clip, size_t n);

/* The sum of squares, in double, the same at any number of threads. */
double fl_sum_squares(const float *x, size_t n);

#endif
