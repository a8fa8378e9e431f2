/* SPDX-License-Identifier: Apache-2.0 */
#include "model/basis.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/linalg.h"
#include "base/parallel.h"
#include "base/size.h"
#include "compute/gram.h"
#include "compute/shrink.h"

enum { TILE = 128 }; /* rows of a solution that one thread makes */

/* One of so many positions counts where readers are mended: directions were chosen over the same positions, so what they
 * say of each other is believed less than what dimensions do (tests/bench/README.md). */
enum { CHOSEN = 3 };

struct fl_basis {
	const struct fl_metrics *m;
	size_t n, k, sites; /* D, K, S */
	double mended; /* how far towards the mended reader, */
	double positions; /* by moments over so many */
	bool tied;
	double *q;	/* [n,k] */
	double *norm;	/* [sites,k] */
	double share;	/* mean over sites of what share of the energy stays */
	double **energy; /* [sites], each [k]; NULL: not asked for yet */
	double *reader; /* [n,k] of site `at`; NULL: not made yet */
	size_t at;
};

static double *
matrix(size_t rows, size_t cols)
{
	return fl_alloc_aligned(rows * cols, sizeof(double), "a basis of the residual stream");
}

static int
refuse(size_t site, struct fl_err *err)
{
	return fl_err_data(err, "'%s' is not finite or not positive at norm %zu", fl_moment_name(FL_DIM_MOMENT),
	    site);
}

/* C_s, both triangles; or -1. */
static int
load(const struct fl_basis *b, size_t site, double *c, double *trace, struct fl_err *err)
{
	const struct fl_moments *m = &b->m->moment[FL_DIM_MOMENT];
	int bad = fl_gram_load(c, fl_moments_site(m, site), b->n, 0, NULL);

	*trace = 0;
	for (size_t i = 0; i < b->n; i++) {
		for (size_t j = 0; j < i; j++)
			c[j * b->n + i] = c[i * b->n + j];
		*trace += c[i * b->n + i];
	}
	fl_moments_done(m, site);
	return !bad && *trace > 0 ? 0 : refuse(site, err);
}

/* q := the transpose of the first k rows of v [n,n]. */
static void
take_columns(const struct fl_basis *b, const double *v, double *q)
{
	for (size_t i = 0; i < b->n; i++)
		for (size_t j = 0; j < b->k; j++)
			q[i * b->k + j] = v[j * b->n + i];
}

static int
find_directions(struct fl_basis *b, const bool *site, struct fl_err *err)
{
	double *sum = matrix(b->n, b->n), *c = matrix(b->n, b->n), trace;
	int bad = 0;

	for (size_t s = 0; s < b->sites && !bad; s++) {
		if (!site[s])
			continue;
		bad = load(b, s, c, &trace, err);
		for (size_t i = 0; i < b->n * b->n && !bad; i++)
			sum[i] += c[i] / trace;
	}
	free(c);
	if (!bad && fl_eigenvectors(sum, b->n) < 0)
		bad = fl_err_data(err, "'%s' has no principal directions", fl_moment_name(FL_DIM_MOMENT));
	if (!bad)
		take_columns(b, sum, b->q);
	free(sum);
	return bad;
}

/* Q' diag(g) Q, or Q' x. */
static double *
project(const struct fl_basis *b, const double *x)
{
	double *a = matrix(b->k, b->k);

	fl_product(a, b->q, true, x, b->k, b->k, b->n);
	return a;
}

static double *
weighted(const struct fl_basis *b, const double *g)
{
	double *x = matrix(b->n, b->k);

	for (size_t i = 0; i < b->n; i++)
		for (size_t j = 0; j < b->k; j++)
			x[i * b->k + j] = g[i] * b->q[i * b->k + j];
	return x;
}

/* Turns Q within what it spans so that Q' diag(g) Q of the final norm is diagonal. */
static int
align_with_norm(struct fl_basis *b, struct fl_err *err)
{
	double *x = weighted(b, fl_basis_was(b, b->sites - 1)), *a = project(b, x), *turn;
	int bad = 0;

	if (fl_eigenvectors(a, b->k) < 0) {
		bad = fl_err_data(err, "'%s' is not finite", fl_metric_name(FL_DIM_WEIGHT));
	} else {
		turn = matrix(b->k, b->k);
		for (size_t i = 0; i < b->k; i++)
			for (size_t j = 0; j < b->k; j++)
				turn[i * b->k + j] = a[j * b->k + i];
		memcpy(x, b->q, b->n * b->k * sizeof *x);
		fl_product(b->q, x, false, turn, b->n, b->k, b->k);
		free(turn);
	}
	free(x);
	free(a);
	return bad;
}

