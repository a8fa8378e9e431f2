/* SPDX-License-Identifier: Apache-2.0 */
/* shrink.h -- how far correlations that some positions showed are believed.
 *
 * C = sum of a' a over T positions, R its correlations, c_ij / sqrt(c_ii c_jj). What T positions show of them is
 * shrunk towards none, (1 - rho) R + rho I, by oracle approximating shrinkage (Chen, Wiesel, Eldar & Hero 2010):
 *
 *     rho = ((1 - 2/n) |R|^2 + n^2) / ((T/3 + 1 - 2/n) (|R|^2 - n))        within 0 .. 0.999
 *
 * a third of T, since it is of independent positions, and those of a text are not (tests/bench/README.md).
 * For a least-squares problem that is C + lambda diag C with lambda = rho / (1 - rho); lambda is at least 1e-4, for
 * sums that were rounded. */
#ifndef FL_COMPUTE_SHRINK_H
#define FL_COMPUTE_SHRINK_H

#include <stddef.h>

#define FL_SHRINK_LEAST 1e-4

/* C := C + lambda diag C, the lower triangle of c [n,n]. An input that was never seen gets a diagonal that is not 0. */
void fl_shrink(double *c, size_t n, double positions);

#endif
