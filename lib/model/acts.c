/* SPDX-License-Identifier: Apache-2.0 */
#include "model/acts.h"

#include <stdlib.h>

#include "base/alloc.h"

static float *
room(struct fl_acts_set *s, size_t rows, size_t each)
{
	s->bytes += rows * each * sizeof(float);
	if (s->planned)
		return NULL;
	s->block = fl_grow(s->block, &s->cap, s->blocks + 1, sizeof *s->block);
	return s->block[s->blocks++] = fl_alloc_aligned(rows, each * sizeof(float), "the activations");
}

static void
spread_attention(struct fl_acts_set *s, struct fl_acts *a, const struct fl_config *c, size_t rows)
{
	size_t q = (size_t)(c->heads * c->head_dim), kv = (size_t)(c->kv_heads * c->head_dim);

	a->norm = room(s, rows, (size_t)c->width);
	a->q = room(s, rows, q);
	a->k = room(s, rows, kv);
	a->q0 = c->family->qk_norm ? room(s, rows, q) : a->q;
	a->k0 = c->family->qk_norm ? room(s, rows, kv) : a->k;
	a->v = room(s, rows, kv);
	a->mix = room(s, rows, q);
	a->lse = room(s, rows, (size_t)c->heads);
	a->mid = room(s, rows, (size_t)c->width);
}

static void
spread_ffn(struct fl_acts_set *s, struct fl_acts *a, const struct fl_config *c, size_t rows)
{
	a->ffn_norm = room(s, rows, (size_t)c->width);
	a->gate = room(s, rows, (size_t)c->ffn);
	a->up = room(s, rows, (size_t)c->ffn);
	a->hidden = room(s, rows, (size_t)c->ffn);
}

/* As little as one layer can do with. */
static void
squeeze(struct fl_acts_set *s, struct fl_acts *a, const struct fl_config *c, size_t rows)
{
	size_t kv = (size_t)(c->kv_heads * c->head_dim);

	a->norm = a->ffn_norm = room(s, rows, (size_t)c->width);
	a->q = a->q0 = a->mix = room(s, rows, (size_t)(c->heads * c->head_dim));
	a->k = a->k0 = room(s, rows, kv);
	a->v = room(s, rows, kv);
	a->gate = a->hidden = room(s, rows, (size_t)c->ffn);
	a->up = room(s, rows, (size_t)c->ffn);
}

static void
lay_out(struct fl_acts_set *s, const struct fl_config *c, size_t rows)
{
	enum fl_acts_kept kept = s->kept;
	size_t layers = (size_t)c->layers, d = (size_t)c->width;
	struct fl_acts one = { 0 };

	s->layer = fl_alloc(layers + 1, sizeof *s->layer);
	if (kept == FL_ACTS_NONE) {
		squeeze(s, &one, c, rows);
		one.x = one.mid = room(s, rows, d);
	} else if (kept == FL_ACTS_INPUTS) {
		spread_attention(s, &one, c, rows);
		spread_ffn(s, &one, c, rows);
	}
	for (size_t l = 0; l <= layers; l++) {
		struct fl_acts *a = &s->layer[l];

		*a = one;
		if (kept != FL_ACTS_NONE)
			a->x = room(s, rows, d);
		if (kept == FL_ACTS_ALL && l < layers && c->pattern[l] != 's')
			spread_attention(s, a, c, rows);
		if (kept == FL_ACTS_ALL && l < layers)
			spread_ffn(s, a, c, rows);
		if (c->pattern[l] == 's')
			a->mid = a->x;
	}
	if (kept == FL_ACTS_ALL)
		s->layer[layers].norm = room(s, rows, d);
}

void
fl_acts_init(struct fl_acts_set *s, const struct fl_config *c, size_t rows, enum fl_acts_kept kept)
{
	*s = (struct fl_acts_set){ .kept = kept };
	lay_out(s, c, rows);
}

size_t
fl_acts_bytes(const struct fl_config *c, size_t rows, enum fl_acts_kept kept)
{
	struct fl_acts_set s = { .kept = kept, .planned = true };
	size_t bytes;

	lay_out(&s, c, rows);
	bytes = s.bytes;
	fl_acts_free(&s);
	return bytes;
}

void
fl_acts_free(struct fl_acts_set *s)
{
	for (size_t i = 0; i < s->blocks; i++)
		free(s->block[i]);
	free(s->block);
	free(s->layer);
	*s = (struct fl_acts_set){ 0 };
}
