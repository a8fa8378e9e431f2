/* SPDX-License-Identifier: Apache-2.0 */
/* The attention of a layer: where its queries stand, and where the keys are that they see. */
#include "compute/rope.h"
#include "model/forward_impl.h"

size_t
fl_forward_window(const struct fl_forward *f, int l)
{
	return f->m->config.pattern[l] == 'w' ? (size_t)f->m->config.window : 0;
}

/* Attention of layer l, but for where its keys are. */
static struct fl_attention
heads_of(const struct fl_forward *f, int l)
{
	const struct fl_config *c = &f->m->config;
	const struct fl_acts *a = &f->acts.layer[l];
	size_t dim = (size_t)c->head_dim, heads = (size_t)c->kv_heads;

	return (struct fl_attention){ .sequences = 1, .heads = (size_t)c->heads, .kv_heads = heads, .dim = dim,
		.window = fl_forward_window(f, l), .q = a->q, .k = a->k, .v = a->v,
		.kv_row = heads * dim, .kv_head = dim, .out = a->mix };
}

struct fl_attention
fl_forward_attention(const struct fl_forward *f, int l)
{
	struct fl_attention a = heads_of(f, l);

	a.sequences = f->sequences;
	a.queries = f->rows / f->sequences;
	a.kv_sequence = a.queries * a.kv_row;
	a.begin = f->begin;
	a.lse = f->acts.layer[l].lse;
	return a;
}

/* Of the cached sequence, whose first row is at f->depth. */
static struct fl_attention
cached_attention(struct fl_forward *f, int l)
{
	struct fl_attention a = heads_of(f, l);

	fl_kv_append(&f->cache[l], a.k, a.v, f->rows, a.window);
	a.queries = f->rows;
	a.past = f->depth, a.first = f->cache[l].first;
	a.cache = &f->cache[l];
	return a;
}

/* One span: its own keys, before them those of the span it follows, before them the cached ones. */
static struct fl_attention
span_attention(const struct fl_forward *f, int l, const struct fl_forward_span *s)
{
	const struct fl_acts *acts = &f->acts.layer[l];
	struct fl_attention a = heads_of(f, l);
	size_t queries = a.heads * a.dim;

	a.queries = s->length;
	a.past = a.first = s->position;
	a.q += s->row * queries, a.out += s->row * queries;
	a.k += s->row * a.kv_row, a.v += s->row * a.kv_row;
	if (f->depth)
		a.shared[a.shareds++] = (struct fl_keys){ .first = f->cache[l].first, .cache = &f->cache[l] };
	if (s->after)
		a.shared[a.shareds++] = (struct fl_keys){ acts->k + s->after->row * a.kv_row,
			acts->v + s->after->row * a.kv_row, s->after->position, a.kv_row, a.kv_head, NULL };
	return a;
}

void
fl_forward_mix(struct fl_forward *f, int l)
{
	struct fl_attention a;

	if (!f->spans) {
		a = f->sequences ? fl_forward_attention(f, l) : cached_attention(f, l);
		fl_attention(&a, f->scratch);
		fl_forward_lap(f, FL_WORK_ATTENTION);
		return;
	}
	for (size_t i = 0; i < f->spans; i++)
		f->attention[i] = span_attention(f, l, &f->span[i]);
	fl_attention_all(f->attention, f->spans, f->scratch);
	fl_forward_lap(f, FL_WORK_ATTENTION);
}

void
fl_forward_rotate(struct fl_forward *f, float *x, size_t heads)
{
	size_t dim = (size_t)f->m->config.head_dim;

	for (size_t i = 0; i < f->spans; i++)
		fl_rope(x + f->span[i].row * heads * dim, f->span[i].length, heads, dim, f->rope,
		    f->span[i].position, f->span[i].length);
	if (!f->spans)
		fl_rope(x, f->rows, heads, dim, f->rope, f->sequences ? 0 : f->depth,
		    f->sequences ? f->rows / f->sequences : f->rows);
	fl_forward_lap(f, FL_WORK_ROPE);
}
