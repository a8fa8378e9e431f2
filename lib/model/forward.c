/* SPDX-License-Identifier: Apache-2.0 */
#include "model/forward.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "compute/activation.h"
#include "compute/fake_quant.h"
#include "compute/gemm.h"
#include "compute/matmul.h"
#include "compute/norm.h"
#include "compute/rope.h"
#include "model/forward_impl.h"

enum { LOGITS = 8 << 20 /* floats of logits at a time */ };

static float *
floats(size_t count, size_t each, const char *what)
{
	return fl_alloc_aligned(count, each * sizeof(float), what);
}

static void
make_rope(struct fl_forward *f)
{
	const struct fl_config *c = &f->m->config;
	const struct fl_rope *r = &c->rope;
	size_t n = (size_t)c->head_dim / 2;
	size_t positions = f->positions + f->capacity; /* spans go on after the cache */
	double *freq = fl_alloc(n, sizeof *freq);

	fl_rope_frequencies(freq, (size_t)c->head_dim, r->theta);
	if (r->kind == FL_ROPE_LLAMA3)
		fl_rope_llama3(freq, n, r->factor, r->low, r->high, r->original);
	f->rope = floats(positions, 2 * n, "the rotations");
	fl_rope_table(f->rope, freq, n, positions);
	free(freq);
}

