/* SPDX-License-Identifier: Apache-2.0 */
#include "search/archset.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/digest.h"

static bool
is(const void *set, size_t number, const void *arch)
{
	return strcmp(((const struct fl_archset *)set)->name[number], arch) == 0;
}

size_t
fl_archset_add(struct fl_archset *s, const char *arch)
{
	uint64_t hash = fl_hash(arch, strlen(arch), 0);
	size_t at = fl_index_find(&s->index, hash, is, s, arch);

	if (at != SIZE_MAX)
		return at;
	s->name = fl_grow(s->name, &s->cap, s->n + 1, sizeof *s->name);
	s->name[s->n] = fl_strdup(arch);
	fl_index_add(&s->index, hash);
	return s->n++;
}

void
fl_archset_free(struct fl_archset *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->name[i]);
	free(s->name);
	fl_index_free(&s->index);
	*s = (struct fl_archset){ 0 };
}
