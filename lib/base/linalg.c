/* SPDX-License-Identifier: Apache-2.0 */
#include "base/linalg.h"

#include <cblas.h>
#include <dlfcn.h>
#include <lapacke.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/parallel.h"
#include "base/size.h"

/* A lower triangle row by row is an upper one column by column: no copy is made for LAPACK's order. */
enum { ORDER = LAPACK_COL_MAJOR, LOWER = 'U', PANEL = 512 };

enum { TILE = 256 }; /* rows of a product that one thread makes */
enum { COLUMNS = 128 }; /* of an inverse that one makes */

/* OpenBLAS takes some hundred MiB as it is loaded, and does not start at all where memory is limited, so only
 * who factors a matrix loads it. */
static const char library[] = "liblapacke.so.3";

static struct {
	__typeof__(LAPACKE_dpotrf_work) *potrf;
	__typeof__(LAPACKE_dpotrs_work) *potrs;
	__typeof__(LAPACKE_dsyevd_work) *syevd;
	__typeof__(cblas_dtrsm) *trsm;
	__typeof__(cblas_dtrmm) *trmm;
	__typeof__(cblas_dgemm) *gemm;
	__typeof__(openblas_set_num_threads) *set_threads; /* NULL: a BLAS that has none */
} la;

static _Noreturn void
missing(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fl_log_line(fmt, ap);
	va_end(ap);
	exit(FL_EXIT_SYSTEM);
}

static void *
find(void *lib, const char *name)
{
	void *f = dlsym(lib, name);

	if (!f)
		missing("'%s' has no '%s'", library, name);
	return f;
}

/* The processor whose kernels OpenBLAS is to take, or NULL. */
static const char *
core(void)
{
#ifdef __x86_64__
	if (__builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"))
		return "SkylakeX";
	if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
		return "Haswell";
#endif
	return NULL;
}

/* OpenBLAS takes an Intel processor younger than itself for one of 2004, so it is told what this one has, while it is
 * loaded; programs that we start are not. */
static void *
open_library(void)
{
	static const char name[] = "OPENBLAS_CORETYPE";
	const char *type = getenv(name) ? NULL : core();
	void *lib;

	if (type)
		setenv(name, type, false);
	lib = dlopen(library, RTLD_NOW | RTLD_LOCAL);
	if (type)
		unsetenv(name);
	return lib;
}

static void
load(void)
{
	void *lib = open_library();

	if (!lib)
		missing("cannot load %s", dlerror());
	*(void **)&la.potrf = find(lib, "LAPACKE_dpotrf_work");
	*(void **)&la.potrs = find(lib, "LAPACKE_dpotrs_work");
	*(void **)&la.syevd = find(lib, "LAPACKE_dsyevd_work");
	*(void **)&la.trsm = find(lib, "cblas_dtrsm");
	*(void **)&la.trmm = find(lib, "cblas_dtrmm");
	*(void **)&la.set_threads = dlsym(lib, "openblas_set_num_threads");
	if (la.set_threads)
		la.set_threads(1);
	*(void **)&la.gemm = find(lib, "cblas_dgemm");
}

void
fl_linalg_load(void)
{
	if (!la.gemm)
		load();
}

/* Panels of columns, left to right: the triangle on the diagonal is factored, what stands below it solved for, and
 * the squares to the right of that lessened, each by one thread. */
struct panel {
	double *a;
	size_t n, at, width; /* of the panel's columns */
};

static size_t
rows_from(const struct panel *p, size_t row)
{
	return fl_min(PANEL, p->n - row);
}

static void
solve_below(void *ctx, size_t tile, int thread)
{
	const struct panel *p = ctx;
	size_t row = p->at + p->width + tile * PANEL;

	(void)thread;
	la.trsm(CblasRowMajor, CblasRight, CblasLower, CblasTrans, CblasNonUnit, (int)rows_from(p, row), (int)p->width, 1,
	    p->a + p->at * p->n + p->at, (int)p->n, p->a + row * p->n + p->at, (int)p->n);
}

static void
lessen(void *ctx, size_t tile, int thread)
{
	const struct panel *p = ctx;
	size_t i = 0, row, col;

	(void)thread;
	for (; (i + 1) * (i + 2) / 2 <= tile;)
		i++;
	row = p->at + p->width + i * PANEL;
	col = p->at + p->width + (tile - i * (i + 1) / 2) * PANEL;
	la.gemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)rows_from(p, row), (int)rows_from(p, col), (int)p->width, -1,
	    p->a + row * p->n + p->at, (int)p->n, p->a + col * p->n + p->at, (int)p->n, 1, p->a + row * p->n + col,
	    (int)p->n);
}

