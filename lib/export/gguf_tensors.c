/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/parallel.h"
#include "base/progress.h"
#include "compute/blocks.h"
#include "compute/rope.h"
#include "export/gguf_impl.h"

/* Choosing types ------------------------------------------------------------------------------- */

static bool
is_packed(const struct fl_matrix *m)
{
	return m->kind == FL_MATRIX_INT4 || m->kind == FL_MATRIX_INT8;
}

static const char *
packed_row(const struct fl_matrix *m, size_t row)
{
	return (const char *)m->data + row * fl_matrix_row_size(m);
}

static const char *
scale_row(const struct fl_matrix *m, size_t row)
{
	return (const char *)m->scales + row * (m->cols / FL_MATRIX_GROUP) * 2;
}

/* A row of integers as blocks, nothing rounded; -1 if that cannot be. */
static int
repack_row(const struct fl_matrix *m, size_t row, enum fl_ggml_type type, void *dst)
{
	int bits = m->kind == FL_MATRIX_INT4 ? 4 : 8;

	if (type == FL_GGML_Q8_0)
		return fl_blocks_q8_0_packed(dst, packed_row(m, row), scale_row(m, row), m->cols, bits);
	if (type == FL_GGML_Q4_0 && bits == 4)
		return fl_blocks_q4_0_packed(dst, packed_row(m, row), scale_row(m, row), m->cols);
	return -1;
}

struct repacking {
	const struct fl_matrix *m;
	enum fl_ggml_type type;
	char *room;    /* a row a thread */
	bool *inexact; /* a thread */
};

static void
try_repack(void *ctx, size_t row, int thread)
{
	struct repacking *r = ctx;
	size_t size = fl_ggml_row_size(r->type, r->m->cols);

	if (!r->inexact[thread] && repack_row(r->m, row, r->type, r->room + (size_t)thread * size) < 0)
		r->inexact[thread] = true;
}

static bool
repacks(const struct fl_matrix *m, enum fl_ggml_type type)
{
	size_t threads = (size_t)fl_parallel_threads();
	struct repacking r = { m, type, fl_alloc(threads, fl_ggml_row_size(type, m->cols)),
		fl_alloc(threads, sizeof(bool)) };
	bool exact = true;

	fl_parallel(m->rows, try_repack, &r);
	for (size_t i = 0; i < threads; i++)
		exact = exact && !r.inexact[i];
	free(r.room);
	free(r.inexact);
	return exact;
}

/* As it is stored; integers whose scales are no halves as the f32 that holds them exactly. */
static enum fl_ggml_type
stored_type(const struct fl_matrix *m, const char *name)
{
	enum fl_ggml_type blocks = m->kind == FL_MATRIX_INT4 ? FL_GGML_Q4_0 : FL_GGML_Q8_0;

	switch (m->kind) {
	case FL_MATRIX_F32: return FL_GGML_F32;
	case FL_MATRIX_F16: return FL_GGML_F16;
	case FL_MATRIX_BF16: return FL_GGML_BF16;
	case FL_MATRIX_INT8:
	case FL_MATRIX_INT4:
	case FL_MATRIX_PANELS8:
	case FL_MATRIX_PANELS4: break;
	}
	if (repacks(m, blocks))
		return blocks;
	fl_warn("'%s' is written as f32: its scales are not all exact in f16", name);
	return FL_GGML_F32;
}

static int
choose_type(const struct fl_matrix *m, const char *name, enum fl_export_type want,
    enum fl_ggml_type *type, struct fl_err *err)
{
	static const enum fl_ggml_type types[] = { [FL_EXPORT_F32] = FL_GGML_F32,
		[FL_EXPORT_F16] = FL_GGML_F16, [FL_EXPORT_BF16] = FL_GGML_BF16,
		[FL_EXPORT_Q8_0] = FL_GGML_Q8_0, [FL_EXPORT_Q4_0] = FL_GGML_Q4_0 };

	*type = want == FL_EXPORT_AUTO ? stored_type(m, name) : types[want];
	if (m->cols % fl_ggml_block(*type))
		return fl_err_no(err,
		    "gguf cannot express '%s' as %s: its rows are %zu long, no multiple of %u", name,
		    fl_export_types[want], m->cols, fl_ggml_block(*type));
	return 0;
}

/* Listing -------------------------------------------------------------------------------------- */

