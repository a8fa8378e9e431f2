/* SPDX-License-Identifier: Apache-2.0 */
/* bpe.c -- a doubly linked list of symbols and a heap of pairs that may merge.
 *
 * Not all of them: a pair waits until it comes before both its neighbours, the pairs that it shares a
 * symbol with. The first of all pairs always does, so the heap has it at its top. In a text that is one
 * letter over and over one pair at a time is there, and merging runs through it from left to right. */
#include "text/bpe.h"

#include <stdlib.h>

#include "base/alloc.h"

enum { NONE = -1 };
#define NEVER UINT32_MAX

struct fl_bpe_symbol {
	uint32_t id;
	int32_t prev, next;
	uint32_t rank, result; /* of the pair with the next one; NEVER: they may not merge, or it is gone */
};

/* Merges ------------------------------------------------------------------------------------------ */

static size_t
hash(uint32_t left, uint32_t right)
{
	uint64_t h = ((uint64_t)left << 32 | right) * 0x9e3779b97f4a7c15u;

	return (size_t)(h ^ h >> 32);
}

/* Where the pair is, or belongs. */
static size_t
find(const struct fl_merges *m, uint32_t left, uint32_t right)
{
	size_t i = hash(left, right) & m->mask;

	while (m->slot[i] &&
	    (m->v[m->slot[i] - 1].left != left || m->v[m->slot[i] - 1].right != right))
		i = (i + 1) & m->mask;
	return i;
}

void
fl_merges_add(struct fl_merges *m, struct fl_merge merge)
{
	m->v = fl_grow(m->v, &m->cap, m->n + 1, sizeof *m->v);
	m->v[m->n++] = merge;
}

void
fl_merges_index(struct fl_merges *m)
{
	size_t slots = 16;

	while (slots < 4 * m->n)
		slots *= 2;
	m->mask = slots - 1;
	m->slot = fl_alloc(slots, sizeof *m->slot);
	for (size_t i = 0; i < m->n; i++)
		m->slot[find(m, m->v[i].left, m->v[i].right)] = (uint32_t)i + 1;
}

void
fl_merges_free(struct fl_merges *m)
{
	free(m->v);
	free(m->slot);
	*m = (struct fl_merges){ 0 };
}

/* The heap: lowest rank, then leftmost, at the top ------------------------------------------------ */

/* A pair is a number, its rank above the index of its left symbol: what comes first is less. */
static uint64_t
key(const struct fl_bpe *b, int32_t at)
{
	return (uint64_t)b->symbol[at].rank << 32 | (uint32_t)at;
}

static void
push(struct fl_bpe *b, uint64_t p)
{
	size_t i = b->heap_n++;

	b->heap = fl_grow(b->heap, &b->heap_cap, b->heap_n, sizeof *b->heap);
	for (; i > 0 && p < b->heap[(i - 1) / 2]; i = (i - 1) / 2)
		b->heap[i] = b->heap[(i - 1) / 2];
	b->heap[i] = p;
}

static uint64_t
pop(struct fl_bpe *b)
{
	uint64_t top = b->heap[0], p = b->heap[--b->heap_n];
	size_t i = 0, child;

	while ((child = 2 * i + 1) < b->heap_n) {
		child += child + 1 < b->heap_n && b->heap[child + 1] < b->heap[child];
		if (b->heap[child] >= p)
			break;
		b->heap[i] = b->heap[child];
		i = child;
	}
	b->heap[i] = p;
	return top;
}

/* Merging ----------------------------------------------------------------------------------------- */

/* Looks up the pair of the symbol at `at` and the next one. */
static void
look_up(struct fl_bpe *b, const struct fl_merges *m, int32_t at)
{
	struct fl_bpe_symbol *s = &b->symbol[at];
	uint32_t i = s->next == NONE ? 0 : m->slot[find(m, s->id, b->symbol[s->next].id)];

	s->rank = i ? m->v[i - 1].rank : NEVER;
	s->result = i ? m->v[i - 1].result : 0;
}

/* Pushes the pair at `at` if it comes before its neighbours. */
static void
offer(struct fl_bpe *b, int32_t at)
{
	const struct fl_bpe_symbol *s = at == NONE ? NULL : &b->symbol[at];

	if (s && s->rank != NEVER && (s->prev == NONE || key(b, at) < key(b, s->prev)) &&
	    key(b, at) < key(b, s->next))
		push(b, key(b, at));
}

static void
join(struct fl_bpe *b, const struct fl_merges *m, int32_t at)
{
	struct fl_bpe_symbol *left = &b->symbol[at], *right = &b->symbol[left->next];

	left->id = left->result;
	left->next = right->next;
	if (left->next != NONE)
		b->symbol[left->next].prev = at;
	right->rank = NEVER;
	look_up(b, m, at);
	if (left->prev != NONE) {
		look_up(b, m, left->prev);
		offer(b, b->symbol[left->prev].prev);
		offer(b, left->prev);
	}
	offer(b, at);
	offer(b, left->next);
}

size_t
fl_bpe_merge(struct fl_bpe *b, const struct fl_merges *m, uint32_t *id, size_t n)
{
	size_t left = 0;

	if (n < 2)
		return n;
	b->symbol = fl_grow(b->symbol, &b->symbols, n, sizeof *b->symbol);
	b->heap_n = 0;
	for (size_t i = 0; i < n; i++)
		b->symbol[i] = (struct fl_bpe_symbol){ .id = id[i], .prev = (int32_t)i - 1,
			.next = i + 1 < n ? (int32_t)i + 1 : NONE };
	for (size_t i = 0; i < n; i++)
		look_up(b, m, (int32_t)i);
	for (size_t i = 0; i < n; i++)
		offer(b, (int32_t)i);
	while (b->heap_n > 0) {
		uint64_t p = pop(b);
		int32_t at = (int32_t)(p & UINT32_MAX);

		if (key(b, at) == p) /* else it is no longer what was pushed */
			join(b, m, at);
	}
	for (int32_t i = 0; i != NONE; i = b->symbol[i].next)
		id[left++] = b->symbol[i].id;
	return left;
}

void
fl_bpe_free(struct fl_bpe *b)
{
	free(b->symbol);
	free(b->heap);
	*b = (struct fl_bpe){ 0 };
}
