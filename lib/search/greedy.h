/* SPDX-License-Identifier: Apache-2.0 */
/* greedy.h -- architectures of a space one after the other, each the best by a score that knows of those
 * before it. */
#ifndef FL_SEARCH_GREEDY_H
#define FL_SEARCH_GREEDY_H

#include <stddef.h>
#include <stdint.h>

#include "search/archset.h"
#include "search/points.h"
#include "search/space.h"

struct fl_greedy {
	const struct fl_space *space;
	const struct fl_points *starts; /* architectures to climb from, beside drawn ones */
	/* Between begin and end, score[i] of points[i] is how good they are now; see search/climb.h. */
	void (*begin)(void *ctx, const struct fl_points *tried, uint64_t seed);
	void (*score)(void *ctx, const void *const *points, size_t n, double *score);
	void (*end)(void *ctx);
	void *ctx;
};

/* Appends to `known` up to n architectures not in it and returns how many: fewer only where the local search
 * finds no new one. Each is added to `tried`, points of fl_moves_point(). score[i] := its score when it was
 * chosen. */
size_t fl_greedy(const struct fl_greedy *g, uint64_t seed, size_t n, struct fl_points *tried,
    struct fl_archset *known, double *score);

#endif
