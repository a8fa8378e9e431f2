/* SPDX-License-Identifier: Apache-2.0 */
#include "search/points.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/digest.h"

static bool
is(const void *set, size_t number, const void *point)
{
	const struct fl_points *s = set;

	return memcmp(fl_points_at(s, number), point, s->size) == 0;
}

size_t
fl_points_find(const struct fl_points *s, const void *point)
{
	return fl_index_find(&s->index, fl_hash(point, s->size, 0), is, s, point);
}

bool
fl_points_add(struct fl_points *s, const void *point)
{
	uint64_t hash = fl_hash(point, s->size, 0);

	if (fl_index_find(&s->index, hash, is, s, point) != SIZE_MAX)
		return false;
	s->data = fl_grow(s->data, &s->cap, s->n + 1, s->size);
	memcpy(s->data + s->n++ * s->size, point, s->size);
	fl_index_add(&s->index, hash);
	return true;
}

const void *
fl_points_at(const struct fl_points *s, size_t i)
{
	return s->data + i * s->size;
}

void
fl_points_free(struct fl_points *s)
{
	free(s->data);
	fl_index_free(&s->index);
	*s = (struct fl_points){ .size = s->size };
}
