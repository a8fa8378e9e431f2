/* SPDX-License-Identifier: Apache-2.0 */
#include "search/archset.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/digest.h"

/* The slot that holds `arch`, or the free one where it belongs. At most half of them are taken. */
static size_t *
find(const struct fl_archset *s, const char *arch)
{
	size_t i = (size_t)fl_hash(arch, strlen(arch), 0) & (s->slots - 1);

	while (s->slot[i] && strcmp(s->name[s->slot[i] - 1], arch) != 0)
		i = (i + 1) & (s->slots - 1);
	return &s->slot[i];
}

static void
widen(struct fl_archset *s)
{
	free(s->slot);
	s->slots = s->slots ? 2 * s->slots : 64;
	s->slot = fl_alloc(s->slots, sizeof *s->slot);
	for (size_t i = 0; i < s->n; i++)
		*find(s, s->name[i]) = i + 1;
}

size_t
fl_archset_add(struct fl_archset *s, const char *arch)
{
	size_t *slot;

	if (2 * (s->n + 1) > s->slots)
		widen(s);
	slot = find(s, arch);
	if (!*slot) {
		s->name = fl_grow(s->name, &s->cap, s->n + 1, sizeof *s->name);
		s->name[s->n] = fl_strdup(arch);
		*slot = ++s->n;
	}
	return *slot - 1;
}

void
fl_archset_free(struct fl_archset *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->name[i]);
	free(s->name);
	free(s->slot);
	*s = (struct fl_archset){ 0 };
}
