/* SPDX-License-Identifier: Apache-2.0 */
/* climb.h -- the best point of a domain by local search.
 *
 * Draws points, scores them, and from the best of them and from starts given goes to the best of all
 * neighbours as long as that is better. Every point is scored once at most; those that are taken can be
 * passed through but not chosen. */
#ifndef FL_SEARCH_CLIMB_H
#define FL_SEARCH_CLIMB_H

#include <stdbool.h>
#include <stdint.h>

#include "search/domain.h"

struct fl_climb {
	const struct fl_domain *domain;
	/* score[i] of points[i]; the larger the better, -INFINITY or more. */
	void (*score)(void *ctx, const void *const *points, size_t n, double *score);
	void *ctx;
	const struct fl_points *taken;
	const struct fl_points *starts; /* NULL for none */
	int draws, climbs; /* points drawn first; how many of the best are climbed from, beside the starts */
	uint64_t seed;
};

/* best[size] := the best point found that is not taken, *score its score. False if none was found: the
 * domain may be exhausted. */
bool fl_climb(const struct fl_climb *c, void *best, double *score);

#endif