struct listing {
	struct fl_gguf_tensors *t;
	const struct fl_model *m;
	const struct fl_gguf_form *f;
	enum fl_export_type type;
	int layer; /* -1 outside of the layers */
	struct fl_err *err;
};

static struct fl_gguf_tensor *
add_ending(struct listing *l, const char *name, const char *ending, size_t cols, size_t rows)
{
	struct fl_gguf_tensors *t = l->t;
	struct fl_gguf_tensor *new;

	t->v = fl_grow(t->v, &t->cap, t->n + 1, sizeof *t->v);
	new = &t->v[t->n++];
	*new = (struct fl_gguf_tensor){ .type = FL_GGML_F32, .cols = cols, .rows = rows };
	if (l->layer < 0)
		snprintf(new->name, sizeof new->name, "%s.%s", name, ending);
	else
		snprintf(new->name, sizeof new->name, "blk.%d.%s.%s", l->layer, name, ending);
	return new;
}

static struct fl_gguf_tensor *
add(struct listing *l, const char *name, size_t cols, size_t rows)
{
	return add_ending(l, name, "weight", cols, rows);
}

static void
add_vector(struct listing *l, const char *name, const float *v, int n)
{
	add(l, name, (size_t)n, 0)->vector = v;
}

static void
add_constant(struct listing *l, const char *name, float value, int n)
{
	add(l, name, (size_t)n, 0)->fill = value;
}

static int
add_matrix(struct listing *l, const char *name, const struct fl_matrix *m)
{
	struct fl_gguf_tensor *t = add(l, name, m->cols, m->rows);

	t->from = m;
	return choose_type(m, t->name, l->type, &t->type, l->err);
}

/* A matrix and its bias, if it has one; head_dim: of the heads whose rows may move, 0: none. */
static int
add_biased(struct listing *l, const char *name, const struct fl_matrix *m, const float *bias,
    int head_dim)
{
	int moving = l->f->neighbours ? head_dim : 0;

	if (add_matrix(l, name, m) < 0)
		return -1;
	l->t->v[l->t->n - 1].head_dim = moving;
	if (bias) {
		struct fl_gguf_tensor *t = add_ending(l, name, "bias", m->rows, 0);

		t->vector = bias;
		t->head_dim = moving;
	}
	return 0;
}

/* Zeros are exact in every type, and a product with them costs what its bytes do. */
static void
add_zeros(struct listing *l, const char *name, int cols, int rows)
{
	add(l, name, (size_t)cols, (size_t)rows)->type = cols % FL_BLOCK ? FL_GGML_F16 : FL_GGML_Q4_0;
}

/* Attention that adds zero, for architectures where none is not possible. */
static void
add_no_attention(struct listing *l)
{
	const struct fl_config *c = &l->m->config;
	int heads = l->f->skip == FL_SKIP_ONE_HEAD ? 1 : c->heads;
	int kv_heads = l->f->skip == FL_SKIP_ONE_HEAD ? 1 : c->kv_heads;

	if (l->f->skip == FL_SKIP_ABSENT && l->layer > 0)
		return;
	add_constant(l, fl_gguf_names[FL_ATTN_NORM], 1, c->width);
	if (l->f->skip == FL_SKIP_ABSENT) {
		add_zeros(l, fl_gguf_names[FL_O], c->width, c->width);
		return;
	}
	add_zeros(l, fl_gguf_names[FL_Q], c->width, heads * c->head_dim);
	add_zeros(l, fl_gguf_names[FL_K], c->width, kv_heads * c->head_dim);
	add_zeros(l, fl_gguf_names[FL_V], c->width, kv_heads * c->head_dim);
	add_zeros(l, fl_gguf_names[FL_O], heads * c->head_dim, c->width);
}

static int
add_attention(struct listing *l, const struct fl_layer *layer)
{
	const struct fl_config *c = &l->m->config;

	add_vector(l, fl_gguf_names[FL_ATTN_NORM], layer->attn_norm, c->width);
	if (add_biased(l, fl_gguf_names[FL_Q], &layer->q, layer->q_bias, c->head_dim) < 0 ||
	    add_biased(l, fl_gguf_names[FL_K], &layer->k, layer->k_bias, c->head_dim) < 0 ||
	    add_biased(l, fl_gguf_names[FL_V], &layer->v, layer->v_bias, 0) < 0 ||
	    add_biased(l, fl_gguf_names[FL_O], &layer->o, layer->o_bias, 0) < 0)
		return -1;
	if (layer->q_norm) {
		add_vector(l, fl_gguf_names[FL_Q_NORM], layer->q_norm, c->head_dim);
		add_vector(l, fl_gguf_names[FL_K_NORM], layer->k_norm, c->head_dim);
	}
	return 0;
}

