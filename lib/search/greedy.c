/* SPDX-License-Identifier: Apache-2.0 */
#include "search/greedy.h"

#include "search/climb.h"
#include "search/moves.h"

enum { DRAWS = 512, CLIMBS = 4 };

static void
collect(const struct fl_archset *known, struct fl_points *out)
{
	struct fl_arch a, point;
	struct fl_err err = { 0 };

	for (size_t i = 0; i < known->n; i++) {
		if (fl_arch_parse(known->name[i], &a, &err) < 0)
			fl_bug("%s among those known", err.text);
		fl_moves_point(&a, &point);
		fl_points_add(out, &point);
	}
}

size_t
fl_greedy(const struct fl_greedy *g, uint64_t seed, size_t n, struct fl_points *tried, struct fl_archset *known,
    double *score)
{
	struct fl_points taken = { .size = sizeof(struct fl_arch) };
	struct fl_domain domain = fl_moves(g->space);
	char text[FL_ARCH_LEN];
	struct fl_arch best;
	size_t found = 0;

	collect(known, &taken);
	for (; found < n; found++) {
		struct fl_climb climb = { &domain, g->score, g->ctx, &taken, g->starts, DRAWS, CLIMBS,
			seed + known->n };
		bool any;

		g->begin(g->ctx, tried, seed + known->n);
		any = fl_climb(&climb, &best, &score[found]);
		g->end(g->ctx);
		if (!any)
			break;
		fl_points_add(&taken, &best);
		fl_points_add(tried, &best);
		fl_archset_add(known, fl_arch_format(&best, text));
	}
	fl_points_free(&taken);
	return found;
}
