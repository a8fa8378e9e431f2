/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "search/greedy.h"
#include "search/moves.h"
#include "search/suggest.h"

struct search {
	const struct fl_surrogate *model;
	struct fl_gp_draws *draws; /* what is known once those tried are measured: only the deviations count */
};

static void
believe(void *ctx, const struct fl_points *tried, uint64_t seed)
{
	struct search *s = ctx;
	const void **point = fl_alloc(tried->n, sizeof *point);
	double *x, *zeros = fl_alloc(tried->n, sizeof *zeros);

	(void)seed;
	for (size_t i = 0; i < tried->n; i++)
		point[i] = fl_points_at(tried, i);
	x = fl_surrogate_points(s->model, point, tried->n);
	s->draws = fl_gp_draws_new(fl_surrogate_gp(s->model), x, tried->n, zeros, 1);
	free(x);
	free(zeros);
	free(point);
}

static void
score(void *ctx, const void *const *points, size_t n, double *out)
{
	struct search *s = ctx;
	double *x = fl_surrogate_points(s->model, points, n), *mean = fl_alloc(n, sizeof *mean);

	fl_gp_draws_predict(s->draws, x, n, mean, out);
	free(x);
	free(mean);
}

static void
forget(void *ctx)
{
	struct search *s = ctx;

	fl_gp_draws_free(s->draws);
}

size_t
fl_suggest_refine(const struct fl_space *space, const struct fl_surrogate *model, const struct fl_arch *pending,
    size_t n_pending, uint64_t seed, size_t n, struct fl_archset *known, double *sd)
{
	struct search s = { model, NULL };
	struct fl_points starts = { .size = sizeof(struct fl_arch) }, tried = starts;
	struct fl_greedy greedy = { space, &starts, believe, score, forget, &s };
	struct fl_arch point;
	size_t found;

	for (size_t i = 0; i < n_pending; i++) {
		fl_moves_point(&pending[i], &point);
		fl_points_add(&tried, &point);
	}
	found = fl_greedy(&greedy, seed, n, &tried, known, sd);
	fl_points_free(&tried);
	return found;
}
