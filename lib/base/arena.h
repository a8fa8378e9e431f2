/* SPDX-License-Identifier: Apache-2.0 */
/* arena.h -- memory for many small things that are released together. Zero-initialise. */
#ifndef FL_BASE_ARENA_H
#define FL_BASE_ARENA_H

#include <stddef.h>

struct fl_arena {
	struct fl_arena_block *block; /* the latest; it names the one before */
	size_t used, size;	      /* of it */
};

/* n zeroed bytes, aligned for any type, until fl_arena_free(). n must be bounded by the caller. */
void *fl_arena_alloc(struct fl_arena *a, size_t n);
void fl_arena_free(struct fl_arena *a);

#endif