int
fl_cholesky_in_place(double *a, size_t n)
{
	struct panel p = { .a = a, .n = n };

	fl_linalg_load();
	for (; p.at < n; p.at += p.width) {
		size_t below;

		p.width = rows_from(&p, p.at);
		below = fl_ceil_div(n - p.at - p.width, PANEL);
		if (la.potrf(ORDER, LOWER, (int)p.width, a + p.at * n + p.at, (int)n) != 0)
			return -1;
		fl_parallel(below, solve_below, &p);
		fl_parallel(below * (below + 1) / 2, lessen, &p);
	}
	return 0;
}

static int
factor(const double *a, double jitter, double *l, size_t n)
{
	memcpy(l, a, n * n * sizeof *l);
	for (size_t i = 0; i < n; i++)
		l[i * n + i] += jitter;
	return fl_cholesky_in_place(l, n);
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

/* Rows of l are l_stride apart, those of b b_stride. */
static void
forward(const double *l, size_t l_stride, size_t n, double *b, size_t b_stride, size_t m)
{
	la.trsm(CblasRowMajor, CblasLeft, CblasLower, CblasNoTrans, CblasNonUnit, (int)n, (int)m, 1, l,
	    (int)l_stride, b, (int)b_stride);
}

void
fl_cholesky_forward(const double *l, size_t n, double *b, size_t m)
{
	if (n == 0 || m == 0)
		return;
	fl_linalg_load();
	forward(l, n, n, b, m, m);
}

void
fl_cholesky_solve(const double *l, size_t n, double *b, size_t m)
{
	fl_linalg_load();
	la.potrs(ORDER, LOWER, (int)n, (int)m, l, (int)n, b, (int)n);
}

/* Rows of x are `stride` apart. */
static void
columns(const double *l, size_t n, size_t first, size_t m, double *x, size_t stride)
{
	for (size_t i = 0; i < n - first; i++)
		for (size_t j = 0; j < m; j++)
			x[i * stride + j] = i == j;
	forward(l + first * n + first, n, n - first, x, stride, m);
}

void
fl_cholesky_columns(const double *l, size_t n, size_t first, size_t m, double *x)
{
	columns(l, n, first, m, x, m);
}

struct inverse {
	const double *l;
	double *x; /* L^-1, which becomes X'X from the top */
	size_t n, row;
	double diagonal[COLUMNS * COLUMNS]; /* of X, in the rows from `row` on */
};

static void
invert_columns(void *ctx, size_t tile, int thread)
{
	const struct inverse *p = ctx;
	size_t at = tile * COLUMNS;

	(void)thread;
	columns(p->l, p->n, at, fl_min(COLUMNS, p->n - at), p->x + at * p->n + at, p->n);
}

/* Of the rows from p->row on, whose product needs what is below them alone. */
static void
square_tile(void *ctx, size_t tile, int thread)
{
	const struct inverse *p = ctx;
	size_t at = tile * COLUMNS, m = fl_min(COLUMNS, p->n - p->row), n = fl_min(COLUMNS, p->n - at), below = p->row + m;
	double *c = p->x + p->row * p->n + at;

	(void)thread;
	la.trmm(CblasRowMajor, CblasLeft, CblasLower, CblasTrans, CblasNonUnit, (int)m, (int)n, 1, p->diagonal,
	    COLUMNS, c, (int)p->n);
	la.gemm(CblasRowMajor, CblasTrans, CblasNoTrans, (int)m, (int)n, (int)(p->n - below), 1,
	    p->x + below * p->n + p->row, (int)p->n, p->x + below * p->n + at, (int)p->n, 1, c, (int)p->n);
}

void
fl_cholesky_inverse(const double *l, size_t n, double *inv)
{
	struct inverse *p = fl_alloc(1, sizeof *p);

	fl_linalg_load();
	*p = (struct inverse){ .l = l, .x = inv, .n = n };
	fl_parallel(fl_ceil_div(n, COLUMNS), invert_columns, p);
	for (; p->row < n; p->row += COLUMNS) {
		size_t rows = fl_min(COLUMNS, n - p->row);

		for (size_t i = 0; i < rows; i++)
			memcpy(p->diagonal + i * COLUMNS, inv + (p->row + i) * n + p->row, rows * sizeof *inv);
		fl_parallel(p->row / COLUMNS + 1, square_tile, p);
	}
	free(p);
}

/* Largest eigenvalue first, signs fixed. Vectors are the rows of a, smallest first. */
static void
put_in_order(double *a, size_t n)
{
	for (size_t i = 0; i < n - 1 - i; i++)
		for (size_t j = 0; j < n; j++) {
			double x = a[i * n + j];

			a[i * n + j] = a[(n - 1 - i) * n + j];
			a[(n - 1 - i) * n + j] = x;
		}
	for (size_t i = 0; i < n; i++) {
		double *v = a + i * n;
		size_t most = 0;
		double sign;

		for (size_t j = 1; j < n; j++)
			if (fabs(v[j]) > fabs(v[most]))
				most = j;
		sign = copysign(1, v[most]);
		for (size_t j = 0; j < n; j++)
			v[j] *= sign;
	}
}

int
fl_eigenvectors(double *a, size_t n)
{
	size_t room = 1 + 6 * n + 2 * n * n, whole = 3 + 5 * n;
	double *value, *work;
	int *iwork, bad;

	fl_linalg_load();
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k <= i; k++)
			if (!isfinite(a[i * n + k]))
				return -1; /* it might not end */
	value = fl_alloc(n, sizeof *value);
	work = fl_alloc_aligned(room, sizeof *work, "eigenvectors");
	iwork = fl_alloc(whole, sizeof *iwork);
	bad = la.syevd(ORDER, 'V', LOWER, (int)n, a, (int)n, value, work, (int)room, iwork, (int)whole);
	free(value);
	free(work);
	free(iwork);
	if (bad)
		return -1;
	put_in_order(a, n);
	return 0;
}

