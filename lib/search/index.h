/* SPDX-License-Identifier: Apache-2.0 */
/* index.h -- finds members of a set by their hash: open addressing over the members' numbers.
 *
 * The set itself belongs to the caller, who says whether its member i is the one looked for.
 * Zero-initialise. */
#ifndef FL_SEARCH_INDEX_H
#define FL_SEARCH_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fl_index {
	size_t n, slots;
	struct fl_index_slot {
		uint64_t hash;
		size_t member; /* its number + 1; 0 for none */
	} *slot;
};

/* The number of the member with this hash for which is(set, number, key) holds; SIZE_MAX if there is none. */
size_t fl_index_find(const struct fl_index *x, uint64_t hash,
    bool (*is)(const void *set, size_t number, const void *key), const void *set, const void *key);

/* Adds number `n` so far, which was not found. */
void fl_index_add(struct fl_index *x, uint64_t hash);
void fl_index_free(struct fl_index *x);

#endif
