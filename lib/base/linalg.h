/* SPDX-License-Identifier: Apache-2.0 */
/* linalg.h -- dense matrices in double, by LAPACK and BLAS, each call of which runs on one thread, so that sums come in
 * one order.
 *
 * Matrices are row by row. A Cholesky factor is lower triangular; what stands above its diagonal is
 * neither read nor meaningful. The library behind it is loaded with the first call, of one thread
 * alone, or by fl_linalg_load(); where it is not installed, that prints one line and exits with FL_EXIT_SYSTEM, as the
 * program's loader would have. */
#ifndef FL_BASE_LINALG_H
#define FL_BASE_LINALG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* Now, so that any thread may be the first to call. */
void fl_linalg_load(void);

/* l[n][n] := L with L L' = a + jitter I, of the symmetric a[n][n], whose lower triangle is read. Jitter is
 * 0, or what was needed of 1e-8, 1e-7, ... 1e-4 times the mean of the diagonal. Returns -1, l undefined,
 * if none helps: a is far from positive definite or not finite. a and l do not overlap. */
int fl_cholesky(const double *a, double *l, size_t n);

/* a[n][n] := L without jitter. Returns -1, a undefined, if a is not positive definite. Threaded. */
int fl_cholesky_in_place(double *a, size_t n);

/* b[n][m] := L^-1 b. */
void fl_cholesky_forward(const double *l, size_t n, double *b, size_t m);

/* Each row of b[m][n] := (L L')^-1 times it. By any thread once the factor is made. */
void fl_cholesky_solve(const double *l, size_t n, double *b, size_t m);

/* x[n-first][m] := columns first .. first+m-1 of L^-1, whose rows above first are zero. By any thread once the
 * factor is made. */
void fl_cholesky_columns(const double *l, size_t n, size_t first, size_t m, double *x);

/* The lower triangle of inv[n][n] := that of (L L')^-1. Threaded. */
void fl_cholesky_inverse(const double *l, size_t n, double *inv);

/* a[n][n], symmetric, of which the lower triangle is read, := its eigenvectors as rows, each of length 1, that
 * of the largest eigenvalue first, signed so that the largest element (of equal ones the first) is positive.
 * Returns -1, a undefined, if they are not found: a is not finite. */
int fl_eigenvectors(double *a, size_t n) FL_MUST_USE;

/* c[m][n] := a b with b[k][n]; a is [m][k], or [k][m] and taken transposed. On several threads. */
void fl_product(double *c, const double *a, bool transposed, const double *b, size_t m, size_t n, size_t k);

/* c[m][n] += by a' b with a[k][m] and b[k][n], rows of all three `stride` apart. By any thread once a factor was
 * made. */
void fl_product_add(double *c, double by, const double *a, const double *b, size_t m, size_t n, size_t k, size_t stride);

#endif
