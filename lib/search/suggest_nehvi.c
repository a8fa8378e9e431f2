/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "search/greedy.h"
#include "search/moves.h"
#include "search/nehvi.h"
#include "search/pareto.h"
#include "search/suggest.h"
#include "search/surrogate.h"

enum { STARTS = 4 };

struct search {
	const struct fl_trials *t;
	const struct fl_bounds *bounds;
	const struct fl_surrogate *model[2];
	struct fl_nehvi *nehvi;
};

static void
score(void *ctx, const void *const *points, size_t n, double *out)
{
	struct search *s = ctx;
	double *x[2] = { fl_surrogate_points(s->model[0], points, n), fl_surrogate_points(s->model[1], points, n) };

	fl_nehvi_log(s->nehvi, (const double *const[2]){ x[0], x[1] }, n, out);
	free(x[0]);
	free(x[1]);
	for (size_t i = 0; i < n; i++)
		out[i] += fl_bounds_log_probability(s->bounds, points[i]);
}

static struct fl_surrogate *
fit(const struct fl_trials *t, int j)
{
	struct fl_arch *arch = fl_alloc(t->n, sizeof *arch);
	double *y = fl_alloc(t->n, sizeof *y), *noise = fl_alloc(t->n, sizeof *noise);
	struct fl_surrogate *model;
	size_t n = 0;

	for (size_t i = 0; i < t->n; i++)
		if (!isnan(t->y[j][i])) {
			arch[n] = t->arch[i];
			noise[n] = t->noise[j][i];
			y[n++] = t->y[j][i];
		}
	model = fl_surrogate_fit(arch, y, noise, n, j == 1);
	free(arch);
	free(y);
	free(noise);
	return model;
}

/* What probably is out of bounds is no part of a frontier. */
static size_t
within(const struct search *s, const struct fl_points *tried, const void **point)
{
	size_t n = 0;

	for (size_t i = 0; i < tried->n; i++)
		if (fl_bounds_log_probability(s->bounds, fl_points_at(tried, i)) >= log(.5))
			point[n++] = fl_points_at(tried, i);
	return n;
}

static void
believe(void *ctx, const struct fl_points *tried, uint64_t seed)
{
	struct search *s = ctx;
	const void **point = fl_alloc(tried->n, sizeof *point);
	size_t n = within(s, tried, point);
	double *x[2] = { fl_surrogate_points(s->model[0], point, n), fl_surrogate_points(s->model[1], point, n) };

	s->nehvi = fl_nehvi_new(
	    (const struct fl_gp *const[2]){ fl_surrogate_gp(s->model[0]), fl_surrogate_gp(s->model[1]) },
	    (const double *const[2]){ x[0], x[1] }, n, s->t->ref, seed);
	free(x[0]);
	free(x[1]);
	free(point);
}

static void
forget(void *ctx)
{
	struct search *s = ctx;

	fl_nehvi_free(s->nehvi);
}

/* A few of the frontier, evenly along it, that lie in the space. */
static void
find_starts(const struct fl_space *space, const struct fl_trials *t, struct fl_points *out)
{
	size_t *front = fl_alloc(t->n, sizeof *front), n = fl_pareto(t->y[0], t->y[1], t->n, front);

	for (size_t k = 0; k < STARTS && k < n; k++) {
		const struct fl_arch *a = &t->arch[front[n <= STARTS ? k : k * (n - 1) / (STARTS - 1)]];
		struct fl_arch point;

		fl_moves_point(a, &point);
		if (fl_space_has(space, a))
			fl_points_add(out, &point);
	}
	free(front);
}

size_t
fl_suggest_nehvi(const struct fl_space *space, const struct fl_trials *t, const struct fl_bounds *bounds,
    uint64_t seed, size_t n, struct fl_archset *known, struct fl_suggestion *out)
{
	struct fl_surrogate *learnt[2] = { fit(t, 0), t->cost ? NULL : fit(t, 1) };
	struct search s = { t, bounds, { learnt[0], t->cost ? t->cost : learnt[1] }, NULL };
	struct fl_points starts = { .size = sizeof(struct fl_arch) }, tried = starts;
	struct fl_greedy greedy = { space, &starts, believe, score, forget, &s };
	double *gain = fl_alloc(n, sizeof *gain);
	struct fl_arch point;
	size_t found;

	for (size_t i = 0; i < t->n; i++) {
		fl_moves_point(&t->arch[i], &point);
		fl_points_add(&tried, &point);
	}
	find_starts(space, t, &starts);
	found = fl_greedy(&greedy, seed, n, &tried, known, gain);
	for (size_t i = 0; i < found; i++) {
		const struct fl_arch *a = fl_points_at(&tried, tried.n - found + i);

		out[i].gain = gain[i];
		for (int j = 0; j < 2; j++)
			fl_surrogate_predict(s.model[j], a, &out[i].mean[j], &out[i].sd[j]);
	}
	free(gain);
	fl_points_free(&starts);
	fl_points_free(&tried);
	fl_surrogate_free(learnt[0]);
	fl_surrogate_free(learnt[1]);
	return found;
}
