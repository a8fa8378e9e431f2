/* SPDX-License-Identifier: Apache-2.0 */
#include "search/gp.h"

#include <lbfgs.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/linalg.h"

static const double noise_floor = 1e-4, scale_floor = 0.025; /* in units of the variance of y; of x */

/* Hyperparameters are logarithms: the length-scales beyond their floor, v, the noise beyond its floor. */
struct fl_gp {
	struct fl_gp_form form;
	size_t n;
	double *x;		  /* [n][dims] */
	double *y;		  /* [n] standardised: (value - centre) / unit */
	double *known;		  /* [n] variance of the noise known, standardised */
	double centre, unit;	  /* of y; what is modelled is (y - base) / unit */
	double *middle, *spread; /* [dims] of linear features */
	double *inv_l2;		  /* [scales] 1 / l^2 */
	double w, v, noise;	  /* variances: of linear coefficients, of f, of the noise */
	double *l;		  /* [n][n] Cholesky factor of the covariance of y */
	double *alpha;		  /* [n] that covariance's inverse times y */
};

/* What the model adds to at x[dims]. */
static double
base(const struct fl_gp *g, const double *x)
{
	return g->form.offset >= 0 ? x[g->form.offset] : g->centre;
}

/* The covariance --------------------------------------------------------------------------------- */

static double
linear_part(const struct fl_gp *g, const double *a, const double *b)
{
	double sum = 0;

	for (size_t k = 0; k < g->form.dims; k++)
		if (g->form.linear[k])
			sum += (a[k] - g->middle[k]) * (b[k] - g->middle[k]) / (g->spread[k] * g->spread[k]);
	return sum;
}

/* d[scales] := the squared distances. */
static void
distances(const struct fl_gp *g, const double *a, const double *b, double *d)
{
	for (int s = 0; s < g->form.scales; s++)
		d[s] = 0;
	for (size_t k = 0; k < g->form.dims; k++)
		if (g->form.scale[k] >= 0)
			d[g->form.scale[k]] += (a[k] - b[k]) * (a[k] - b[k]);
}

static double
covariance(const struct fl_gp *g, const double *a, const double *b)
{
	double r2 = 0;

	for (size_t k = 0; k < g->form.dims; k++)
		if (g->form.scale[k] >= 0)
			r2 += (a[k] - b[k]) * (a[k] - b[k]) * g->inv_l2[g->form.scale[k]];
	return 1 + g->w * linear_part(g, a, b) + g->v * exp(-.5 * r2);
}

/* out[n][m] between a[n][dims] and b[m][dims]. */
static void
covariances(const struct fl_gp *g, const double *a, size_t n, const double *b, size_t m, double *out)
{
	size_t dims = g->form.dims;

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < m; k++)
			out[i * m + k] = covariance(g, a + i * dims, b + k * dims);
}

/* The fit ---------------------------------------------------------------------------------------- */

struct fit {
	struct fl_gp *g;
	double *linear; /* [n][n], what no hyperparameter changes */
	double *d2;	/* [n][n][scales] squared distances, the lower triangle */
	double *k, *smooth, *inv, *alpha;
};

/* The log-normal density's logarithm at t, without constants, and its derivative by t. */
static double
log_normal(double t, double m, double s, double *slope)
{
	double z = (log(t) - m) / s;

	*slope -= (1 + z / s) / t;
	return -log(t) - .5 * z * z;
}

static double
scale_prior(const struct fl_gp *g)
{
	return sqrt(2) + .5 * log(fmax(1, g->form.scales));
}

static void
set(struct fl_gp *g, const double *theta)
{
	int s = g->form.scales;

	for (int i = 0; i < s; i++)
		g->inv_l2[i] = pow(scale_floor + exp(theta[i]), -2);
	g->v = exp(theta[s]);
	g->w = exp(theta[s + 1]);
	g->noise = noise_floor + exp(theta[s + 2]);
}

/* f->k and f->smooth, the part of it that decays with distance. */
static void
fill(struct fit *f)
{
	const struct fl_gp *g = f->g;
	size_t n = g->n, scales = (size_t)g->form.scales;

	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j <= i; j++) {
			const double *d = f->d2 + (i * n + j) * scales;
			double r2 = 0;

			for (size_t s = 0; s < scales; s++)
				r2 += d[s] * g->inv_l2[s];
			f->smooth[i * n + j] = g->v * exp(-.5 * r2);
			f->k[i * n + j] = 1 + g->w * f->linear[i * n + j] + f->smooth[i * n + j] +
			    (i == j ? g->noise + g->known[i] : 0);
		}
}

