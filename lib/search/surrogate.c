/* SPDX-License-Identifier: Apache-2.0 */
#include "search/surrogate.h"

#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "search/costs.h"
#include "search/cover.h"

enum { PLAIN = 8, PLACES = 16, OFFSET = PLAIN + 2 * PLACES, TERMS = 8 };

struct fl_surrogate {
	struct fl_gp *gp;
	double least[PLAIN], range[PLAIN]; /* of the plain features over the rows */
	double cost[TERMS];		   /* seconds a unit of each term; all 0 for a plain column */
	int scale[FL_SURROGATE_DIMS];
	bool linear[FL_SURROGATE_DIMS];
	double stretch; /* of standard deviations, at least 1 */
};

/* Features ------------------------------------------------------------------------------------- */

static int
count(const struct fl_arch *a, char letter)
{
	int n = 0;

	for (const char *c = a->pattern; *c; c++)
		n += *c == letter;
	return n;
}

static void
plain_features(const struct fl_arch *a, double *x)
{
	int full = count(a, 'f'), window = count(a, 'w');

	x[0] = a->layers;
	x[1] = a->width;
	x[2] = a->ffn;
	x[3] = full;
	x[4] = window;
	x[5] = count(a, 's');
	x[6] = log((double)a->layers * a->width * a->ffn);
	x[7] = log((1. + full + window) * a->width);
}

/* What time is spent on; heads and vocabulary are the same in all architectures. */
static void
terms(const struct fl_arch *a, double *t)
{
	double full = count(a, 'f'), window = count(a, 'w'), width = a->width;

	t[0] = 1;
	t[1] = a->layers;
	t[2] = a->layers * width * a->ffn;
	t[3] = (full + window) * width;
	t[4] = full;
	t[5] = window;
	t[6] = width;
	t[7] = a->layers * width;
}

/* Patterns of different lengths are compared at PLACES places along the depth. */
void
fl_surrogate_features(const struct fl_surrogate *s, const struct fl_arch *a, double *x)
{
	double t[TERMS];

	plain_features(a, x);
	for (int k = 0; k < PLAIN; k++)
		x[k] = (x[k] - s->least[k]) / s->range[k];
	for (int i = 0; i < PLACES; i++) {
		char letter = a->pattern[(2 * i + 1) * a->layers / (2 * PLACES)];

		x[PLAIN + i] = (letter == 'f') / sqrt(PLACES);
		x[PLAIN + PLACES + i] = (letter == 's') / sqrt(PLACES);
	}
	terms(a, t);
	x[OFFSET] = fl_costs_log(s->cost, t, TERMS);
}

double *
fl_surrogate_points(const struct fl_surrogate *s, const void *const *points, size_t n)
{
	double *x = fl_alloc(n * FL_SURROGATE_DIMS, sizeof *x);

	for (size_t i = 0; i < n; i++)
		fl_surrogate_features(s, points[i], x + i * FL_SURROGATE_DIMS);
	return x;
}

static void
find_ranges(struct fl_surrogate *s, const struct fl_arch *arch, size_t n)
{
	double most[PLAIN], x[PLAIN];

	plain_features(&arch[0], s->least);
	plain_features(&arch[0], most);
	for (size_t i = 1; i < n; i++) {
		plain_features(&arch[i], x);
		for (int k = 0; k < PLAIN; k++) {
			s->least[k] = fmin(s->least[k], x[k]);
			most[k] = fmax(most[k], x[k]);
		}
	}
	for (int k = 0; k < PLAIN; k++)
		s->range[k] = most[k] > s->least[k] ? most[k] - s->least[k] : 1;
}

/* The prior mean of a time. */
static void
fit_costs(struct fl_surrogate *s, const struct fl_arch *arch, const double *y, const double *noise, size_t n)
{
	double(*t)[TERMS] = fl_alloc(n, sizeof *t);

	for (size_t i = 0; i < n; i++)
		terms(&arch[i], t[i]);
	fl_costs_fit(*t, TERMS, y, noise, n, s->cost);
	free(t);
}

/* The model -------------------------------------------------------------------------------------- */

struct fl_surrogate *
fl_surrogate_fit(const struct fl_arch *arch, const double *y, const double *noise, size_t n, bool time)
{
	struct fl_surrogate *s = fl_alloc(1, sizeof *s);
	double *x = fl_alloc(n * FL_SURROGATE_DIMS, sizeof *x);
	struct fl_gp_form form = { FL_SURROGATE_DIMS, s->scale, PLAIN + 2, s->linear, time ? OFFSET : -1 };

	for (int k = 0; k < FL_SURROGATE_DIMS; k++) {
		s->linear[k] = k < PLAIN;
		s->scale[k] = k < PLAIN ? k : k == OFFSET ? -1 : PLAIN + (k - PLAIN) / PLACES;
	}
	find_ranges(s, arch, n);
	if (time)
		fit_costs(s, arch, y, noise, n);
	for (size_t i = 0; i < n; i++)
		fl_surrogate_features(s, &arch[i], x + i * FL_SURROGATE_DIMS);
	s->gp = fl_gp_fit(&form, x, y, noise, n);
	s->stretch = fl_cover_stretch(s->gp, y, n);
	free(x);
	return s;
}

void
fl_surrogate_free(struct fl_surrogate *s)
{
	if (!s)
		return;
	fl_gp_free(s->gp);
	free(s);
}

const struct fl_gp *
fl_surrogate_gp(const struct fl_surrogate *s)
{
	return s->gp;
}

void
fl_surrogate_predict(const struct fl_surrogate *s, const struct fl_arch *a, double *mean, double *sd)
{
	double x[FL_SURROGATE_DIMS];

	fl_surrogate_features(s, a, x);
	fl_gp_predict(s->gp, x, 1, mean, sd);
	*sd = s->stretch * hypot(*sd, fl_gp_noise(s->gp));
}
