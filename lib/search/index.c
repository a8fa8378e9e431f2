/* SPDX-License-Identifier: Apache-2.0 */
#include "search/index.h"

#include <stdlib.h>

#include "base/alloc.h"

/* At most half of the slots are taken, so that a search ends. */
static struct fl_index_slot *
first_free(const struct fl_index *x, uint64_t hash)
{
	size_t i = (size_t)hash & (x->slots - 1);

	while (x->slot[i].member)
		i = (i + 1) & (x->slots - 1);
	return &x->slot[i];
}

static void
widen(struct fl_index *x)
{
	struct fl_index_slot *old = x->slot;
	size_t slots = x->slots;

	x->slots = slots ? 2 * slots : 64;
	x->slot = fl_alloc(x->slots, sizeof *x->slot);
	for (size_t i = 0; i < slots; i++)
		if (old[i].member)
			*first_free(x, old[i].hash) = old[i];
	free(old);
}

size_t
fl_index_find(const struct fl_index *x, uint64_t hash,
    bool (*is)(const void *set, size_t number, const void *key), const void *set, const void *key)
{
	if (!x->slots)
		return SIZE_MAX;
	for (size_t i = (size_t)hash; x->slot[i &= x->slots - 1].member; i++)
		if (x->slot[i].hash == hash && is(set, x->slot[i].member - 1, key))
			return x->slot[i].member - 1;
	return SIZE_MAX;
}

void
fl_index_add(struct fl_index *x, uint64_t hash)
{
	if (2 * (x->n + 1) > x->slots)
		widen(x);
	*first_free(x, hash) = (struct fl_index_slot){ hash, ++x->n };
}

void
fl_index_free(struct fl_index *x)
{
	free(x->slot);
	*x = (struct fl_index){ 0 };
}
