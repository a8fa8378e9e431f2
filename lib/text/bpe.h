/* SPDX-License-Identifier: Apache-2.0 */
/* bpe.h -- byte-pair merging: the pairs that may merge, and merging by rank.
 *
 * Of all neighbours that may merge, those of the lowest rank do, the leftmost first, until none may:
 * in O(n log n) for n symbols. Merges that make the same token may share a rank. */
#ifndef FL_TEXT_BPE_H
#define FL_TEXT_BPE_H

#include <stdint.h>
#include <stddef.h>

struct fl_merge {
	uint32_t left, right, result; /* token ids */
	uint32_t rank;
};

/* The merges in order of rank, and a table from pairs to them. Zero-initialise. */
struct fl_merges {
	struct fl_merge *v;
	size_t n, cap;
	uint32_t *slot; /* index + 1, 0 if empty */
	size_t mask;
};

void fl_merges_add(struct fl_merges *m, struct fl_merge merge);
void fl_merges_index(struct fl_merges *m); /* after the last; of equal pairs the last counts */
void fl_merges_free(struct fl_merges *m);

/* Room for merging, kept from call to call. Zero-initialise; one thread at a time. */
struct fl_bpe {
	struct fl_bpe_symbol *symbol;
	uint64_t *heap;
	size_t symbols, heap_cap, heap_n;
};

/* Merges id[0 .. n-1] in place and returns how many are left. n < 2^31. */
size_t fl_bpe_merge(struct fl_bpe *b, const struct fl_merges *m, uint32_t *id, size_t n);
void fl_bpe_free(struct fl_bpe *b);

#endif
