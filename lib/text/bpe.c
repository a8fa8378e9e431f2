/* SPDX-License-Identifier: Apache-2.0 */
/* bpe.c -- a doubly linked list of symbols and a heap of the pairs that may merge.
 *
 * A merge leaves the pairs it destroyed in the heap; they are known when they come out by their
 * result, which the pair now at that place does not give. A pair that gives the same result from
 * other parts counts as the same: so does the implementation whose ids models were trained with
 * (Hugging Face tokenizers), and for real merge lists it makes no difference. */
#include "text/bpe.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/alloc.h"

enum { NONE = -1 };

struct fl_bpe_symbol {
	uint32_t id;
	int32_t prev, next; /* dead: next is its own index */
};

struct fl_bpe_pair {
	uint32_t rank;
	int32_t at; /* the left symbol */
	uint32_t result;
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

static bool
before(const struct fl_bpe_pair *a, const struct fl_bpe_pair *b)
{
	return a->rank < b->rank || (a->rank == b->rank && a->at < b->at);
}

static void
push(struct fl_bpe *b, struct fl_bpe_pair p)
{
	size_t i = b->heap_n++;

	b->heap = fl_grow(b->heap, &b->heap_cap, b->heap_n, sizeof *b->heap);
	for (; i > 0 && before(&p, &b->heap[(i - 1) / 2]); i = (i - 1) / 2)
		b->heap[i] = b->heap[(i - 1) / 2];
	b->heap[i] = p;
}

static struct fl_bpe_pair
pop(struct fl_bpe *b)
{
	struct fl_bpe_pair top = b->heap[0], p = b->heap[--b->heap_n];
	size_t i = 0, child;

	while ((child = 2 * i + 1) < b->heap_n) {
		if (child + 1 < b->heap_n && before(&b->heap[child + 1], &b->heap[child]))
			child++;
		if (!before(&b->heap[child], &p))
			break;
		b->heap[i] = b->heap[child];
		i = child;
	}
	b->heap[i] = p;
	return top;
}

/* Merging ----------------------------------------------------------------------------------------- */

/* Of the symbol at `at` and the next one; NULL if they may not merge. */
static const struct fl_merge *
pair_at(const struct fl_bpe *b, const struct fl_merges *m, int32_t at)
{
	const struct fl_bpe_symbol *s = &b->symbol[at];
	uint32_t i;

	if (s->next == NONE || s->next == at)
		return NULL;
	i = m->slot[find(m, s->id, b->symbol[s->next].id)];
	return i ? &m->v[i - 1] : NULL;
}

static void
offer(struct fl_bpe *b, const struct fl_merges *m, int32_t at)
{
	const struct fl_merge *merge = at == NONE ? NULL : pair_at(b, m, at);

	if (merge)
		push(b, (struct fl_bpe_pair){ merge->rank, at, merge->result });
}

static void
join(struct fl_bpe *b, const struct fl_merges *m, struct fl_bpe_pair p)
{
	struct fl_bpe_symbol *left = &b->symbol[p.at], *right = &b->symbol[left->next];
	int32_t gone = left->next;

	left->id = p.result;
	left->next = right->next;
	if (left->next != NONE)
		b->symbol[left->next].prev = p.at;
	right->next = gone;
	offer(b, m, left->prev);
	offer(b, m, p.at);
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
		b->symbol[i] = (struct fl_bpe_symbol){ id[i], (int32_t)i - 1,
			i + 1 < n ? (int32_t)i + 1 : NONE };
	for (size_t i = 0; i + 1 < n; i++)
		offer(b, m, (int32_t)i);
	while (b->heap_n > 0) {
		struct fl_bpe_pair p = pop(b);
		const struct fl_merge *now = pair_at(b, m, p.at);

		if (now && now->result == p.result)
			join(b, m, p);
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
