/* SPDX-License-Identifier: Apache-2.0 */
#include "model/forward.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "compute/activation.h"
#include "compute/attention.h"
#include "compute/gemm.h"
#include "compute/kv.h"
#include "compute/norm.h"
#include "compute/rope.h"

/* R rows, D width, F ffn, H heads, G key/value heads, E head_dim. */

/* A span of the current call: the rows and positions of its tokens. */
struct span {
	size_t row, position, length;
	const struct span *after; /* NULL: none of this call */
};

struct fl_forward {
	const struct fl_model *m;
	struct fl_hooks hooks;
	size_t capacity, positions; /* as given to fl_forward_new() */
	size_t rows;		    /* of the last call */
	size_t depth;
	uint64_t cache_bytes;

	float *x;      /* [R, D] the residual stream */
	float *before; /* [R, D] a copy of it, for hooks that compare; else NULL */
	float *norm;   /* [R, D] a norm's output, then what is added to x; at the end the final norm's */
	float *q;      /* [R, H E] queries, then the heads' results */
	float *k, *v;  /* [R, G E] */
	float *gate, *up; /* [R, F] */
	float *last;	  /* [vocab] */
	float *logits;	  /* [block, vocab], made when asked for */
	float *rope;
	struct fl_kv *cache; /* [layers] */
	struct span *span; /* [spans]; none in the other ways of working */
	struct fl_attention *attention; /* [spans] */
	size_t spans, span_cap, attention_cap;
	struct fl_scratch *scratch;
};

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

