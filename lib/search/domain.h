/* SPDX-License-Identifier: Apache-2.0 */
/* domain.h -- a finite set to choose from, and what is next to what in it.
 *
 * A point is `size` bytes of plain memory, equal to another if the bytes are. */
#ifndef FL_SEARCH_DOMAIN_H
#define FL_SEARCH_DOMAIN_H

#include <stddef.h>

#include "base/rng.h"
#include "search/points.h"

struct fl_domain {
	size_t size;
	const void *ctx;
	void (*draw)(const void *ctx, struct fl_rng *rng, void *point);
	/* Adds to `out` the points that differ from `point` by one small step. */
	void (*neighbours)(const void *ctx, const void *point, struct fl_points *out);
};

#endif
