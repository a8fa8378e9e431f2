/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdalign.h>
#include <stdlib.h>

#include "base/alloc.h"

enum { BLOCK = 1 << 14 };

struct fl_arena_block {
	struct fl_arena_block *before;
	alignas(max_align_t) char data[];
};

void *
fl_arena_alloc(struct fl_arena *a, size_t n)
{
	const size_t unit = alignof(max_align_t);
	void *p;

	n = (n + unit - 1) / unit * unit;
	if (a->size - a->used < n) {
		size_t size = n > BLOCK ? n : BLOCK;
		struct fl_arena_block *b = fl_alloc(1, sizeof *b + size);

		b->before = a->block;
		*a = (struct fl_arena){ b, 0, size };
	}
	p = a->block ? a->block->data + a->used : NULL;
	a->used += n;
	return p;
}

void
fl_arena_free(struct fl_arena *a)
{
	while (a->block) {
		struct fl_arena_block *before = a->block->before;

		free(a->block);
		a->block = before;
	}
	*a = (struct fl_arena){ 0 };
}