/* The weights of all norms. */
static int
weigh_norms(struct fl_basis *b, const bool *site, struct fl_err *err)
{
	double *c = matrix(b->n, b->n), *x = matrix(b->n, b->k), trace;
	size_t counted = 0;
	int bad = 0;

	for (size_t s = 0; s < b->sites && !bad; s++) {
		double kept = 0;

		if (!site[s] || (bad = load(b, s, c, &trace, err)))
			continue;
		fl_product(x, c, false, b->q, b->n, b->k, b->n);
		for (size_t i = 0; i < b->n * b->k; i++)
			kept += x[i] * b->q[i];
		if (!(kept > 0))
			bad = refuse(s, err);
		for (size_t j = 0; j < b->k; j++)
			b->norm[s * b->k + j] = b->k == b->n ? 1 : sqrt(kept / (double)b->k / (trace / (double)b->n));
		b->share += kept / trace;
		counted++;
	}
	b->share /= (double)counted;
	free(c);
	free(x);
	return bad;
}

/* Where the embedding is the head too: the factors of the final norm. */
static void
weigh_tied(struct fl_basis *b)
{
	double *x = weighted(b, fl_basis_was(b, b->sites - 1)), *norm = b->norm + (b->sites - 1) * b->k;

	for (size_t j = 0; j < b->k; j++) {
		double factor = 0;

		for (size_t i = 0; i < b->n; i++)
			factor += b->q[i * b->k + j] * x[i * b->k + j];
		norm[j] *= factor;
	}
	free(x);
}

static struct fl_basis *
begin(const struct fl_metrics *m, size_t k, const struct fl_basis_opts *opts)
{
	struct fl_basis *b = fl_alloc(1, sizeof *b);

	b->m = m;
	b->n = (size_t)m->width;
	b->k = k;
	b->sites = 2 * (size_t)m->layers + 1;
	b->mended = opts->mend && k < b->n;
	b->positions = m->moment[FL_DIM_MOMENT].positions;
	b->tied = opts->tied;
	b->q = matrix(b->n, k);
	b->norm = matrix(b->sites, k);
	b->energy = fl_alloc(b->sites, sizeof *b->energy);
	return b;
}

static struct fl_basis *
end(struct fl_basis *b, bool bad, const struct fl_basis_opts *opts, struct fl_err *err)
{
	if (!bad && weigh_norms(b, opts->site, err) == 0) {
		if (b->tied)
			weigh_tied(b);
		return b;
	}
	fl_basis_free(b);
	return NULL;
}

struct fl_basis *
fl_basis_principal(const struct fl_metrics *m, size_t k, const struct fl_basis_opts *opts, struct fl_err *err)
{
	struct fl_basis *b = begin(m, k, opts);
	bool bad = find_directions(b, opts->site, err) < 0 || (b->tied && align_with_norm(b, err) < 0);

	b->positions /= CHOSEN;
	return end(b, bad, opts, err);
}

static void
mix_all(struct fl_basis *b)
{
	size_t n = b->n, low = n & -n, high = n / low;

	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < n; j++) {
			double angle = 2 * acos(-1) * (double)(i / low * (j / low) % high) / (double)high;
			bool minus = __builtin_parityll(i % low & j % low);

			b->q[i * n + j] = (minus ? -1 : 1) * (cos(angle) + sin(angle)) / sqrt((double)n);
		}
}

struct fl_basis *
fl_basis_hadamard(const struct fl_metrics *m)
{
	struct fl_basis *b = begin(m, (size_t)m->width, &(struct fl_basis_opts){ 0 });

	mix_all(b);
	for (size_t i = 0; i < b->sites * b->k; i++)
		b->norm[i] = 1;
	b->share = 1;
	return b;
}

struct fl_basis *
fl_basis_members(const struct fl_metrics *m, const struct fl_keep *keep, const struct fl_basis_opts *opts,
    struct fl_err *err)
{
	struct fl_basis *b = begin(m, keep->n, opts);

	if (b->tied)
		b->mended /= 2;
	for (size_t j = 0; j < keep->n; j++)
		b->q[keep->index[j] * b->k + j] = 1;
	return end(b, false, opts, err);
}

void
fl_basis_free(struct fl_basis *b)
{
	if (!b)
		return;
	free(b->q);
	free(b->norm);
	for (size_t s = 0; s < b->sites; s++)
		free(b->energy[s]);
	free(b->energy);
	free(b->reader);
	free(b);
}

size_t
fl_basis_size(const struct fl_basis *b)
{
	return b->k;
}