static int
add_layer(struct listing *l, const struct fl_layer *layer)
{
	const struct fl_config *c = &l->m->config;

	if (c->pattern[l->layer] == 's')
		add_no_attention(l);
	else if (add_attention(l, layer) < 0)
		return -1;
	if (l->f->sinks)
		add_constant(l, "attn_sinks", -1e30f, c->heads);
	add_vector(l, fl_gguf_names[FL_FFN_NORM], layer->ffn_norm, c->width);
	if (add_matrix(l, fl_gguf_names[FL_GATE], &layer->gate) < 0)
		return -1;
	l->t->type = l->t->v[l->t->n - 1].type;
	return add_matrix(l, fl_gguf_names[FL_UP], &layer->up) < 0 ? -1 :
								    add_matrix(l, fl_gguf_names[FL_DOWN], &layer->down);
}

/* What each pair's angle is divided by. */
static float *
rope_divisors(const struct fl_config *c)
{
	const struct fl_rope *r = &c->rope;
	size_t dim = (size_t)c->head_dim, n = dim / 2;
	double *plain = fl_alloc(dim, sizeof *plain), *scaled = plain + n;
	float *divisor = fl_alloc(n, sizeof *divisor);

	fl_rope_frequencies(plain, dim, r->theta);
	memcpy(scaled, plain, n * sizeof *plain);
	fl_rope_llama3(scaled, n, r->factor, r->low, r->high, r->original);
	for (size_t i = 0; i < n; i++)
		divisor[i] = (float)(plain[i] / scaled[i]);
	free(plain);
	return divisor;
}

int
fl_gguf_tensors_plan(struct fl_gguf_tensors *t, const struct fl_model *m,
    const struct fl_gguf_form *f, enum fl_export_type type, struct fl_err *err)
{
	struct listing l = { t, m, f, type, -1, err };
	const struct fl_config *c = &m->config;

	if (add_matrix(&l, fl_gguf_names[FL_EMBED], &m->embed) < 0)
		return -1;
	for (l.layer = 0; l.layer < c->layers; l.layer++)
		if (add_layer(&l, &m->layer[l.layer]) < 0)
			return -1;
	l.layer = -1;
	add_vector(&l, fl_gguf_names[FL_FINAL_NORM], m->final_norm, c->width);
	if ((!c->tied || f->needs_head) && add_matrix(&l, fl_gguf_names[FL_HEAD], &m->head) < 0)
		return -1;
	if (c->rope.kind == FL_ROPE_LLAMA3) {
		t->rope_freqs = rope_divisors(c);
		add_vector(&l, "rope_freqs", t->rope_freqs, c->head_dim / 2);
	}
	return 0;
}

void
fl_gguf_tensors_free(struct fl_gguf_tensors *t)
{
	free(t->v);
	free(t->rope_freqs);
	*t = (struct fl_gguf_tensors){ 0 };
}

/* Writing -------------------------------------------------------------------------------------- */

enum { TILE = 16, BLOCK_BYTES = 4 << 20 };

struct encoding {
	const struct fl_gguf_tensor *t;
	size_t first, rows; /* of the block at hand */
	size_t row_size;
	char *out;   /* the block */
	float *room; /* a row of f32 a thread */
	bool *bad;   /* a thread: some weight does not fit the type */
};

/* Where row i of the file is found: pairs (i, i + D/2) of a head become neighbours (2i, 2i + 1). */
static size_t
source_row(const struct fl_gguf_tensor *t, size_t i)
{
	size_t dim = (size_t)t->head_dim, at;

	if (!dim)
		return i;
	at = i % dim;
	return i - at + at % 2 * (dim / 2) + at / 2;
}

static bool
all_finite(const uint16_t *half, size_t n, uint16_t exponent)
{
	for (size_t i = 0; i < n; i++)
		if ((half[i] & exponent) == exponent)
			return false;
	return true;
}

