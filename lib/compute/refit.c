/* SPDX-License-Identifier: Apache-2.0 */
#include "compute/refit.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/linalg.h"
#include "compute/gram.h"
#include "compute/shrink.h"

struct fl_refit {
	size_t n, k;
	uint32_t *keep, *gone; /* [k], [n-k] */
	double *root;	       /* [k,k], the Cholesky factor of A */
	double *across;	       /* [n-k,k], C[g,k] */
};

static void
list_gone(struct fl_refit *r)
{
	size_t a = 0, b = 0;

	for (uint32_t j = 0; j < r->n; j++)
		if (a < r->k && r->keep[a] == j)
			a++;
		else
			r->gone[b++] = j;
}

/* Row i of the triangle, c[0..i], where i is the a-th that stays. */
static void
add_kept(struct fl_refit *r, const float *c, size_t i, size_t a)
{
	for (size_t b = 0; b <= a; b++)
		r->root[a * r->k + b] = c[r->keep[b]];
	for (size_t b = 0; b < r->n - r->k && r->gone[b] < i; b++)
		r->across[b * r->k + a] = c[r->gone[b]];
}

/* The same where it is the a-th that goes. */
static void
add_gone(struct fl_refit *r, const float *c, size_t i, size_t a)
{
	for (size_t b = 0; b < r->k && r->keep[b] < i; b++)
		r->across[a * r->k + b] = c[r->keep[b]];
}

static bool
gather(struct fl_refit *r, const char *moment)
{
	float *c = fl_alloc(r->n, sizeof *c);
	double sum = 0;
	size_t a = 0;

	for (size_t i = 0; i < r->n; i++) {
		memcpy(c, moment + fl_gram_row(i) * sizeof *c, (i + 1) * sizeof *c);
		for (size_t j = 0; j <= i; j++)
			sum += fabs((double)c[j]);
		if (a < r->k && r->keep[a] == i)
			add_kept(r, c, i, a++);
		else
			add_gone(r, c, i, i - a);
	}
	free(c);
	return isfinite(sum);
}

struct fl_refit *
fl_refit_new(const void *moment, size_t n, double positions, const uint32_t *keep, size_t k)
{
	struct fl_refit *r = fl_alloc(1, sizeof *r);
	bool good;

	r->n = n;
	r->k = k;
	r->keep = fl_alloc(k, sizeof *r->keep);
	for (uint32_t i = 0; i < k; i++)
		r->keep[i] = keep ? keep[i] : i;
	r->gone = fl_alloc(n - k, sizeof *r->gone);
	list_gone(r);
	r->root = fl_alloc_aligned(k * k, sizeof *r->root, "a least-squares problem");
	if (k < n)
		r->across = fl_alloc_aligned((n - k) * k, sizeof *r->across, "a least-squares problem");
	good = gather(r, moment);
	if (good)
		fl_shrink(r->root, k, positions);
	if (good && fl_cholesky_in_place(r->root, k) == 0)
		return r;
	fl_refit_free(r);
	return NULL;
}

void
fl_refit_free(struct fl_refit *r)
{
	if (!r)
		return;
	free(r->keep);
	free(r->gone);
	free(r->root);
	free(r->across);
	free(r);
}

/* y [rows, k] := w[g] C[g,k]. */
static void
from_gone(const struct fl_refit *r, const float *w, size_t rows, double *y)
{
	size_t k = r->k, g = r->n - k;
	double *gone = fl_alloc(rows * g, sizeof *gone);

	for (size_t i = 0; i < rows; i++)
		for (size_t j = 0; j < g; j++)
			gone[i * g + j] = w[i * r->n + r->gone[j]];
	fl_product(y, gone, false, r->across, rows, k, g);
	free(gone);
}

void
fl_refit_rows(const struct fl_refit *r, const float *w, const float *more, size_t rows, float *out)
{
	size_t k = r->k;
	double *y = fl_alloc(rows * k, sizeof *y);

	if (k < r->n)
		from_gone(r, w, rows, y);
	for (size_t i = 0; i < rows; i++)
		for (size_t j = 0; j < k && more; j++)
			y[i * k + j] += more[i * r->n + r->keep[j]];
	fl_cholesky_solve(r->root, k, y, rows);
	for (size_t i = 0; i < rows; i++)
		for (size_t j = 0; j < k; j++)
			out[i * k + j] = (float)(w[i * r->n + r->keep[j]] + y[i * k + j]);
	free(y);
}