const double *
fl_basis_vectors(const struct fl_basis *b)
{
	return b->q;
}

const double *
fl_basis_was(const struct fl_basis *b, size_t site)
{
	return b->m->sum[FL_DIM_WEIGHT] + site * b->n;
}

const double *
fl_basis_norm(const struct fl_basis *b, size_t site)
{
	return b->norm + site * b->k;
}

double
fl_basis_share(const struct fl_basis *b)
{
	return b->share;
}

/* Q' C_s Q, and C_s Q at x [n,k]; or NULL. */
static double *
turn(const struct fl_basis *b, size_t site, double *x, struct fl_err *err)
{
	double *c = matrix(b->n, b->n), *a = NULL, trace;

	if (load(b, site, c, &trace, err) == 0) {
		fl_product(x, c, false, b->q, b->n, b->k, b->n);
		a = project(b, x);
	}
	free(c);
	return a;
}

/* The moments of the inputs, [k,k]; or NULL. */
static double *
inputs(const struct fl_basis *b, size_t site, struct fl_err *err)
{
	const double *norm = fl_basis_norm(b, site);
	double *x = matrix(b->n, b->k), *a = turn(b, site, x, err);

	for (size_t i = 0; i < b->k * b->k && a; i++)
		a[i] *= norm[i / b->k] * norm[i % b->k];
	free(x);
	return a;
}

const double *
fl_basis_energy(struct fl_basis *b, size_t site, struct fl_err *err)
{
	double *a;

	if (!b->energy[site] && (a = inputs(b, site, err))) {
		b->energy[site] = matrix(1, b->k);
		for (size_t i = 0; i < b->k; i++)
			b->energy[site][i] = a[i * b->k + i];
		free(a);
	}
	return b->energy[site];
}

float *
fl_basis_moment(const struct fl_basis *b, size_t site, struct fl_err *err)
{
	double *a = inputs(b, site, err);
	float *triangle = a ? fl_alloc(fl_gram_size(b->k), sizeof *triangle) : NULL;

	for (size_t i = 0; i < b->k && a; i++)
		for (size_t j = 0; j <= i; j++)
			triangle[fl_gram_row(i) + j] = (float)a[i * b->k + j];
	free(a);
	return triangle;
}

struct solution {
	const double *root;
	double *x;
	size_t n, k;
};

static void
solve_tile(void *ctx, size_t tile, int thread)
{
	const struct solution *s = ctx;
	size_t i = tile * TILE, rows = fl_min(TILE, s->n - i);

	(void)thread;
	fl_cholesky_solve(s->root, s->k, s->x + i * s->k, rows);
}

/* x := C Q - Q A, what of C Q is not of what Q spans. */
static void
leave_span(const struct fl_basis *b, const double *a, double *x)
{
	double *within = matrix(b->n, b->k);

	fl_product(within, b->q, false, a, b->n, b->k, b->k);
	for (size_t i = 0; i < b->n * b->k; i++)
		x[i] -= within[i];
	free(within);
}

/* The reader, which is Q, goes as far as it is to towards the mended one. */
static int
mend(struct fl_basis *b, size_t site, struct fl_err *err)
{
	double *x = matrix(b->n, b->k), *a = turn(b, site, x, err);
	int bad = a ? 0 : -1;

	if (a) {
		leave_span(b, a, x);
		fl_shrink(a, b->k, b->positions);
		if (fl_cholesky_in_place(a, b->k) < 0)
			bad = fl_err_data(err, "'%s' is no sum of squares at norm %zu", fl_moment_name(FL_DIM_MOMENT),
			    site);
	}
	if (!bad)
		fl_parallel(fl_ceil_div(b->n, TILE), solve_tile, &(struct solution){ a, x, b->n, b->k });
	for (size_t i = 0; i < b->n * b->k && !bad; i++)
		b->reader[i] += b->mended * x[i];
	free(x);
	free(a);
	return bad;
}

const double *
fl_basis_reader(struct fl_basis *b, size_t site, struct fl_err *err)
{
	const double *g = fl_basis_was(b, site);

	if (b->reader && b->at == site)
		return b->reader;
	if (!b->reader)
		b->reader = matrix(b->n, b->k);
	b->at = site;
	memcpy(b->reader, b->q, b->n * b->k * sizeof *b->q);
	if (b->mended > 0 && mend(b, site, err) < 0) {
		free(b->reader);
		b->reader = NULL;
		return NULL;
	}
	for (size_t i = 0; i < b->n; i++)
		for (size_t j = 0; j < b->k; j++)
			b->reader[i * b->k + j] *= g[i];
	return b->reader;
}
