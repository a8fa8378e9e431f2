/* SPDX-License-Identifier: Apache-2.0 */
/* points.h -- a set of points of a domain, each once, in the order they came.
 *
 * Zero-initialise all but `size`. */
#ifndef FL_SEARCH_POINTS_H
#define FL_SEARCH_POINTS_H

#include <stdbool.h>
#include <stddef.h>

#include "search/index.h"

struct fl_points {
	size_t size; /* bytes of a point */
	size_t n, cap;
	char *data; /* [n][size], owned */
	struct fl_index index;
};

/* Adds a copy of the point if it is not there; returns whether it was not. */
bool fl_points_add(struct fl_points *s, const void *point);
size_t fl_points_find(const struct fl_points *s, const void *point); /* its number; SIZE_MAX: not there */
const void *fl_points_at(const struct fl_points *s, size_t i);
void fl_points_free(struct fl_points *s);

#endif
