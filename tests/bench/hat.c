/* SPDX-License-Identifier: Apache-2.0 */
/* hat.c -- how well a latency is predicted from few measurements: HAT's transformers, 2,000 measured a device.
 *
 *     hat table.csv...     tables of HAT's latency_dataset: ten features, then means and deviations, ms
 *
 * The time of encoder and decoder, learnt from N rows and judged on 1,000 others: as a surrogate learns a time, a
 * Gaussian process of its logarithm whose prior mean is what the features cost, beside linear regression. Means over
 * 20 random splits; for the Xeon with what is asked, the better of BoTorch's default model and of linear regression
 * less its scatter. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/rng.h"
#include "search/costs.h"
#include "search/cover.h"
#include "search/crossval.h"
#include "search/gp.h"
#include "search/linear.h"

enum { FEATURES = 10, TERMS = FEATURES + 1, DIMS = FEATURES + 1, MOST = 200, TEST = 1000, SPLITS = 20 };

struct measured {
	size_t n;
	double (*x)[FEATURES]; /* in [0, 1] */
	double *log_ms;
};

/* The table ------------------------------------------------------------------------------------ */

static int
read_row(const char *line, double *x, double *log_ms)
{
	double v[FEATURES + 4];
	char *end;

	for (int k = 0; k < FEATURES + 4; k++, line = end + 1) {
		v[k] = strtod(line, &end);
		if (end == line || *end != (k < FEATURES + 3 ? ',' : '\n'))
			return -1;
	}
	memcpy(x, v, FEATURES * sizeof *x);
	*log_ms = log(v[FEATURES] + v[FEATURES + 1]);
	return 0;
}

static void
scale(struct measured *m)
{
	for (int k = 0; k < FEATURES; k++) {
		double least = m->x[0][k], most = least;

		for (size_t i = 0; i < m->n; i++) {
			least = fmin(least, m->x[i][k]);
			most = fmax(most, m->x[i][k]);
		}
		for (size_t i = 0; i < m->n; i++)
			m->x[i][k] = most > least ? (m->x[i][k] - least) / (most - least) : 0;
	}
}

static int
read_table(const char *path, struct measured *m)
{
	enum { ROWS = 10000 };
	FILE *f = fopen(path, "r");
	char line[1024];

	if (!f || !fgets(line, sizeof line, f))
		return -1;
	*m = (struct measured){ 0, fl_alloc(ROWS, sizeof *m->x), fl_alloc(ROWS, sizeof *m->log_ms) };
	while (m->n < ROWS && fgets(line, sizeof line, f))
		if (read_row(line, m->x[m->n], &m->log_ms[m->n]) == 0)
			m->n++;
	fclose(f);
	scale(m);
	return m->n >= MOST + TEST ? 0 : -1;
}

/* The rows in an order of chance: the first are learnt from and the last judged on. */
static struct measured
shuffled(const struct measured *m, uint64_t seed)
{
	struct fl_rng rng = fl_rng_new(seed, 0);
	struct measured s = { m->n, fl_alloc(m->n, sizeof *s.x), fl_alloc(m->n, sizeof *s.log_ms) };

	for (size_t i = 0; i < m->n; i++) { /* row i, and what was at k moves to i */
		size_t k = (size_t)fl_rng_below(&rng, i + 1);

		memcpy(s.x[i], s.x[k], sizeof s.x[i]);
		s.log_ms[i] = s.log_ms[k];
		memcpy(s.x[k], m->x[i], sizeof s.x[k]);
		s.log_ms[k] = m->log_ms[i];
	}
	return s;
}

static void
measured_free(struct measured *m)
{
	free(m->x);
	free(m->log_ms);
}

/* Models --------------------------------------------------------------------------------------- */

/* The features, and the logarithm of what they cost. */
static void
with_cost(const double *cost, const double *x, double *out)
{
	double term[TERMS] = { 1 };

	memcpy(term + 1, x, FEATURES * sizeof *x);
	memcpy(out, x, FEATURES * sizeof *x);
	out[FEATURES] = fl_costs_log(cost, term, TERMS);
}

static void
fit_costs(const struct measured *m, size_t n, double *cost)
{
	double(*term)[TERMS] = fl_alloc(n, sizeof *term);

	for (size_t i = 0; i < n; i++) {
		term[i][0] = 1;
		memcpy(term[i] + 1, m->x[i], sizeof m->x[i]);
	}
	fl_costs_fit(*term, TERMS, m->log_ms, NULL, n, cost);
	free(term);
}

