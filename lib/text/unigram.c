/* SPDX-License-Identifier: Apache-2.0 */
#include "text/unigram.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "text/utf8.h"

/* The tokens in a trie over bytes. Its nodes are numbered from 1, the root; an edge is a slot of a hash
 * table by parent and byte. */
struct edge {
	uint32_t parent, child; /* child 0: empty */
	unsigned char byte;
};

struct node {
	uint32_t id; /* FL_UNIGRAM_UNKNOWN: no token ends here */
	double score;
};

struct fl_unigram {
	struct edge *edge;
	size_t slots, edges;
	struct node *node;
	size_t nodes, cap;
	double unknown;
};

struct fl_unigram_best {
	double score;
	uint32_t id, len; /* of the last token of the best cut that ends here; len 0: none does */
};

struct fl_unigram *
fl_unigram_new(void)
{
	struct fl_unigram *u = fl_alloc(1, sizeof *u);

	u->node = fl_grow(NULL, &u->cap, 2, sizeof *u->node);
	u->node[1].id = FL_UNIGRAM_UNKNOWN;
	u->nodes = 2;
	u->slots = 1024;
	u->edge = fl_alloc(u->slots, sizeof *u->edge);
	return u;
}

void
fl_unigram_free(struct fl_unigram *u)
{
	if (!u)
		return;
	free(u->edge);
	free(u->node);
	free(u);
}

static struct edge *
find(const struct fl_unigram *u, uint32_t parent, unsigned char byte)
{
	uint64_t h = ((uint64_t)parent << 8 | byte) * 0x9e3779b97f4a7c15u;
	size_t i = (size_t)(h >> 32) & (u->slots - 1);

	while (u->edge[i].child && (u->edge[i].parent != parent || u->edge[i].byte != byte))
		i = (i + 1) & (u->slots - 1);
	return &u->edge[i];
}

/* At most half of the slots are taken. */
static void
reserve(struct fl_unigram *u)
{
	struct edge *old = u->edge;
	size_t n = u->slots;

	if (2 * (u->edges + 1) <= n)
		return;
	u->slots = 2 * n;
	u->edge = fl_alloc(u->slots, sizeof *u->edge);
	for (size_t i = 0; i < n; i++)
		if (old[i].child)
			*find(u, old[i].parent, old[i].byte) = old[i];
	free(old);
}

static uint32_t
child(struct fl_unigram *u, uint32_t parent, unsigned char byte)
{
	struct edge *e;

	reserve(u);
	e = find(u, parent, byte);
	if (!e->child) {
		*e = (struct edge){ parent, (uint32_t)u->nodes, byte };
		u->edges++;
		u->node = fl_grow(u->node, &u->cap, u->nodes + 1, sizeof *u->node);
		u->node[u->nodes++] = (struct node){ FL_UNIGRAM_UNKNOWN, 0 };
	}
	return e->child;
}

void
fl_unigram_add(struct fl_unigram *u, const char *text, size_t len, uint32_t id, double score)
{
	uint32_t at = 1;

	for (size_t i = 0; i < len; i++)
		at = child(u, at, (unsigned char)text[i]);
	u->node[at] = (struct node){ id, score };
}

void
fl_unigram_set_unknown(struct fl_unigram *u, double score)
{
	u->unknown = score;
}

static void
offer(struct fl_unigram_best *to, double score, uint32_t id, size_t len)
{
	if (!to->len || score > to->score)
		*to = (struct fl_unigram_best){ score, id, (uint32_t)len };
}

/* Extends the best cut that ends at text[i] by every token that begins there. */
static void
extend(const struct fl_unigram *u, struct fl_unigram_best *best, const char *text, size_t i, size_t len,
    size_t one)
{
	bool covered = false;
	uint32_t at = 1;

	for (size_t k = i; k < len && (at = find(u, at, (unsigned char)text[k])->child); k++)
		if (u->node[at].id != FL_UNIGRAM_UNKNOWN) {
			offer(&best[k + 1], best[i].score + u->node[at].score, u->node[at].id, k + 1 - i);
			covered = covered || k + 1 - i == one;
		}
	if (!covered)
		offer(&best[i + one], best[i].score + u->unknown, FL_UNIGRAM_UNKNOWN, one);
}

void
fl_unigram_cut(const struct fl_unigram *u, struct fl_unigram_room *r, const char *text, size_t len)
{
	struct fl_unigram_piece swap;

	r->best = fl_grow(r->best, &r->cap, len + 1, sizeof *r->best);
	for (size_t i = 0; i <= len; i++)
		r->best[i] = (struct fl_unigram_best){ 0 };
	for (size_t i = 0; i < len;) {
		uint32_t c;
		size_t one = (size_t)(fl_utf8_next(text + i, &c) - (text + i));

		extend(u, r->best, text, i, len, one);
		i += one;
	}
	r->pieces = 0;
	for (size_t i = len; i > 0; i -= r->best[i].len) {
		r->piece = fl_grow(r->piece, &r->piece_cap, r->pieces + 1, sizeof *r->piece);
		r->piece[r->pieces++] = (struct fl_unigram_piece){ r->best[i].id, r->best[i].len };
	}
	for (size_t a = 0, b = r->pieces; a + 1 < b; a++) {
		swap = r->piece[a];
		r->piece[a] = r->piece[--b];
		r->piece[b] = swap;
	}
}

void
fl_unigram_room_free(struct fl_unigram_room *r)
{
	free(r->best);
	free(r->piece);
}