static int
encode_f32(const float *w, size_t n, enum fl_ggml_type type, void *dst)
{
	switch (type) {
	case FL_GGML_F32: memcpy(dst, w, n * sizeof *w); return 0;
	case FL_GGML_F16: fl_dtype_from_f32(dst, FL_F16, w, n); return all_finite(dst, n, 0x7c00) ? 0 : -1;
	case FL_GGML_BF16: fl_dtype_from_f32(dst, FL_BF16, w, n); return all_finite(dst, n, 0x7f80) ? 0 : -1;
	case FL_GGML_Q8_0: return fl_blocks_q8_0(dst, w, n);
	case FL_GGML_Q4_0: return fl_blocks_q4_0(dst, w, n);
	default: fl_bug("tensor type %d", type);
	}
}

static bool
same_type(enum fl_matrix_kind kind, enum fl_ggml_type type)
{
	return (kind == FL_MATRIX_F32 && type == FL_GGML_F32) ||
	    (kind == FL_MATRIX_F16 && type == FL_GGML_F16) ||
	    (kind == FL_MATRIX_BF16 && type == FL_GGML_BF16);
}

static int
encode_row(const struct encoding *e, size_t row, float *room, char *dst)
{
	const struct fl_matrix *m = e->t->from;
	size_t from = source_row(e->t, row);

	if (!m) {
		memset(dst, 0, e->row_size);
		return 0;
	}
	if (same_type(m->kind, e->t->type)) {
		memcpy(dst, packed_row(m, from), e->row_size);
		return 0;
	}
	if (is_packed(m) && repack_row(m, from, e->t->type, dst) == 0)
		return 0;
	fl_matrix_rows_f32(m, from, 1, room);
	return encode_f32(room, m->cols, e->t->type, dst);
}

static void
encode_tile(void *ctx, size_t tile, int thread)
{
	struct encoding *e = ctx;
	size_t end = (tile + 1) * TILE < e->rows ? (tile + 1) * TILE : e->rows;

	for (size_t i = tile * TILE; i < end; i++)
		if (encode_row(e, e->first + i, e->room + (size_t)thread * e->t->cols,
			e->out + i * e->row_size) < 0)
			e->bad[thread] = true;
}

static int
write_blocks(struct encoding *e, struct fl_gguf *g, struct fl_err *err)
{
	size_t block = BLOCK_BYTES / e->row_size > TILE ? BLOCK_BYTES / e->row_size : TILE;
	int threads = fl_parallel_threads();

	if (block > e->t->rows)
		block = e->t->rows;
	e->out = fl_alloc(block, e->row_size);
	for (e->first = 0; e->first < e->t->rows; e->first += e->rows) {
		e->rows = block < e->t->rows - e->first ? block : e->t->rows - e->first;
		fl_parallel((e->rows + TILE - 1) / TILE, encode_tile, e);
		for (int i = 0; i < threads; i++)
			if (e->bad[i])
				return fl_err_no(err,
				    "gguf cannot express '%s' in the type asked for: a weight is out of its "
				    "range or not finite", e->t->name);
		if (fl_gguf_put(g, e->out, e->rows * e->row_size, err) < 0)
			return -1;
		fl_progress_add(e->rows * e->row_size);
	}
	return 0;
}

static int
write_matrix(const struct fl_gguf_tensor *t, struct fl_gguf *g, struct fl_err *err)
{
	size_t threads = (size_t)fl_parallel_threads();
	struct encoding e = { .t = t, .row_size = fl_ggml_row_size(t->type, t->cols) };
	int rc;

	e.room = fl_alloc(threads * t->cols, sizeof *e.room);
	e.bad = fl_alloc(threads, sizeof *e.bad);
	rc = write_blocks(&e, g, err);
	free(e.out);
	free(e.room);
	free(e.bad);
	return rc;
}

static int
write_vector(const struct fl_gguf_tensor *t, struct fl_gguf *g, struct fl_err *err)
{
	for (uint64_t i = 0; i < t->cols; i++) {
		const float *x = t->vector ? &t->vector[source_row(t, i)] : &t->fill;

		if (fl_gguf_put(g, x, sizeof *x, err) < 0)
			return -1;
	}
	return 0;
}

int
fl_gguf_tensors_write(const struct fl_gguf_tensors *t, struct fl_gguf *g, struct fl_err *err)
{
	uint64_t total = 0;
	int rc = 0;

	for (size_t i = 0; i < t->n; i++)
		total += fl_ggml_row_size(t->v[i].type, t->v[i].cols) * t->v[i].rows;
	fl_progress_begin("writing", "B", total);
	for (size_t i = 0; i < t->n && rc == 0; i++)
		rc = t->v[i].rows ? write_matrix(&t->v[i], g, err) : write_vector(&t->v[i], g, err);
	fl_progress_end();
	return rc;
}