static struct fl_score
try_gp(const struct measured *m, size_t n)
{
	static const int scales[DIMS] = { [FEATURES] = -1 };
	static const bool linear[DIMS] = { false };
	struct fl_gp_form form = { DIMS, scales, 1, linear, FEATURES };
	double cost[TERMS], (*x)[DIMS] = fl_alloc(m->n, sizeof *x), predicted[TEST], mean[TEST], sd[TEST], stretch;
	size_t first = m->n - TEST, covered = 0;
	struct fl_score s;
	struct fl_gp *gp;

	fit_costs(m, n, cost);
	for (size_t i = 0; i < m->n; i++)
		with_cost(cost, m->x[i], x[i]);
	gp = fl_gp_fit(&form, *x, m->log_ms, NULL, n);
	stretch = fl_cover_stretch(gp, m->log_ms, n);
	fl_gp_predict(gp, x[first], TEST, mean, sd);
	for (size_t i = 0; i < TEST; i++) {
		predicted[i] = exp(mean[i]);
		covered += fabs(m->log_ms[first + i] - mean[i]) <= 1.959964 * stretch * hypot(sd[i], fl_gp_noise(gp));
	}
	s = fl_crossval_judge(predicted, m->log_ms + first, TEST);
	s.cover_95 = 100. * (double)covered / TEST;
	fl_gp_free(gp);
	free(x);
	return s;
}

static struct fl_score
try_linear(const struct measured *m, size_t n)
{
	size_t first = m->n - TEST;
	double ms[MOST], predicted[TEST];
	struct fl_linear l;

	for (size_t i = 0; i < n; i++)
		ms[i] = exp(m->log_ms[i]);
	fl_linear_fit(&l, *m->x, FEATURES, ms, n);
	for (size_t i = 0; i < TEST; i++)
		predicted[i] = fl_linear_predict(&l, m->x[first + i]);
	fl_linear_free(&l);
	return fl_crossval_judge(predicted, m->log_ms + first, TEST);
}

/* The table printed ---------------------------------------------------------------------------- */

static void
add(struct fl_score *sum, struct fl_score s)
{
	sum->r2 += s.r2 / SPLITS;
	sum->mape += s.mape / SPLITS;
	sum->within_5 += s.within_5 / SPLITS;
	sum->within_10 += s.within_10 / SPLITS;
	sum->tau += s.tau / SPLITS;
	sum->rho += s.rho / SPLITS;
	sum->cover_95 += s.cover_95 / SPLITS;
}

static void
print(const char *table, size_t n, const char *model, const struct fl_score *s)
{
	printf("%-20s %4zu  %-6s %6.3f %9.3f %6.3f %7.2f %12.1f %12.1f %11.1f\n", table, n, model, s->tau, s->rho, s->r2,
	    s->mape, s->within_5, s->within_10, s->cover_95);
	fflush(stdout);
}

static void
print_size(const char *name, const struct measured *m, size_t n)
{
	struct fl_score gp = { 0 }, linear = { 0 };

	for (uint64_t seed = 0; seed < SPLITS; seed++) {
		struct measured split = shuffled(m, seed);

		add(&gp, try_gp(&split, n));
		add(&linear, try_linear(&split, n));
		measured_free(&split);
	}
	print(name, n, "gp", &gp);
	print(name, n, "linear", &linear);
}

int
main(int argc, char **argv)
{
	static const struct { size_t n; struct fl_score asked; } sizes[] = {
		{ 25, { NAN, 7.09, NAN, 76.4, .858, NAN, NAN } },
		{ 50, { NAN, 5.82, NAN, 84.8, .873, NAN, NAN } },
		{ 100, { NAN, 5.53, NAN, 86.3, .878, NAN, 92 } },
		{ MOST, { NAN, 5.40, NAN, 86.8, .880, NAN, 92 } },
	};

	puts("table                   N  model   tau-b  Spearman     R2  MAPE %  within 5 %  within 10 %  cover 95 %");
	for (int a = 1; a < argc; a++) {
		const char *slash = strrchr(argv[a], '/'), *name = slash ? slash + 1 : argv[a];
		struct measured m;

		if (read_table(argv[a], &m) < 0) {
			fprintf(stderr, "hat: '%s' is no table of HAT's with %d rows\n", argv[a], MOST + TEST);
			return 1;
		}
		for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
			print_size(name, &m, sizes[k].n);
			if (strstr(name, "xeon"))
				print(name, sizes[k].n, "asked", &sizes[k].asked);
		}
		measured_free(&m);
	}
	return 0;
}
