/* SPDX-License-Identifier: Apache-2.0 */
#include "search/points.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/digest.h"

/* The slot that holds the point, or the free one where it belongs. At most half of them are taken. */
static size_t *
find(const struct fl_points *s, const void *point)
{
	size_t i = (size_t)fl_hash(point, s->size, 0) & (s->slots - 1);

	while (s->slot[i] && memcmp(fl_points_at(s, s->slot[i] - 1), point, s->size) != 0)
		i = (i + 1) & (s->slots - 1);
	return &s->slot[i];
}

static void
widen(struct fl_points *s)
{
	free(s->slot);
	s->slots = s->slots ? 2 * s->slots : 64;
	s->slot = fl_alloc(s->slots, sizeof *s->slot);
	for (size_t i = 0; i < s->n; i++)
		*find(s, fl_points_at(s, i)) = i + 1;
}

bool
fl_points_add(struct fl_points *s, const void *point)
{
	size_t *slot;

	if (2 * (s->n + 1) > s->slots)
		widen(s);
	slot = find(s, point);
	if (*slot)
		return false;
	s->data = fl_grow(s->data, &s->cap, s->n + 1, s->size);
	memcpy(s->data + s->n * s->size, point, s->size);
	*slot = ++s->n;
	return true;
}

bool
fl_points_have(const struct fl_points *s, const void *point)
{
	return s->n && *find(s, point);
}

size_t
fl_points_index(const struct fl_points *s, const void *point)
{
	return *find(s, point) - 1;
}

const void *
fl_points_at(const struct fl_points *s, size_t i)
{
	return s->data + i * s->size;
}

void
fl_points_clear(struct fl_points *s)
{
	s->n = 0;
	if (s->slots)
		memset(s->slot, 0, s->slots * sizeof *s->slot);
}

void
fl_points_free(struct fl_points *s)
{
	free(s->data);
	free(s->slot);
	*s = (struct fl_points){ .size = s->size };
}
