/* SPDX-License-Identifier: Apache-2.0 */
/* refit.h -- a linear layer of which some inputs are removed, solved again for those that stay.
 *
 *     y = w a, a of n values, C = sum of a' a over positions, k what stays, g what goes
 *     w' = w[k] + w[g] C[g,k] A^-1,    A = C[k,k] + lambda diag C[k,k],    lambda as in shrink.h
 *
 * w' minimises the sum of (w a - w' a[k])^2 over these positions, but for lambda, which keeps it the nearer to w[k] the
 * fewer they are. Where what the layer is to put out is w a + d, d of another part that is gone, of which X = sum of
 * d a' is known, X[k] A^-1 is added; where nothing goes, w' = w + X A^-1. In double, by Cholesky; n k doubles of
 * memory. */
#ifndef FL_COMPUTE_REFIT_H
#define FL_COMPUTE_REFIT_H

#include <stddef.h>
#include <stdint.h>

struct fl_refit;

/* moment: F32, the lower triangle of C over `positions` as in gram.h, at any address, read once from end to end. keep: k <= n
 * indices, ascending; NULL: all. NULL: C holds what is not finite, or is not a sum of squares. */
struct fl_refit *fl_refit_new(const void *moment, size_t n, double positions, const uint32_t *keep, size_t k);
void fl_refit_free(struct fl_refit *r); /* NULL is fine */

/* Rows of w [rows, n] into out [rows, k]; more [rows, n] are those of X, NULL: there is no d. By several threads at
 * a time. */
void fl_refit_rows(const struct fl_refit *r, const float *w, const float *more, size_t rows, float *out);

#endif