static void
make_cache(struct fl_forward *f)
{
	const struct fl_config *c = &f->m->config;
	size_t heads = (size_t)c->kv_heads, dim = (size_t)c->head_dim;

	f->cache = fl_alloc((size_t)c->layers, sizeof *f->cache);
	for (int l = 0; l < c->layers; l++) {
		size_t capacity = f->positions, bounded = 2 * (size_t)c->window + f->capacity;

		if (c->pattern[l] == 's')
			continue;
		/* A window layer has no room for all positions. */
		if (c->pattern[l] == 'w' && bounded < capacity)
			capacity = bounded;
		f->cache[l] = fl_kv_new(heads, dim, capacity);
		f->cache_bytes += 2 * capacity * heads * dim * sizeof(float);
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
	make_rope(f);
	if (positions)
		make_cache(f);
	return f;
}

struct fl_forward *
fl_forward_new(const struct fl_model *m, size_t rows, size_t positions, const struct fl_hooks *hooks)
{
	return new_forward(m, rows, positions, hooks, FL_ACTS_NONE);
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

/* 0: layer l has none. */
static size_t
window_of(const struct fl_forward *f, int l)
{
	return f->m->config.pattern[l] == 'w' ? (size_t)f->m->config.window : 0;
}

bool
fl_forward_rewind(struct fl_forward *f, size_t depth)
{
	const struct fl_config *c = &f->m->config;

	if (depth > f->depth)
		fl_bug("rewinding from %zu to %zu", f->depth, depth);
	for (int l = 0; f->cache && l < c->layers; l++)
		if (!fl_kv_has(&f->cache[l], depth, window_of(f, l)))
			return false;
	for (int l = 0; f->cache && l < c->layers; l++)
		if (c->pattern[l] != 's')
			f->cache[l].length -= f->depth - depth;
	f->depth = depth;
	return true;
}

/* --- the layers --- */

static void
product(struct fl_forward *f, float *out, const float *in, size_t rows, const struct fl_matrix *w)
{
	if (!f->bf16) {
		fl_gemm(out, in, rows, w, f->scratch);
		return;
	}
	fl_matmul(&(struct fl_product){ .trans = true, .m = rows, .n = w->rows, .k = w->cols, .a = in,
	    .lda = w->cols, .b = w->data, .ldb = w->cols, .c = out, .ldc = w->rows }, true, f->scratch);
}

/* What the linear layers see of x [R, n]. */
static void
round_inputs(const struct fl_forward *f, float *x, size_t n)
{
	if (f->quant)
		fl_fake_quant_rows(x, x, f->rows, n);
}

const float *
fl_forward_mixed(const struct fl_forward *f, int l)
{
	const float *mix = f->acts.layer[l].mix;

	if (!f->quant)
		return mix;
	fl_fake_quant_rows(f->quant, mix, f->rows, (size_t)(f->m->config.heads * f->m->config.head_dim));
	return f->quant;
}

static void
linear(struct fl_forward *f, float *out, const float *in, const struct fl_matrix *w, const float *bias)
{
	product(f, out, in, f->rows, w);
	if (bias)
		fl_add_rows(out, bias, f->rows, w->rows);
}

static void
norm(struct fl_forward *f, int site, float *out, const float *in, const float *weight)
{
	fl_rmsnorm(out, in, f->rows, (size_t)f->m->config.width, weight, f->m->config.norm_eps);
	if (f->hooks.norm)
		f->hooks.norm(f->hooks.ctx, site, in, out, f->rows);
	round_inputs(f, out, (size_t)f->m->config.width);
}

/* Attention of layer l, but for where its keys are. */
static struct fl_attention
heads_of(const struct fl_forward *f, int l)
{
	const struct fl_config *c = &f->m->config;
	const struct fl_acts *a = &f->acts.layer[l];
	size_t dim = (size_t)c->head_dim, heads = (size_t)c->kv_heads;

	return (struct fl_attention){ .sequences = 1, .heads = (size_t)c->heads, .kv_heads = heads, .dim = dim,
		.window = window_of(f, l), .q = a->q, .k = a->k, .v = a->v,
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
	struct fl_keys keys;

	fl_kv_append(&f->cache[l], a.k, a.v, f->rows, a.window);
	keys = fl_kv_keys(&f->cache[l]);
	a.queries = f->rows;
	a.past = f->depth, a.first = keys.first;
	a.k = keys.k, a.v = keys.v;
	a.kv_row = keys.row, a.kv_head = keys.head;
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
		a.shared[a.shareds++] = fl_kv_keys(&f->cache[l]);
	if (s->after)
		a.shared[a.shareds++] = (struct fl_keys){ acts->k + s->after->row * a.kv_row,
			acts->v + s->after->row * a.kv_row, s->after->position, a.kv_row, a.kv_head };
	return a;
}

static void
mix(struct fl_forward *f, int l)
{
	struct fl_attention a;

	if (!f->spans) {
		a = f->sequences ? fl_forward_attention(f, l) : cached_attention(f, l);
		fl_attention(&a, f->scratch);
		return;
	}
	for (size_t i = 0; i < f->spans; i++)
		f->attention[i] = span_attention(f, l, &f->span[i]);
	fl_attention_all(f->attention, f->spans, f->scratch);
}

static void
rotate(struct fl_forward *f, float *x, size_t heads)
{
	size_t dim = (size_t)f->m->config.head_dim;

	for (size_t i = 0; i < f->spans; i++)
		fl_rope(x + f->span[i].row * heads * dim, f->span[i].length, heads, dim, f->rope,
		    f->span[i].position, f->span[i].length);
	if (!f->spans)
		fl_rope(x, f->rows, heads, dim, f->rope, f->sequences ? 0 : f->depth,
		    f->sequences ? f->rows / f->sequences : f->rows);
}

static void
attention(struct fl_forward *f, int l)
{
	const struct fl_config *c = &f->m->config;
	const struct fl_layer *w = &f->m->layer[l];
	const struct fl_acts *a = &f->acts.layer[l];
	size_t dim = (size_t)c->head_dim, heads = (size_t)c->heads, kv_heads = (size_t)c->kv_heads;

	norm(f, 2 * l, a->norm, a->x, w->attn_norm);
	linear(f, a->q0, a->norm, &w->q, w->q_bias);
	linear(f, a->k0, a->norm, &w->k, w->k_bias);
	linear(f, a->v, a->norm, &w->v, w->v_bias);
	if (w->q_norm) {
		fl_rmsnorm(a->q, a->q0, f->rows * heads, dim, w->q_norm, c->norm_eps);
		fl_rmsnorm(a->k, a->k0, f->rows * kv_heads, dim, w->k_norm, c->norm_eps);
	}
	rotate(f, a->q, heads);
	rotate(f, a->k, kv_heads);
	mix(f, l);
	if (f->hooks.heads)
		f->hooks.heads(f->hooks.ctx, l, a->mix, f->rows);
	linear(f, f->delta, fl_forward_mixed(f, l), &w->o, w->o_bias);
	fl_add(a->mid, a->x, f->delta, f->rows * (size_t)c->width);
	if (f->hooks.attn)
		f->hooks.attn(f->hooks.ctx, l, f->before, a->mid, f->rows);
}

static void
ffn(struct fl_forward *f, int l)
{
	const struct fl_layer *w = &f->m->layer[l];
	const struct fl_acts *a = &f->acts.layer[l];

	norm(f, 2 * l + 1, a->ffn_norm, a->mid, w->ffn_norm);
	linear(f, a->gate, a->ffn_norm, &w->gate, NULL);
	linear(f, a->up, a->ffn_norm, &w->up, NULL);
	fl_swiglu(a->hidden, a->gate, a->up, f->rows * (size_t)f->m->config.ffn);
	if (f->hooks.ffn)
		f->hooks.ffn(f->hooks.ctx, l, a->hidden, f->rows);
	round_inputs(f, a->hidden, (size_t)f->m->config.ffn);
	linear(f, f->delta, a->hidden, &w->down, NULL);
	fl_add(a[1].x, a->mid, f->delta, f->rows * (size_t)f->m->config.width);
}

void
fl_forward_layer(struct fl_forward *f, int l)
{
	if (f->m->config.pattern[l] != 's')
		attention(f, l);
	ffn(f, l);
}

static void
run_layers(struct fl_forward *f)
{
	const struct fl_config *c = &f->m->config;
	const struct fl_acts *a = f->acts.layer;
	size_t size = f->rows * (size_t)c->width * sizeof *a->x;

	for (int l = 0; l < c->layers; l++) {
		if (f->before)
			memcpy(f->before, a[l].x, size);
		fl_forward_layer(f, l);
		if (f->hooks.layer)
			f->hooks.layer(f->hooks.ctx, l, f->before, a[l + 1].x, f->rows);
	}
	norm(f, 2 * c->layers, a[c->layers].norm, a[c->layers].x, f->m->final_norm);
}

/* --- tokens in --- */

static int
check_ids(const struct fl_forward *f, const uint32_t *ids, size_t n, struct fl_err *err)
{
	for (size_t i = 0; i < n; i++)
		if (ids[i] >= (uint32_t)f->m->config.vocab)
			return fl_err_data(err, "'%s': token %zu is %u, beyond the model's vocabulary of %d",
			    fl_model_name(f->m), i, ids[i], f->m->config.vocab);
	return 0;
}

static void
embed(struct fl_forward *f, const uint32_t *ids, size_t sequences, size_t n)
{
	float *x = f->acts.layer[0].x;

	f->rows = n;
	f->sequences = sequences;
	for (size_t i = 0; i < n; i++)
		fl_matrix_rows_f32(&f->m->embed, ids[i], 1, x + i * (size_t)f->m->config.width);
}

int
fl_forward_batch(struct fl_forward *f, const uint32_t *ids, size_t sequences, size_t length,
    struct fl_err *err)
{
	return fl_forward_batch_of(f, ids, NULL, sequences, length, err);
}

int
fl_forward_batch_of(struct fl_forward *f, const uint32_t *ids, const uint32_t *begin, size_t sequences,
    size_t length, struct fl_err *err)
{
	if (sequences * length > f->capacity || sequences * length == 0 || f->depth)
		fl_bug("%zu sequences of %zu", sequences, length);
	if (check_ids(f, ids, sequences * length, err) < 0)
		return -1;
	f->begin = begin;
	embed(f, ids, sequences, sequences * length);
	run_layers(f);
	return 0;
}

int
fl_forward_append(struct fl_forward *f, const uint32_t *ids, size_t n, struct fl_err *err)
{
	if (n == 0 || n > f->positions - f->depth)
		fl_bug("%zu tokens after %zu of %zu", n, f->depth, f->positions);
	if (check_ids(f, ids, n, err) < 0)
		return -1;
	for (size_t at = 0; at < n; at += f->rows) {
		embed(f, ids + at, 0, n - at < f->capacity ? n - at : f->capacity);
		run_layers(f);
		f->depth += f->rows;
	}
	return 0;
}

/* The rows of spans, and what each follows. */
static size_t
lay_out(struct fl_forward *f, const struct fl_span *spans, size_t n)
{
	size_t rows = 0;

	f->span = fl_grow(f->span, &f->span_cap, n, sizeof *f->span);
	f->attention = fl_grow(f->attention, &f->attention_cap, n, sizeof *f->attention);
	for (size_t i = 0; i < n; i++) {
		struct fl_forward_span *s = &f->span[i], *after = NULL;

		if (spans[i].after != FL_NO_SPAN)
			after = &f->span[spans[i].after];
		if (spans[i].length == 0 || (after && (after >= s || after->after)))
			fl_bug("span %zu of %zu tokens after %zu", i, spans[i].length, spans[i].after);
		*s = (struct fl_forward_span){ rows, after ? after->position + after->length : f->depth, spans[i].length,
			after };
		rows += s->length;
	}
	return rows;
}

int
fl_forward_spans(struct fl_forward *f, const uint32_t *ids, const struct fl_span *spans, size_t n,
    struct fl_err *err)
{
	size_t rows = lay_out(f, spans, n);

	if (rows == 0 || rows > f->capacity)
		fl_bug("%zu spans of %zu tokens", n, rows);
	if (check_ids(f, ids, rows, err) < 0)
		return -1;
	embed(f, ids, 0, rows);
	f->spans = n;
	run_layers(f);
	f->spans = 0;
	return 0;
}

static float *
final_norm(const struct fl_forward *f)
{
	return f->acts.layer[f->m->config.layers].norm;
}

void
fl_forward_keep(struct fl_forward *f, const size_t *rows, size_t n)
{
	size_t width = (size_t)f->m->config.width;
	float *norm = final_norm(f);

	for (size_t i = 0; i < n; i++)
		if (rows[i] != i)
			memcpy(norm + i * width, norm + rows[i] * width, width * sizeof *norm);
	f->rows = n;
}

/* --- logits out --- */

const float *
fl_forward_last(struct fl_forward *f)
{
	const float *row = final_norm(f) + (f->rows - 1) * (size_t)f->m->config.width;

	fl_gemm(f->last, row, 1, &f->m->head, f->scratch);
	return f->last;
}

size_t
fl_forward_block(const struct fl_forward *f)
{
	size_t block = LOGITS / (size_t)f->m->config.vocab + 1;

	return block < f->capacity ? block : f->capacity;
}

void
fl_forward_logits_of(struct fl_forward *f, size_t first, size_t n, float *out)
{
	product(f, out, final_norm(f) + first * (size_t)f->m->config.width, n, &f->m->head);
}

void
fl_forward_logits(struct fl_forward *f,
    void (*see)(void *ctx, size_t first, size_t n, float *logits), void *ctx)
{
	size_t block = fl_forward_block(f);

	if (!f->logits)
		f->logits = floats(block, (size_t)f->m->config.vocab, "the logits");
	for (size_t at = 0; at < f->rows; at += block) {
		size_t n = f->rows - at < block ? f->rows - at : block;

		fl_forward_logits_of(f, at, n, f->logits);
		see(ctx, at, n, f->logits);
	}
}