/* slope[] := the derivatives of the log likelihood by l, v, w and the noise: with W = alpha alpha' - K^-1,
 * half the trace of W times that of K. */
static void
likelihood_slope(const struct fit *f, double *slope)
{
	const struct fl_gp *g = f->g;
	size_t n = g->n, scales = (size_t)g->form.scales;

	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j <= i; j++) {
			const double *d = f->d2 + (i * n + j) * scales;
			double w = f->alpha[i] * f->alpha[j] - f->inv[i * n + j];
			double ws = (i == j ? .5 : 1) * w * f->smooth[i * n + j];

			for (size_t s = 0; s < scales; s++)
				slope[s] += ws * d[s];
			slope[scales] += ws;
			slope[scales + 1] += (i == j ? .5 : 1) * w * f->linear[i * n + j];
			if (i == j)
				slope[scales + 2] += .5 * w;
		}
	for (size_t s = 0; s < scales; s++)
		slope[s] *= pow(g->inv_l2[s], 1.5);
	slope[scales] /= g->v;
}

static double
log_likelihood(struct fit *f, double *slope)
{
	struct fl_gp *g = f->g;
	size_t n = g->n;
	double sum = 0;

	fill(f);
	if (fl_cholesky(f->k, g->l, n) < 0)
		return -INFINITY;
	memcpy(f->alpha, g->y, n * sizeof *f->alpha);
	fl_cholesky_solve(g->l, n, f->alpha, 1);
	fl_cholesky_inverse(g->l, n, f->inv);
	for (size_t i = 0; i < n; i++)
		sum -= .5 * g->y[i] * f->alpha[i] + log(g->l[i * n + i]);
	likelihood_slope(f, slope);
	return sum;
}

/* What liblbfgs makes small: minus the log posterior an observation. It may have rounded `count` up. */
static lbfgsfloatval_t
evaluate(void *arg, const lbfgsfloatval_t *theta, lbfgsfloatval_t *gradient, const int count,
    const lbfgsfloatval_t step)
{
	struct fit *f = arg;
	struct fl_gp *g = f->g;
	int s = g->form.scales;
	double n = (double)g->n, sum;

	(void)step;
	memset(gradient, 0, (size_t)count * sizeof *gradient);
	for (int i = 0; i < s + 3; i++)
		if (fabs(theta[i]) > 30)
			return 1e10 * fabs(theta[i]);
	set(g, theta);
	sum = log_likelihood(f, gradient);
	if (!isfinite(sum))
		return 1e10;
	for (int i = 0; i < s; i++)
		sum += log_normal(1 / sqrt(g->inv_l2[i]), scale_prior(g), sqrt(3), &gradient[i]);
	sum += log_normal(g->v, 0, 3, &gradient[s]) + log_normal(g->w, 0, 3, &gradient[s + 1]) +
	    log_normal(g->noise, -4, 1, &gradient[s + 2]);
	for (int i = 0; i < s + 3; i++)
		gradient[i] *= -exp(theta[i]) / n;
	return -sum / n;
}

/* From the priors' modes; where the search fails its best point so far is as good as any. */
static void
maximise(struct fit *f)
{
	struct fl_gp *g = f->g;
	int s = g->form.scales;
	lbfgsfloatval_t *theta = lbfgs_malloc(s + 3);
	lbfgs_parameter_t how;

	if (!theta)
		fl_no_memory("the hyperparameters");
	for (int i = 0; i < s; i++)
		theta[i] = log(exp(scale_prior(g) - 3) - scale_floor);
	theta[s] = -1;
	theta[s + 1] = -1;
	theta[s + 2] = -5;
	lbfgs_parameter_init(&how);
	how.max_iterations = 200;
	how.epsilon = 1e-4;
	how.past = 5;
	how.delta = 1e-5;
	how.linesearch = LBFGS_LINESEARCH_BACKTRACKING_STRONG_WOLFE;
	lbfgs(s + 3, theta, NULL, evaluate, NULL, f, &how);
	set(g, theta);
	lbfgs_free(theta);
}

/* The variance of a feature that never varies counts as one. */
static void
standardise(struct fl_gp *g)
{
	size_t n = g->n, dims = g->form.dims;

	for (size_t k = 0; k < dims; k++) {
		double sum = 0, sum_sq = 0;

		for (size_t i = 0; i < n; i++)
			sum += g->x[i * dims + k] / (double)n;
		for (size_t i = 0; i < n; i++)
			sum_sq += pow(g->x[i * dims + k] - sum, 2) / (double)n;
		g->middle[k] = sum;
		g->spread[k] = sum_sq > 1e-20 ? sqrt(sum_sq) : 1;
	}
}

