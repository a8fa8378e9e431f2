/* SPDX-License-Identifier: Apache-2.0 */
/* normal.h -- standard normal numbers that fill space evenly. */
#ifndef FL_SEARCH_NORMAL_H
#define FL_SEARCH_NORMAL_H

#include <stddef.h>
#include <stdint.h>

/* The z with Phi(z) = p, 0 < p < 1, to a relative 1e-9 of 1 + |z|. */
double fl_normal_quantile(double p);

/* ln Phi(z), also where Phi(z) underflows: there to a relative 1e-3. */
double fl_normal_log_below(double z);

/* out[n][dims]: the first n points of a scrambled Sobol sequence, each coordinate a normal number. Beyond
 * FL_SOBOL_DIMS coordinates another sequence goes on, whose seed is 2^32 more. */
void fl_normal_points(double *out, size_t n, size_t dims, uint64_t seed);

#endif
