/* SPDX-License-Identifier: Apache-2.0 */
#include "search/climb.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

struct climb {
	const struct fl_climb *how;
	struct fl_points seen; /* all that have a score */
	double *score;	       /* [seen.n] */
	size_t cap;
};

/* Scores what has been added to `seen` since there were n. */
static void
score_from(struct climb *c, size_t n)
{
	size_t fresh = c->seen.n - n;
	const void **point = fl_alloc(fresh, sizeof *point);

	c->score = fl_grow(c->score, &c->cap, c->seen.n, sizeof *c->score);
	for (size_t i = 0; i < fresh; i++)
		point[i] = fl_points_at(&c->seen, n + i);
	if (fresh)
		c->how->score(c->how->ctx, point, fresh, c->score + n);
	free(point);
}

static void
draw(struct climb *c)
{
	const struct fl_domain *d = c->how->domain;
	struct fl_rng rng = fl_rng_new(c->how->seed, 0x636c696d62);
	void *point = fl_alloc(1, d->size);

	for (int i = 0; i < c->how->draws; i++) {
		d->draw(d->ctx, &rng, point);
		fl_points_add(&c->seen, point);
	}
	score_from(c, 0);
	free(point);
}

/* From seen point i uphill. */
static void
ascend(struct climb *c, size_t i)
{
	const struct fl_domain *d = c->how->domain;
	size_t at, before;

	do {
		struct fl_points near = { .size = d->size };

		at = i;
		d->neighbours(d->ctx, fl_points_at(&c->seen, at), &near);
		before = c->seen.n;
		for (size_t k = 0; k < near.n; k++)
			fl_points_add(&c->seen, fl_points_at(&near, k));
		score_from(c, before);
		for (size_t k = 0; k < near.n; k++) {
			size_t n = fl_points_find(&c->seen, fl_points_at(&near, k));

			if (c->score[n] > c->score[i])
				i = n;
		}
		fl_points_free(&near);
	} while (i != at);
}

/* The best of the first n seen that were not climbed from yet; n if there is none. */
static size_t
best_start(const struct climb *c, size_t n, const bool *used)
{
	size_t best = n;

	for (size_t i = 0; i < n; i++)
		if (!used[i] && (best == n || c->score[i] > c->score[best]))
			best = i;
	return best;
}

static void
climb_from_draws(struct climb *c)
{
	size_t n = c->seen.n;
	bool *used = fl_alloc(n, sizeof *used);

	for (int k = 0; k < c->how->climbs; k++) {
		size_t i = best_start(c, n, used);

		if (i == n)
			break;
		used[i] = true;
		ascend(c, i);
	}
	free(used);
}

static void
climb_from_starts(struct climb *c)
{
	for (size_t k = 0; c->how->starts && k < c->how->starts->n; k++) {
		const void *start = fl_points_at(c->how->starts, k);
		size_t before = c->seen.n;

		fl_points_add(&c->seen, start);
		score_from(c, before);
		ascend(c, fl_points_find(&c->seen, start));
	}
}

bool
fl_climb(const struct fl_climb *how, void *best, double *score)
{
	struct climb c = { how, .seen.size = how->domain->size };
	bool found = false;

	draw(&c);
	climb_from_draws(&c);
	climb_from_starts(&c);
	for (size_t i = 0; i < c.seen.n; i++)
		if (fl_points_find(how->taken, fl_points_at(&c.seen, i)) == SIZE_MAX && (!found || c.score[i] > *score)) {
			memcpy(best, fl_points_at(&c.seen, i), how->domain->size);
			*score = c.score[i];
			found = true;
		}
	fl_points_free(&c.seen);
	free(c.score);
	return found;
}
