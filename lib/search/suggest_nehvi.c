/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "search/climb.h"
#include "search/moves.h"
#include "search/nehvi.h"
#include "search/pareto.h"
#include "search/suggest.h"
#include "search/surrogate.h"

enum { DRAWS = 512, CLIMBS = 4, STARTS = 4 };

struct search {
	const struct fl_trials *t;
	struct fl_surrogate *model[2];
	struct fl_nehvi *nehvi;
	struct fl_points tried; /* struct fl_arch, observed, pending and suggested */
};

static double *
features(const struct fl_surrogate *s, const void *const *points, size_t n)
{
	double *x = fl_alloc(n * FL_SURROGATE_DIMS, sizeof *x);

	for (size_t i = 0; i < n; i++)
		fl_surrogate_features(s, points[i], x + i * FL_SURROGATE_DIMS);
	return x;
}

static void
score(void *ctx, const void *const *points, size_t n, double *out)
{
	struct search *s = ctx;
	double *x[2] = { features(s->model[0], points, n), features(s->model[1], points, n) };

	fl_nehvi_log(s->nehvi, (const double *const[2]){ x[0], x[1] }, n, out);
	free(x[0]);
	free(x[1]);
}

static void
fit(struct search *s)
{
	struct fl_arch *arch = fl_alloc(s->t->n, sizeof *arch);
	double *y = fl_alloc(s->t->n, sizeof *y);

	for (int j = 0; j < 2; j++) {
		size_t n = 0;

		for (size_t i = 0; i < s->t->n; i++)
			if (!isnan(s->t->y[j][i])) {
				arch[n] = s->t->arch[i];
				y[n++] = s->t->y[j][i];
			}
		s->model[j] = fl_surrogate_fit(arch, y, n, j == 1);
	}
	free(arch);
	free(y);
}

static void
believe(struct search *s, uint64_t seed)
{
	size_t n = s->tried.n;
	const void **point = fl_alloc(n, sizeof *point);
	double *x[2];

	for (size_t i = 0; i < n; i++)
		point[i] = fl_points_at(&s->tried, i);
	x[0] = features(s->model[0], point, n);
	x[1] = features(s->model[1], point, n);
	s->nehvi = fl_nehvi_new(
	    (const struct fl_gp *const[2]){ fl_surrogate_gp(s->model[0]), fl_surrogate_gp(s->model[1]) },
	    (const double *const[2]){ x[0], x[1] }, n, s->t->ref, seed);
	free(x[0]);
	free(x[1]);
	free(point);
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
fl_suggest_nehvi(const struct fl_space *space, const struct fl_trials *t, uint64_t seed, size_t n,
    struct fl_archset *known, double *gain)
{
	struct search s = { t, .tried.size = sizeof(struct fl_arch) };
	struct fl_points starts = { .size = sizeof(struct fl_arch) }, taken = starts;
	struct fl_domain domain = fl_moves(space);
	char text[FL_ARCH_LEN];
	struct fl_arch best;
	struct fl_err err;
	size_t found = 0;

	for (size_t i = 0; i < known->n; i++)
		if (fl_arch_parse(known->name[i], &best, &err) == 0) {
			struct fl_arch point;

			fl_moves_point(&best, &point);
			fl_points_add(&taken, &point);
		}
	for (size_t i = 0; i < t->n; i++) {
		fl_moves_point(&t->arch[i], &best);
		fl_points_add(&s.tried, &best);
	}
	fit(&s);
	find_starts(space, t, &starts);
	for (; found < n; found++) {
		struct fl_climb climb = { &domain, score, &s, &taken, &starts, DRAWS, CLIMBS, seed + known->n };
		bool any;

		believe(&s, seed + known->n);
		any = fl_climb(&climb, &best, &gain[found]);
		fl_nehvi_free(s.nehvi);
		if (!any)
			break;
		fl_points_add(&taken, &best);
		fl_points_add(&s.tried, &best);
		fl_archset_add(known, fl_arch_format(&best, text));
	}
	fl_points_free(&starts);
	fl_points_free(&taken);
	fl_points_free(&s.tried);
	fl_surrogate_free(s.model[0]);
	fl_surrogate_free(s.model[1]);
	return found;
}
