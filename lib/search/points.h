/* SPDX-License-Identifier: Apache-2.0 */
/* points.h -- a set of points of a domain, each once, in the order they came.
 *
 * Zero-initialise all but `size`. */
#ifndef FL_SEARCH_POINTS_H
#define FL_SEARCH_POINTS_H

#include <stdbool.h>
#include <stddef.h>

struct fl_points {
	size_t size; /* bytes of a point */
	size_t n, cap;
	char *data; /* [n][size], owned */
	size_t slots, *slot; /* hash table: index + 1, 0 for none */
};

/* Adds a copy of the point if it is not there; returns whether it was not. */
bool fl_points_add(struct fl_points *s, const void *point);
bool fl_points_have(const struct fl_points *s, const void *point);
size_t fl_points_index(const struct fl_points *s, const void *point); /* of one that is there */
const void *fl_points_at(const struct fl_points *s, size_t i);
void fl_points_clear(struct fl_points *s); /* empties it; the memory stays */
void fl_points_free(struct fl_points *s);

#endif