static void
standardise_values(struct fl_gp *g, const double *y, const double *noise)
{
	size_t n = g->n;
	double sum_sq = 0;

	for (size_t i = 0; i < n; i++)
		g->centre += y[i] / (double)n;
	for (size_t i = 0; i < n; i++)
		sum_sq += pow(y[i] - g->centre, 2) / (double)(n > 1 ? n - 1 : 1);
	g->unit = sum_sq > 1e-30 ? sqrt(sum_sq) : 1;
	for (size_t i = 0; i < n; i++) {
		g->y[i] = (y[i] - base(g, g->x + i * g->form.dims)) / g->unit;
		g->known[i] = noise ? pow(noise[i] / g->unit, 2) : 0;
	}
}

static struct fit
fit_new(struct fl_gp *g)
{
	size_t n = g->n, dims = g->form.dims, scales = (size_t)g->form.scales;
	struct fit f = {
		.g = g,
		.linear = fl_alloc(n * n, sizeof(double)),
		.d2 = fl_alloc(n * n, scales * sizeof(double)),
		.k = fl_alloc(n * n, sizeof(double)),
		.smooth = fl_alloc(n * n, sizeof(double)),
		.inv = fl_alloc(n * n, sizeof(double)),
		.alpha = g->alpha,
	};

	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j <= i; j++) {
			f.linear[i * n + j] = linear_part(g, g->x + i * dims, g->x + j * dims);
			distances(g, g->x + i * dims, g->x + j * dims, f.d2 + (i * n + j) * scales);
		}
	return f;
}

struct fl_gp *
fl_gp_fit(const struct fl_gp_form *form, const double *x, const double *y, const double *noise, size_t n)
{
	struct fl_gp *g = fl_alloc(1, sizeof *g);
	struct fit f;

	g->form = *form;
	g->n = n;
	g->x = fl_alloc(n * form->dims, sizeof *g->x);
	memcpy(g->x, x, n * form->dims * sizeof *x);
	g->y = fl_alloc(n, sizeof *g->y);
	g->known = fl_alloc(n, sizeof *g->known);
	g->middle = fl_alloc(form->dims, sizeof *g->middle);
	g->spread = fl_alloc(form->dims, sizeof *g->spread);
	g->inv_l2 = fl_alloc((size_t)form->scales, sizeof *g->inv_l2);
	g->l = fl_alloc(n * n, sizeof *g->l);
	g->alpha = fl_alloc(n, sizeof *g->alpha);
	standardise(g);
	standardise_values(g, y, noise);
	f = fit_new(g);
	maximise(&f);
	fill(&f);
	if (fl_cholesky(f.k, g->l, n) < 0)
		fl_bug("a covariance of %zu points with its noise is not positive definite", n);
	memcpy(g->alpha, g->y, n * sizeof *g->alpha);
	fl_cholesky_solve(g->l, n, g->alpha, 1);
	free(f.linear);
	free(f.d2);
	free(f.k);
	free(f.smooth);
	free(f.inv);
	return g;
}

void
fl_gp_free(struct fl_gp *g)
{
	if (!g)
		return;
	free(g->x);
	free(g->y);
	free(g->known);
	free(g->middle);
	free(g->spread);
	free(g->inv_l2);
	free(g->l);
	free(g->alpha);
	free(g);
}

size_t
fl_gp_dims(const struct fl_gp *g)
{
	return g->form.dims;
}

/* What it says --------------------------------------------------------------------------------- */

double
fl_gp_noise(const struct fl_gp *g)
{
	return g->unit * sqrt(g->noise);
}

/* sd[k] from the variance before anything was seen less what w[rows][m] = L^-1 k explains. */
static void
deviations(const struct fl_gp *g, const double *x, size_t m, const double *w, size_t rows, double *sd)
{
	for (size_t k = 0; k < m; k++) {
		const double *at = x + k * g->form.dims;

		sd[k] = covariance(g, at, at);
	}
	for (size_t i = 0; i < rows; i++)
		for (size_t k = 0; k < m; k++)
			sd[k] -= w[i * m + k] * w[i * m + k];
	for (size_t k = 0; k < m; k++)
		sd[k] = g->unit * sqrt(fmax(sd[k], 1e-9));
}

