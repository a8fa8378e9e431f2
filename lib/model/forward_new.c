/* SPDX-License-Identifier: Apache-2.0 */
/* The buffers of the forward pass, and its cache. */
#include <stdlib.h>

#include "base/alloc.h"
#include "model/forward_impl.h"
#include "model/rope_of.h"

static float *
floats(size_t count, size_t each, const char *what)
{
	return fl_alloc_aligned(count, each * sizeof(float), what);
}

/* Slots of layer l. A ring is as long as it is, however few positions come. */
static size_t
cache_slots(const struct fl_forward *f, int l)
{
	size_t window = fl_forward_window(f, l), bounded = 2 * window + f->capacity + FL_STRIP;

	if (window && f->kv.ring)
		return 2 * (window > f->capacity ? window : f->capacity);
	return window && bounded < f->positions ? bounded : f->positions;
}

static void
make_cache(struct fl_forward *f, const struct fl_cache_opts *o)
{
	const struct fl_config *c = &f->m->config;

	f->kv = *o;
	f->cache = fl_alloc((size_t)c->layers, sizeof *f->cache);
	for (int l = 0; l < c->layers; l++) {
		if (c->pattern[l] == 's')
			continue;
		f->cache[l] = fl_kv_new(o->kind, (size_t)c->kv_heads, (size_t)c->head_dim, cache_slots(f, l));
		f->cache[l].ring = o->ring && c->pattern[l] == 'w';
		f->cache_bytes += fl_kv_bytes(&f->cache[l]);
	}
}

static struct fl_forward *
new_forward(const struct fl_model *m, size_t rows, size_t positions, const struct fl_hooks *hooks,
    enum fl_acts_kept kept)
{
	const struct fl_config *c = &m->config;
	struct fl_forward *f = fl_alloc(1, sizeof *f);
	size_t width = (size_t)c->width;

	f->m = m;
	f->capacity = rows;
	f->positions = positions;
	if (hooks)
		f->hooks = *hooks;
	fl_acts_init(&f->acts, c, rows, kept);
	f->delta = kept ? floats(rows, width, "the activations") : f->acts.layer[0].norm;
	if (f->hooks.layer || f->hooks.attn)
		f->before = floats(rows, width, "the activations");
	f->last = floats(1, (size_t)c->vocab, "the logits");
	f->scratch = fl_scratch_new();
	f->rope = fl_rope_of_config(c, positions + rows, 0); /* spans go on after the cache */
	return f;
}

struct fl_forward *
fl_forward_new(const struct fl_model *m, size_t rows, size_t positions, const struct fl_hooks *hooks)
{
	struct fl_forward *f = new_forward(m, rows, positions, hooks, FL_ACTS_NONE);

	if (positions)
		make_cache(f, &(struct fl_cache_opts){ FL_KV_F32, false });
	return f;
}

struct fl_forward *
fl_forward_new_cached(const struct fl_model *m, size_t rows, size_t positions, const struct fl_cache_opts *o)
{
	struct fl_forward *f = new_forward(m, rows, positions, NULL, FL_ACTS_NONE);

	make_cache(f, o);
	return f;
}

struct fl_forward *
fl_forward_new_kept(const struct fl_model *m, size_t rows, enum fl_acts_kept kept, bool bf16,
    bool quant)
{
	struct fl_forward *f = new_forward(m, rows, 0, NULL, kept);

	f->bf16 = bf16;
	if (quant)
		f->quant = floats(rows, (size_t)(m->config.heads * m->config.head_dim), "the activations");
	return f;
}

void
fl_forward_free(struct fl_forward *f)
{
	if (!f)
		return;
	for (int l = 0; f->cache && l < f->m->config.layers; l++)
		fl_kv_free(&f->cache[l]);
	free(f->cache);
	if (f->delta != f->acts.layer[0].norm)
		free(f->delta);
	fl_acts_free(&f->acts);
	free(f->before);
	free(f->quant);
	free(f->last);
	free(f->logits);
	free(f->rope);
	free(f->span);
	free(f->attention);
	fl_scratch_free(f->scratch);
	free(f);
}

void
fl_forward_trace(struct fl_forward *f, struct fl_trace *t)
{
	f->trace = t;
	if (t)
		t->last = fl_clock();
}

uint64_t
fl_forward_cache_bytes(const struct fl_forward *f)
{
	return f->cache_bytes;
}

size_t
fl_forward_depth(const struct fl_forward *f)
{
	return f->depth;
}

void
fl_forward_reset(struct fl_forward *f)
{
	f->depth = 0;
	for (int l = 0; f->cache && l < f->m->config.layers; l++)
		f->cache[l].first = f->cache[l].length = 0;
}

bool
fl_forward_rewind(struct fl_forward *f, size_t depth)
{
	const struct fl_config *c = &f->m->config;

	if (depth > f->depth)
		fl_bug("rewinding from %zu to %zu", f->depth, depth);
	for (int l = 0; f->cache && l < c->layers; l++)
		if (!fl_kv_has(&f->cache[l], depth, fl_forward_window(f, l)))
			return false;
	for (int l = 0; f->cache && l < c->layers; l++)
		if (c->pattern[l] != 's')
			f->cache[l].length -= f->depth - depth;
	f->depth = depth;
	return true;
}
