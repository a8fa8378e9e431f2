/* SPDX-License-Identifier: Apache-2.0 */
#include "search/linalg.h"

#include <cblas.h>
#include <lapacke.h>
#include <math.h>
#include <string.h>

/* A lower triangle row by row is an upper one column by column: no copy is made for LAPACK's order. */
enum { ORDER = LAPACK_COL_MAJOR, LOWER = 'U' };

static int
factor(const double *a, double jitter, double *l, size_t n)
{
	openblas_set_num_threads(1);
	memcpy(l, a, n * n * sizeof *l);
	for (size_t i = 0; i < n; i++)
		l[i * n + i] += jitter;
	return LAPACKE_dpotrf_work(ORDER, LOWER, (int)n, l, (int)n) == 0 ? 0 : -1;
}

int
fl_cholesky(const double *a, double *l, size_t n)
{
	double scale = 0;

	for (size_t i = 0; i < n; i++)
		scale += a[i * n + i] / (double)n;
	if (!isfinite(scale))
		return -1;
	if (factor(a, 0, l, n) == 0)
		return 0;
	for (double jitter = 1e-8; jitter < 2e-4; jitter *= 10)
		if (factor(a, jitter * scale, l, n) == 0)
			return 0;
	return -1;
}

void
fl_cholesky_forward(const double *l, size_t n, double *b, size_t m)
{
	if (n == 0 || m == 0)
		return;
	cblas_dtrsm(CblasRowMajor, CblasLeft, CblasLower, CblasNoTrans, CblasNonUnit, (int)n, (int)m, 1, l,
	    (int)n, b, (int)m);
}

void
fl_cholesky_solve(const double *l, size_t n, double *b)
{
	LAPACKE_dpotrs_work(ORDER, LOWER, (int)n, 1, l, (int)n, b, (int)n);
}

void
fl_cholesky_inverse(const double *l, size_t n, double *inv)
{
	memcpy(inv, l, n * n * sizeof *inv);
	LAPACKE_dpotri_work(ORDER, LOWER, (int)n, inv, (int)n);
	for (size_t i = 0; i < n; i++)
		for (size_t k = i + 1; k < n; k++)
			inv[i * n + k] = inv[k * n + i];
}

void
fl_product(double *c, const double *a, bool transposed, const double *b, size_t m, size_t n, size_t k)
{
	cblas_dgemm(CblasRowMajor, transposed ? CblasTrans : CblasNoTrans, CblasNoTrans, (int)m, (int)n,
	    (int)k, 1, a, (int)(transposed ? m : k), b, (int)n, 0, c, (int)n);
}
