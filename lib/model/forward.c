/* SPDX-License-Identifier: Apache-2.0 */
#include "model/forward.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "compute/activation.h"
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
	size_t positions = f->positions > f->capacity ? f->positions : f->capacity;
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
	size_t row = (size_t)c->kv_heads * (size_t)c->head_dim;

	f->cache = fl_alloc((size_t)c->layers, sizeof *f->cache);
	for (int l = 0; l < c->layers; l++) {
		struct fl_cache *a = &f->cache[l];
		size_t bounded = 2 * (size_t)c->window + f->capacity;

		if (c->pattern[l] == 's')
			continue;
		a->capacity = f->positions;
		if (c->pattern[l] == 'w' && bounded < a->capacity)
			a->capacity = bounded;
		a->k = floats(a->capacity, row, "the key-value cache");
		a->v = floats(a->capacity, row, "the key-value cache");
		f->cache_bytes += 2 * a->capacity * row * sizeof(float);
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
fl_forward_new_kept(const struct fl_model *m, size_t rows, enum fl_acts_kept kept, bool bf16)
{
	struct fl_forward *f = new_forward(m, rows, 0, NULL, kept);

	f->bf16 = bf16;
	return f;
}

void
fl_forward_free(struct fl_forward *f)
{
	if (!f)
		return;
	for (int l = 0; f->cache && l < f->m->config.layers; l++) {
		free(f->cache[l].k);
		free(f->cache[l].v);
	}
	free(f->cache);
	if (f->delta != f->acts.layer[0].norm)
		free(f->delta);
	fl_acts_free(&f->acts);
	free(f->before);
	free(f->last);
	free(f->logits);
	free(f->rope);
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

static void
linear(struct fl_forward *f, float *out, const float *in, const struct fl_matrix *w)
{
	product(f, out, in, f->rows, w);
}

static void
norm(struct fl_forward *f, int site, float *out, const float *in, const float *weight)
{
	fl_rmsnorm(out, in, f->rows, (size_t)f->m->config.width, weight, f->m->config.norm_eps);
	if (f->hooks.norm)
		f->hooks.norm(f->hooks.ctx, site, in, out, f->rows);
}

/* Makes room for n more positions where a window lets old ones go. */
static void
slide(struct fl_cache *c, size_t n, size_t heads, size_t dim, size_t window)
{
	size_t keep = window - 1 < c->length ? window - 1 : c->length, gone = c->length - keep;

	if (c->length + n <= c->capacity)
		return;
	for (size_t h = 0; h < heads; h++) {
		float *k = c->k + h * c->capacity * dim, *v = c->v + h * c->capacity * dim;

		memmove(k, k + gone * dim, keep * dim * sizeof *k);
		memmove(v, v + gone * dim, keep * dim * sizeof *v);
	}
	c->first += gone;
	c->length = keep;
}

static void
remember(struct fl_forward *f, const struct fl_acts *a, struct fl_cache *c, size_t window)
{
	size_t heads = (size_t)f->m->config.kv_heads, dim = (size_t)f->m->config.head_dim;

	slide(c, f->rows, heads, dim, window);
	for (size_t r = 0; r < f->rows; r++)
		for (size_t h = 0; h < heads; h++) {
			size_t from = (r * heads + h) * dim, to = (h * c->capacity + c->length + r) * dim;

			memcpy(c->k + to, a->k + from, dim * sizeof *a->k);
			memcpy(c->v + to, a->v + from, dim * sizeof *a->v);
		}
	c->length += f->rows;
}

struct fl_attention
fl_forward_attention(const struct fl_forward *f, int l)
{
	const struct fl_config *c = &f->m->config;
	const struct fl_acts *a = &f->acts.layer[l];
	size_t dim = (size_t)c->head_dim, heads = (size_t)c->kv_heads, row = heads * dim;
	size_t queries = f->rows / f->sequences;

	return (struct fl_attention){ .sequences = f->sequences, .queries = queries,
		.heads = (size_t)c->heads, .kv_heads = heads, .dim = dim,
		.window = c->pattern[l] == 'w' ? (size_t)c->window : 0, .q = a->q, .k = a->k, .v = a->v,
		.kv_row = row, .kv_head = dim, .kv_sequence = queries * row, .out = a->mix,
		.lse = a->lse, .begin = f->begin };
}

/* The same of the cached sequence, whose first row is at f->depth. */
static struct fl_attention
cached_attention(struct fl_forward *f, int l)
{
	const struct fl_config *c = &f->m->config;
	const struct fl_acts *a = &f->acts.layer[l];
	struct fl_cache *kv = &f->cache[l];
	size_t dim = (size_t)c->head_dim, window = c->pattern[l] == 'w' ? (size_t)c->window : 0;

	remember(f, a, kv, window);
	return (struct fl_attention){ .sequences = 1, .queries = f->rows, .heads = (size_t)c->heads,
		.kv_heads = (size_t)c->kv_heads, .dim = dim, .window = window, .past = f->depth,
		.first = kv->first, .q = a->q, .k = kv->k, .v = kv->v, .kv_row = dim,
		.kv_head = kv->capacity * dim, .out = a->mix };
}

static void
attention(struct fl_forward *f, int l)
{
	const struct fl_config *c = &f->m->config;
	const struct fl_layer *w = &f->m->layer[l];
	const struct fl_acts *a = &f->acts.layer[l];
	size_t dim = (size_t)c->head_dim, heads = (size_t)c->heads, kv_heads = (size_t)c->kv_heads;
	size_t first = f->sequences ? 0 : f->depth;
	size_t length = f->sequences ? f->rows / f->sequences : f->rows;
	struct fl_attention job;

	norm(f, 2 * l, a->norm, a->x, w->attn_norm);
	linear(f, a->q0, a->norm, &w->q);
	linear(f, a->k0, a->norm, &w->k);
	linear(f, a->v, a->norm, &w->v);
	if (w->q_norm) {
		fl_rmsnorm(a->q, a->q0, f->rows * heads, dim, w->q_norm, c->norm_eps);
		fl_rmsnorm(a->k, a->k0, f->rows * kv_heads, dim, w->k_norm, c->norm_eps);
	}
	fl_rope(a->q, f->rows, heads, dim, f->rope, first, length);
	fl_rope(a->k, f->rows, kv_heads, dim, f->rope, first, length);
	job = f->sequences ? fl_forward_attention(f, l) : cached_attention(f, l);
	fl_attention(&job, f->scratch);
	linear(f, f->delta, a->mix, &w->o);
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
	linear(f, a->gate, a->ffn_norm, &w->gate);
	linear(f, a->up, a->ffn_norm, &w->up);
	fl_swiglu(a->hidden, a->gate, a->up, f->rows * (size_t)f->m->config.ffn);
	if (f->hooks.ffn)
		f->hooks.ffn(f->hooks.ctx, l, a->hidden, f->rows);
	linear(f, f->delta, a->hidden, &w->down);
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

/* --- logits out --- */

static const float *
final_norm(const struct fl_forward *f)
{
	return f->acts.layer[f->m->config.layers].norm;
}

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