struct product {
	double *c;
	const double *a, *b;
	bool transposed;
	size_t m, n, k;
};

static void
make_tile(void *ctx, size_t tile, int thread)
{
	const struct product *p = ctx;
	size_t i = tile * TILE, m = p->m - i < TILE ? p->m - i : TILE;

	(void)thread;
	la.gemm(CblasRowMajor, p->transposed ? CblasTrans : CblasNoTrans, CblasNoTrans, (int)m, (int)p->n, (int)p->k,
	    1, p->a + (p->transposed ? i : i * p->k), (int)(p->transposed ? p->m : p->k), p->b, (int)p->n, 0,
	    p->c + i * p->n, (int)p->n);
}

void
fl_product(double *c, const double *a, bool transposed, const double *b, size_t m, size_t n, size_t k)
{
	struct product p = { c, a, b, transposed, m, n, k };

	fl_linalg_load();
	fl_parallel(fl_ceil_div(m, TILE), make_tile, &p);
}

void
fl_product_add(double *c, double by, const double *a, const double *b, size_t m, size_t n, size_t k, size_t stride)
{
	la.gemm(CblasRowMajor, CblasTrans, CblasNoTrans, (int)m, (int)n, (int)k, by, a, (int)stride, b, (int)stride, 1, c,
	    (int)stride);
}
