/* SPDX-License-Identifier: Apache-2.0 */
/* search.c -- how near the frontier NEHVI comes in few evaluations: test problems on a grid of 33 levels a dimension,
 * through the same models, acquisition and local search that choose architectures.
 *
 *     search             for each problem, log10 of what is missing from the grid's own largest hypervolume: medians
 *                        over ten seeds, beside as many points of the Sobol sequence
 *     search --trials n  instead every point tried with n seeds: problem, seed, both objectives, coordinates */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/parallel.h"
#include "problems.h"
#include "search/climb.h"
#include "search/gp.h"
#include "search/hypervolume.h"
#include "search/nehvi.h"
#include "search/sobol.h"

enum { LEVELS = 33, DIMS = 6, SEEDS = 10, MOST = 80 };

/* The grid ------------------------------------------------------------------------------------- */

struct grid_point {
	unsigned char level[DIMS];
};

static void
grid_draw(const void *ctx, struct fl_rng *rng, void *point)
{
	const struct problem *p = ctx;
	struct grid_point *at = point;

	memset(at, 0, sizeof *at);
	for (int i = 0; i < p->dims; i++)
		at->level[i] = (unsigned char)fl_rng_below(rng, LEVELS);
}

static void
grid_neighbours(const void *ctx, const void *point, struct fl_points *out)
{
	const struct problem *p = ctx;
	struct grid_point at;

	memcpy(&at, point, sizeof at);
	for (int i = 0; i < p->dims; i++) {
		unsigned char was = at.level[i];

		for (int k = 0; k < LEVELS; k++) {
			at.level[i] = (unsigned char)k;
			if (k != was)
				fl_points_add(out, &at);
		}
		at.level[i] = was;
	}
}

static void
coordinates(const struct problem *p, const struct grid_point *at, double *x)
{
	for (int i = 0; i < p->dims; i++)
		x[i] = at->level[i] / (LEVELS - 1.);
}

/* The largest hypervolume of the grid: of all points where there are few; else the best has all
 * coordinates beyond the first at their best level. */
static double
most(const struct problem *p)
{
	static double a[LEVELS * LEVELS], b[LEVELS * LEVELS];
	size_t n = 0;

	for (int i = 0; i < LEVELS; i++)
		for (int k = 0; k < (p->dims == 2 ? LEVELS : 1); k++) {
			double x[DIMS], y[2];

			x[0] = i / (LEVELS - 1.);
			for (int j = 1; j < p->dims; j++)
				x[j] = p->dims == 2 ? k / (LEVELS - 1.) : p->f == dtlz2 ? .5 : 0;
			p->f(x, p->dims, y);
			a[n] = y[0];
			b[n++] = y[1];
		}
	return fl_hypervolume(a, b, n, p->ref[0], p->ref[1]);
}

/* One search ------------------------------------------------------------------------------------- */

struct trials {
	const struct problem *p;
	size_t n;
	double x[MOST][DIMS], y[2][MOST];
	struct fl_points known;
};

static void
try(struct trials *t, const struct grid_point *at)
{
	double packed[DIMS], y[2];

	if (!fl_points_add(&t->known, at))
		return;
	coordinates(t->p, at, packed);
	t->p->f(packed, t->p->dims, y);
	memcpy((double *)t->x + t->n * (size_t)t->p->dims, packed, (size_t)t->p->dims * sizeof *packed);
	t->y[0][t->n] = y[0];
	t->y[1][t->n++] = y[1];
}

static void
try_sobol(struct trials *t, size_t n, uint64_t seed)
{
	struct fl_sobol *s = fl_sobol_new(t->p->dims, true, seed);

	while (t->n < n) {
		struct grid_point at = { { 0 } };
		double u[DIMS];

		fl_sobol_next(s, u);
		for (int i = 0; i < t->p->dims; i++)
			at.level[i] = (unsigned char)(u[i] * LEVELS);
		try(t, &at);
	}
	fl_sobol_free(s);
}

struct scorer {
	const struct problem *p;
	struct fl_nehvi *a;
};

static void
score(void *ctx, const void *const *points, size_t n, double *out)
{
	struct scorer *s = ctx;
	double *x = fl_alloc(n * DIMS, sizeof *x);

	for (size_t i = 0; i < n; i++)
		coordinates(s->p, points[i], x + i * (size_t)s->p->dims);
	fl_nehvi_log(s->a, (const double *const[2]){ x, x }, n, out);
	free(x);
}

/* The points not beaten so far. */
static void
front_of(const struct trials *t, struct fl_points *out)
{
	for (size_t i = 0; i < t->n; i++) {
		bool beaten = false;

		for (size_t k = 0; k < t->n; k++)
			beaten |= t->y[0][k] < t->y[0][i] && t->y[1][k] < t->y[1][i];
		if (!beaten)
			fl_points_add(out, fl_points_at(&t->known, i));
	}
}

