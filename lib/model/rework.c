/* SPDX-License-Identifier: Apache-2.0 */
#include "model/rework.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/linalg.h"
#include "base/parallel.h"
#include "base/size.h"
#include "compute/refit.h"
#include "model/basis.h"

enum { TILE = 128 }; /* columns that one thread turns at a time */

struct fl_rework {
	const struct fl_passage *s;
	struct fl_refit *refit; /* or NULL */
	const double *right;	/* [cols, out_cols], or NULL */
	const double *head;	/* the same of the copy, or NULL: there is none */
	float *hold;		/* [rows, out_cols], or NULL */
	size_t *place;		/* [rows], where each of them is held; NULL: in their order */
};

/* The moments of a matrix that is rounded are for its rounding. */
static bool
is_solved(const struct fl_step *t)
{
	return t->moments && t->kind == FL_STEP_COPY;
}

/* Rows come in their order, and go out in another. */
static bool
is_reordered(const struct fl_step *t)
{
	return t->rows && t->rows->reordered;
}

bool
fl_rework_needed(const struct fl_passage *s)
{
	const struct fl_step *t = s->step;

	return is_solved(t) || t->side != FL_SIDE_NONE || (t->basis && t->copy_as_head) || is_reordered(t) ||
	    (t->kind == FL_STEP_QUANTIZE && t->cols);
}

static int
prepare_refit(struct fl_rework *r, struct fl_err *err)
{
	const struct fl_passage *s = r->s;
	const struct fl_moments *m = s->step->moments;
	const struct fl_keep *k = s->step->cols;
	size_t site = s->step->site;

	if (!fl_mend_finite(&s->step->mend))
		return fl_err_data(err, "the moments across the inputs of '%s' are not finite", s->weight->tensor.name);
	r->refit = fl_refit_new(fl_moments_site(m, site), s->cols, m->positions, k ? k->index : NULL, k ? k->n : s->cols);
	fl_moments_done(m, site);
	return r->refit ? 0 : fl_passage_bad_moments(s, err);
}

static float *
new_hold(const struct fl_passage *s)
{
	return fl_alloc_aligned(s->rows * s->out_cols, sizeof(float), s->weight->tensor.name);
}

static void
prepare_order(struct fl_rework *r)
{
	const struct fl_keep *k = r->s->step->rows;

	r->hold = new_hold(r->s);
	r->place = fl_alloc(k->n, sizeof *r->place);
	for (size_t i = 0; i < k->n; i++)
		r->place[k->index[i]] = i;
}

static int
prepare_basis(struct fl_rework *r, struct fl_err *err)
{
	const struct fl_passage *s = r->s;
	const struct fl_step *t = s->step;

	fl_linalg_load(); /* any thread multiplies */
	if (t->side == FL_SIDE_ROWS)
		r->right = fl_basis_vectors(t->basis);
	if (t->side == FL_SIDE_READS && !(r->right = fl_basis_reader(t->basis, t->norm, err)))
		return -1;
	if (t->copy_as_head && !(r->head = fl_basis_reader(t->basis, t->norm, err)))
		return -1;
	if (t->side == FL_SIDE_WRITES)
		r->hold = new_hold(s);
	return 0;
}

struct fl_rework *
fl_rework_new(const struct fl_passage *s, struct fl_err *err)
{
	struct fl_rework *r = fl_alloc(1, sizeof *r);

	r->s = s;
	if (is_reordered(s->step))
		prepare_order(r);
	if ((!is_solved(s->step) || prepare_refit(r, err) == 0) && (!s->step->basis || prepare_basis(r, err) == 0))
		return r;
	fl_rework_free(r);
	return NULL;
}

void
fl_rework_free(struct fl_rework *r)
{
	if (!r)
		return;
	fl_refit_free(r->refit);
	fl_mend_done(&r->s->step->mend);
	free(r->hold);
	free(r->place);
	free(r);
}

/* y [n, out_cols] := x [n, cols] times m. */
static void
multiply(const struct fl_passage *s, const float *x, const double *m, size_t n, float *y)
{
	double *a = fl_alloc(n * s->cols, sizeof *a), *b = fl_alloc(n * s->out_cols, sizeof *b);

	for (size_t i = 0; i < n * s->cols; i++)
		a[i] = x[i];
	fl_product(b, a, false, m, n, s->out_cols, s->cols);
	for (size_t i = 0; i < n * s->out_cols; i++)
		y[i] = (float)b[i];
	free(a);
	free(b);
}

static void
gather(const struct fl_passage *s, const float *x, size_t n, float *y)
{
	const struct fl_keep *k = s->step->cols;

	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < s->out_cols; j++)
			y[i * s->out_cols + j] = x[i * s->cols + (k ? k->index[j] : j)];
}

static void
solve(const struct fl_rework *r, const float *x, size_t n, const size_t *row, float *y)
{
	const struct fl_mend *mend = &r->s->step->mend;
	float *more = mend->n ? fl_alloc(n * r->s->cols, sizeof *more) : NULL;

	for (size_t i = 0; i < n && more; i++)
		fl_mend_row(mend, row[i], more + i * r->s->cols);
	fl_refit_rows(r->refit, x, more, n, y);
	free(more);
}

void
fl_rework_rows(const struct fl_rework *r, const float *x, size_t n, const size_t *row, float *y)
{
	if (r->hold)
		y = r->hold + row[0] * r->s->out_cols;
	if (r->place)
		for (size_t i = 0; i < n; i++)
			gather(r->s, x + i * r->s->cols, 1, r->hold + r->place[row[i]] * r->s->out_cols);
	else if (r->refit)
		solve(r, x, n, row, y);
	else if (r->right)
		multiply(r->s, x, r->right, n, y);
	else
		gather(r->s, x, n, y);
}

void
fl_rework_head(const struct fl_rework *r, const float *x, size_t n, float *y)
{
	multiply(r->s, x, r->head, n, y);
}

bool
fl_rework_holds(const struct fl_rework *r)
{
	return r->hold;
}

/* Some columns of what is held, in place: the result has no more rows. */
static void
turn_columns(void *ctx, size_t tile, int thread)
{
	struct fl_rework *r = ctx;
	size_t rows = r->s->rows, cols = r->s->out_cols, k = r->s->out_rows;
	size_t first = tile * TILE, n = fl_min(TILE, cols - first);
	double *a = fl_alloc(rows * n, sizeof *a), *b = fl_alloc(k * n, sizeof *b);

	(void)thread;
	for (size_t i = 0; i < rows; i++)
		for (size_t j = 0; j < n; j++)
			a[i * n + j] = r->hold[i * cols + first + j];
	fl_product(b, fl_basis_vectors(r->s->step->basis), true, a, k, n, rows);
	for (size_t i = 0; i < k; i++)
		for (size_t j = 0; j < n; j++)
			r->hold[i * cols + first + j] = (float)b[i * n + j];
	free(a);
	free(b);
}

float *
fl_rework_finish(struct fl_rework *r)
{
	if (r->s->step->side == FL_SIDE_WRITES)
		fl_parallel(fl_ceil_div(r->s->out_cols, TILE), turn_columns, r);
	return r->hold;
}