void
fl_gp_predict(const struct fl_gp *g, const double *x, size_t m, double *mean, double *sd)
{
	double *k = fl_alloc(g->n * m, sizeof *k);

	covariances(g, g->x, g->n, x, m, k);
	for (size_t i = 0; i < m; i++)
		mean[i] = 0;
	for (size_t i = 0; i < g->n; i++)
		for (size_t j = 0; j < m; j++)
			mean[j] += k[i * m + j] * g->alpha[i];
	for (size_t i = 0; i < m; i++)
		mean[i] = base(g, x + i * g->form.dims) + g->unit * mean[i];
	fl_cholesky_forward(g->l, g->n, k, m);
	deviations(g, x, m, k, g->n, sd);
	free(k);
}

/* Rasmussen and Williams, equations 5.10 to 5.12. */
void
fl_gp_leave_one_out(const struct fl_gp *g, double *mean, double *sd)
{
	double *inv = fl_alloc(g->n * g->n, sizeof *inv);

	fl_cholesky_inverse(g->l, g->n, inv);
	for (size_t i = 0; i < g->n; i++) {
		double variance = 1 / inv[i * g->n + i];

		mean[i] = base(g, g->x + i * g->form.dims) + g->unit * (g->y[i] - g->alpha[i] * variance);
		sd[i] = g->unit * sqrt(variance);
	}
	free(inv);
}

/* Draws ------------------------------------------------------------------------------------------ */

/* Observations and points are one normal vector, of which the Cholesky factor makes a draw out of
 * independent numbers: those of the observations are known, those of the points are `normal`. */
struct fl_gp_draws *
fl_gp_draws_new(const struct fl_gp *g, const double *at, size_t m, const double *normal, size_t draws)
{
	size_t n = g->n, dims = g->form.dims, rows = n + m;
	struct fl_gp_draws *d = fl_alloc(1, sizeof *d);
	double *k = fl_alloc(rows * rows, sizeof *k), *value = fl_alloc(rows * draws, sizeof *value);

	d->m = m;
	d->draws = draws;
	d->gp = g;
	d->x = fl_alloc(rows * dims, sizeof *d->x);
	d->l = fl_alloc(rows * rows, sizeof *d->l);
	d->root = fl_alloc(rows * draws, sizeof *d->root);
	d->value = fl_alloc(m * draws, sizeof *d->value);
	memcpy(d->x, g->x, n * dims * sizeof *d->x);
	if (m)
		memcpy(d->x + n * dims, at, m * dims * sizeof *d->x);
	covariances(g, d->x, rows, d->x, rows, k);
	for (size_t i = 0; i < rows; i++)
		k[i * rows + i] += i < n ? g->noise + g->known[i] : 1e-8;
	if (fl_cholesky(k, d->l, rows) < 0)
		fl_bug("a covariance of %zu points is not positive definite", rows);
	for (size_t i = 0; i < n; i++)
		d->root[i * draws] = g->y[i];
	fl_cholesky_forward(d->l, n ? rows : 0, d->root, draws);
	for (size_t i = 0; i < rows; i++)
		for (size_t t = 0; t < draws; t++)
			d->root[i * draws + t] = i < n ? d->root[i * draws] : normal[t * m + i - n];
	for (size_t i = 0; i < rows; i++) /* the triangle above was not cleared */
		memset(d->l + i * rows + i + 1, 0, (rows - i - 1) * sizeof *d->l);
	fl_product(value, d->l, false, d->root, rows, draws, rows);
	for (size_t t = 0; t < draws; t++)
		for (size_t i = 0; i < m; i++)
			d->value[t * m + i] = base(g, d->x + (n + i) * dims) + g->unit * value[(n + i) * draws + t];
	free(k);
	free(value);
	return d;
}

void
fl_gp_draws_free(struct fl_gp_draws *d)
{
	if (!d)
		return;
	free(d->value);
	free(d->l);
	free(d->x);
	free(d->root);
	free(d);
}

void
fl_gp_draws_predict(const struct fl_gp_draws *d, const double *x, size_t k, double *mean, double *sd)
{
	const struct fl_gp *g = d->gp;
	size_t rows = g->n + d->m;
	double *w = fl_alloc(rows * k, sizeof *w);

	covariances(g, d->x, rows, x, k, w);
	fl_cholesky_forward(d->l, rows, w, k);
	fl_product(mean, w, true, d->root, k, d->draws, rows);
	for (size_t i = 0; i < k; i++)
		for (size_t t = 0; t < d->draws; t++)
			mean[i * d->draws + t] = base(g, x + i * g->form.dims) + g->unit * mean[i * d->draws + t];
	deviations(g, x, k, w, rows, sd);
	free(w);
}