struct fl_forward *
fl_forward_new(const struct fl_model *m, size_t rows, size_t positions, const struct fl_hooks *hooks)
{
	const struct fl_config *c = &m->config;
	struct fl_forward *f = fl_alloc(1, sizeof *f);
	size_t dim = (size_t)c->head_dim, width = (size_t)c->width, ffn = (size_t)c->ffn;

	f->m = m;
	f->capacity = rows;
	f->positions = positions;
	if (hooks)
		f->hooks = *hooks;
	f->x = floats(rows, width, "the activations");
	if (f->hooks.layer || f->hooks.attn)
		f->before = floats(rows, width, "the activations");
	f->norm = floats(rows, width, "the activations");
	f->q = floats(rows, (size_t)c->heads * dim, "the activations");
	f->k = floats(rows, (size_t)c->kv_heads * dim, "the activations");
	f->v = floats(rows, (size_t)c->kv_heads * dim, "the activations");
	f->gate = floats(rows, ffn, "the activations");
	f->up = floats(rows, ffn, "the activations");
	f->last = floats(1, (size_t)c->vocab, "the logits");
	f->scratch = fl_scratch_new();
	make_rope(f);
	if (positions)
		make_cache(f);
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
	free(f->x);
	free(f->before);
	free(f->norm);
	free(f->q);
	free(f->k);
	free(f->v);
	free(f->gate);
	free(f->up);
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
linear(struct fl_forward *f, float *out, const float *in, const struct fl_matrix *w, const float *bias)
{
	fl_gemm(out, in, f->rows, w, f->scratch);
	if (bias)
		fl_add_rows(out, bias, f->rows, w->rows);
}

static void
norm(struct fl_forward *f, int site, const float *weight)
{
	size_t width = (size_t)f->m->config.width;

	fl_rmsnorm(f->norm, f->x, f->rows, width, weight, f->m->config.norm_eps);
	if (f->hooks.norm)
		f->hooks.norm(f->hooks.ctx, site, f->x, f->norm, f->rows);
}

static void
add_to_stream(struct fl_forward *f)
{
	fl_add(f->x, f->norm, f->rows * (size_t)f->m->config.width);
}

/* Attention of layer l, but for where its keys are. */
static struct fl_attention
heads_of(const struct fl_forward *f, int l)
{
	const struct fl_config *c = &f->m->config;
	size_t dim = (size_t)c->head_dim, heads = (size_t)c->kv_heads;

	return (struct fl_attention){ .sequences = 1, .heads = (size_t)c->heads, .kv_heads = heads, .dim = dim,
		.window = window_of(f, l), .q = f->q, .k = f->k, .v = f->v,
		.kv_row = heads * dim, .kv_head = dim, .out = f->q };
}

/* One span: its own keys, before them those of the span it follows, before them the cached ones. */
static struct fl_attention
mix_span(const struct fl_forward *f, int l, const struct span *s)
{
	struct fl_attention a = heads_of(f, l);
	size_t queries = a.heads * a.dim;

	a.queries = s->length;
	a.past = a.first = s->position;
	a.q += s->row * queries, a.out += s->row * queries;
	a.k += s->row * a.kv_row, a.v += s->row * a.kv_row;
	if (f->depth)
		a.shared[a.shareds++] = fl_kv_keys(&f->cache[l]);
	if (s->after)
		a.shared[a.shareds++] = (struct fl_keys){ f->k + s->after->row * a.kv_row,
			f->v + s->after->row * a.kv_row, s->after->position, a.kv_row, a.kv_head };
	return a;
}

static void
mix_spans(struct fl_forward *f, int l)
{
	for (size_t i = 0; i < f->spans; i++)
		f->attention[i] = mix_span(f, l, &f->span[i]);
	fl_attention_all(f->attention, f->spans, f->scratch);
}

/* Of `sequences` sequences, or of the cached one (0), whose first row is at f->depth. */
static void
mix(struct fl_forward *f, int l, size_t sequences)
{
	struct fl_attention a = heads_of(f, l);

	if (sequences) {
		a.sequences = sequences;
		a.queries = f->rows / sequences;
		a.kv_sequence = a.queries * a.kv_row;
	} else {
		struct fl_keys keys;

		fl_kv_append(&f->cache[l], f->k, f->v, f->rows, a.window);
		keys = fl_kv_keys(&f->cache[l]);
		a.queries = f->rows;
		a.past = f->depth, a.first = keys.first;
		a.k = keys.k, a.v = keys.v;
		a.kv_row = keys.row, a.kv_head = keys.head;
	}
	fl_attention(&a, f->scratch);
}

static void
rotate(struct fl_forward *f, float *x, size_t heads, size_t sequences)
{
	size_t dim = (size_t)f->m->config.head_dim;

	for (size_t i = 0; i < f->spans; i++)
		fl_rope(x + f->span[i].row * heads * dim, f->span[i].length, heads, dim, f->rope,
		    f->span[i].position, f->span[i].length);
	if (!f->spans)
		fl_rope(x, f->rows, heads, dim, f->rope, sequences ? 0 : f->depth,
		    sequences ? f->rows / sequences : f->rows);
}

static void
attention(struct fl_forward *f, int l, size_t sequences)
{
	const struct fl_config *c = &f->m->config;
	const struct fl_layer *w = &f->m->layer[l];
	size_t dim = (size_t)c->head_dim, heads = (size_t)c->heads, kv_heads = (size_t)c->kv_heads;

	norm(f, 2 * l, w->attn_norm);
	linear(f, f->q, f->norm, &w->q, w->q_bias);
	linear(f, f->k, f->norm, &w->k, w->k_bias);
	linear(f, f->v, f->norm, &w->v, w->v_bias);
	if (w->q_norm) {
		fl_rmsnorm(f->q, f->q, f->rows * heads, dim, w->q_norm, c->norm_eps);
		fl_rmsnorm(f->k, f->k, f->rows * kv_heads, dim, w->k_norm, c->norm_eps);
	}
	rotate(f, f->q, heads, sequences);
	rotate(f, f->k, kv_heads, sequences);
	if (f->spans)
		mix_spans(f, l);
	else
		mix(f, l, sequences);
	if (f->hooks.heads)
		f->hooks.heads(f->hooks.ctx, l, f->q, f->rows);
	linear(f, f->norm, f->q, &w->o, w->o_bias);
	add_to_stream(f);
	if (f->hooks.attn)
		f->hooks.attn(f->hooks.ctx, l, f->before, f->x, f->rows);
}

static void
ffn(struct fl_forward *f, int l)
{
	const struct fl_layer *w = &f->m->layer[l];

	norm(f, 2 * l + 1, w->ffn_norm);
	linear(f, f->gate, f->norm, &w->gate, NULL);
	linear(f, f->up, f->norm, &w->up, NULL);
	fl_swiglu(f->gate, f->up, f->rows * (size_t)f->m->config.ffn);
	if (f->hooks.ffn)
		f->hooks.ffn(f->hooks.ctx, l, f->gate, f->rows);
	linear(f, f->norm, f->gate, &w->down, NULL);
	add_to_stream(f);
}

static void
run_layers(struct fl_forward *f, size_t sequences)
{
	const struct fl_config *c = &f->m->config;
	size_t size = f->rows * (size_t)c->width * sizeof *f->x;

	for (int l = 0; l < c->layers; l++) {
		if (f->before)
			memcpy(f->before, f->x, size);
		if (c->pattern[l] != 's')
			attention(f, l, sequences);
		ffn(f, l);
		if (f->hooks.layer)
			f->hooks.layer(f->hooks.ctx, l, f->before, f->x, f->rows);
	}
	norm(f, 2 * c->layers, f->m->final_norm);
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
embed(struct fl_forward *f, const uint32_t *ids, size_t n)
{
	f->rows = n;
	for (size_t i = 0; i < n; i++)
		fl_matrix_rows_f32(&f->m->embed, ids[i], 1, f->x + i * (size_t)f->m->config.width);
}

int
fl_forward_batch(struct fl_forward *f, const uint32_t *ids, size_t sequences, size_t length,
    struct fl_err *err)
{
	if (sequences * length > f->capacity || sequences * length == 0 || f->depth)
		fl_bug("%zu sequences of %zu", sequences, length);
	if (check_ids(f, ids, sequences * length, err) < 0)
		return -1;
	embed(f, ids, sequences * length);
	run_layers(f, sequences);
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
		embed(f, ids + at, n - at < f->capacity ? n - at : f->capacity);
		run_layers(f, 0);
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
		struct span *s = &f->span[i], *after = NULL;

		if (spans[i].after != FL_NO_SPAN)
			after = &f->span[spans[i].after];
		if (spans[i].length == 0 || (after && (after >= s || after->after)))
			fl_bug("span %zu of %zu tokens after %zu", i, spans[i].length, spans[i].after);
		*s = (struct span){ rows, after ? after->position + after->length : f->depth, spans[i].length,
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
	embed(f, ids, rows);
	f->spans = n;
	run_layers(f, 0);
	f->spans = 0;
	return 0;
}

void
fl_forward_keep(struct fl_forward *f, const size_t *rows, size_t n)
{
	size_t width = (size_t)f->m->config.width;

	for (size_t i = 0; i < n; i++)
		if (rows[i] != i)
			memcpy(f->norm + i * width, f->norm + rows[i] * width, width * sizeof *f->norm);
	f->rows = n;
}

/* --- logits out --- */

const float *
fl_forward_last(struct fl_forward *f)
{
	const float *row = f->norm + (f->rows - 1) * (size_t)f->m->config.width;

	fl_gemm(f->last, row, 1, &f->m->head, f->scratch);
	return f->last;
}

void
fl_forward_logits(struct fl_forward *f,
    void (*see)(void *ctx, size_t first, size_t n, float *logits), void *ctx)
{
	size_t vocab = (size_t)f->m->config.vocab, width = (size_t)f->m->config.width;
	size_t block = LOGITS / vocab + 1;

	if (block > f->capacity)
		block = f->capacity;
	if (!f->logits)
		f->logits = floats(block, vocab, "the logits");
	for (size_t at = 0; at < f->rows; at += block) {
		size_t n = f->rows - at < block ? f->rows - at : block;

		fl_gemm(f->logits, f->norm + at * width, n, &f->m->head, f->scratch);
		see(ctx, at, n, f->logits);
	}
}