static void
try_nehvi(struct trials *t, uint64_t seed)
{
	static const int scale[] = { 0, 1, 2, 3, 4, 5 };
	static const bool linear[] = { true, true, true, true, true, true };
	struct fl_gp_form form = { (size_t)t->p->dims, scale, t->p->dims, linear, -1 };
	struct fl_domain domain = { sizeof(struct grid_point), t->p, grid_draw, grid_neighbours };
	struct fl_points starts = { .size = sizeof(struct grid_point) };
	struct fl_gp *gp[2];
	struct scorer s = { t->p, NULL };
	struct grid_point best;
	double gain;

	for (int j = 0; j < 2; j++)
		gp[j] = fl_gp_fit(&form, *t->x, t->y[j], NULL, t->n);
	s.a = fl_nehvi_new((const struct fl_gp *const[2]){ gp[0], gp[1] }, (const double *const[2]){ *t->x, *t->x },
	    t->n, t->p->ref, seed);
	front_of(t, &starts);
	if (fl_climb(&(struct fl_climb){ &domain, score, &s, &t->known, &starts, 256, 4, seed }, &best, &gain))
		try(t, &best);
	fl_points_free(&starts);
	fl_nehvi_free(s.a);
	fl_gp_free(gp[0]);
	fl_gp_free(gp[1]);
}

static int
by_value(const void *x, const void *y)
{
	return *(const double *)x > *(const double *)y ? 1 : *(const double *)x < *(const double *)y ? -1 : 0;
}

static double
missing(const struct trials *t)
{
	return log10(fmax(most(t->p) - fl_hypervolume(t->y[0], t->y[1], t->n, t->p->ref[0], t->p->ref[1]), 1e-6));
}

static const struct { size_t evaluations; double figure, aim; } asked[] = { { 50, .3, .11 }, { 50, -.3, -.81 },
	{ 50, -.2, -.68 }, { 80, -1.3, -1.62 } };
enum { PROBLEMS = sizeof problems / sizeof *problems };

/* Trials of the Sobol sequence alone, or of NEHVI after as many as models need. The caller frees t->known. */
static void
search(struct trials *t, const struct problem *p, size_t evaluations, bool nehvi, uint64_t seed)
{
	*t = (struct trials){ p, .known.size = sizeof(struct grid_point) };
	try_sobol(t, nehvi ? 2 * (size_t)(p->dims + 1) : evaluations, seed);
	while (t->n < evaluations)
		try_nehvi(t, 1000 * seed + t->n);
}

static void
print_trials(const struct problem *p, size_t evaluations, uint64_t seed)
{
	static struct trials t;

	search(&t, p, evaluations, true, seed);
	for (size_t i = 0; i < t.n; i++) {
		printf("%s\t%d\t%.17g\t%.17g", p->name, (int)seed, t.y[0][i], t.y[1][i]);
		for (int k = 0; k < p->dims; k++)
			printf("\t%.17g", (*t.x)[i * (size_t)p->dims + (size_t)k]);
		puts("");
	}
	fl_points_free(&t.known);
}

static void
print_medians(const struct problem *p, size_t evaluations, double figure, double aim)
{
	double found[SEEDS], sobol[SEEDS], begin = fl_clock();
	size_t suggestions = SEEDS * (evaluations - 2 * (size_t)(p->dims + 1));

	for (uint64_t seed = 0; seed < SEEDS; seed++)
		for (int stage = 0; stage < 2; stage++) {
			static struct trials t;

			search(&t, p, evaluations, stage, seed);
			(stage ? found : sobol)[seed] = missing(&t);
			fl_points_free(&t.known);
		}
	qsort(found, SEEDS, sizeof *found, by_value);
	qsort(sobol, SEEDS, sizeof *sobol, by_value);
	printf("%-12s %12zu %6.2f %6.2f (%5.2f, %5.2f) %9.2f %6.2f %8.3f\n", p->name, evaluations,
	    (sobol[SEEDS / 2] + sobol[SEEDS / 2 - 1]) / 2, (found[SEEDS / 2] + found[SEEDS / 2 - 1]) / 2,
	    found[SEEDS - 1], found[0], figure, aim, (fl_clock() - begin) / (double)suggestions);
	fflush(stdout);
}

int
main(int argc, char **argv)
{
	bool trials = argc == 3 && strcmp(argv[1], "--trials") == 0;

	fl_parallel_set(0);
	if (!trials)
		puts("problem       evaluations  Sobol  NEHVI (worst, best)    figure    aim  s a suggestion");
	for (size_t p = 0; p < PROBLEMS; p++)
		if (trials)
			for (uint64_t seed = 0; seed < strtoull(argv[2], NULL, 10); seed++)
				print_trials(&problems[p], asked[p].evaluations, seed);
		else
			print_medians(&problems[p], asked[p].evaluations, asked[p].figure, asked[p].aim);
	return 0;
}
