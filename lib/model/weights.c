/* SPDX-License-Identifier: Apache-2.0 */
#include "model/weights.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "compute/panels.h"
#include "model/init.h"
#include "model/roles.h"

static const char *const kept[] = { "tokenizer.json", "tokenizer.model", "vocab.json", "merges.txt",
	"tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "generation_config.json",
	"chat_template.jinja" };
enum { KEPT = sizeof kept / sizeof *kept, PIECE = 1 << 20, RUN = 1 << 16 };

struct fl_model_private {
	struct fl_reader *reader; /* where weights are used from its mapping */
	char *name, *history, *digest;
	struct {
		char *data;
		size_t size;
	} member[KEPT];
	void **block; /* weights of our own */
	size_t blocks, cap;
};

static void *
new_block(struct fl_model *m, size_t size)
{
	struct fl_model_private *own = m->own;

	own->block = fl_grow(own->block, &own->cap, own->blocks + 1, sizeof *own->block);
	return own->block[own->blocks++] = fl_alloc_aligned(size, 1, "the weights");
}

static struct fl_model *
new_model(const char *name)
{
	struct fl_model *m = fl_alloc(1, sizeof *m);

	m->own = fl_alloc(1, sizeof *m->own);
	m->own->name = fl_strdup(name);
	return m;
}

void
fl_model_free(struct fl_model *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->own->blocks; i++)
		free(m->own->block[i]);
	for (size_t i = 0; i < KEPT; i++)
		free(m->own->member[i].data);
	fl_reader_close(m->own->reader);
	free(m->own->block);
	free(m->own->name);
	free(m->own->history);
	free(m->own->digest);
	free(m->own);
	free(m->layer);
	fl_config_free(&m->config);
	free(m);
}

/* --- from the list of tensors to the members of the model --- */

static struct fl_matrix *
matrix_of(struct fl_model *m, enum fl_role role, int layer)
{
	struct fl_layer *l = layer >= 0 ? &m->layer[layer] : NULL;

	switch (role) {
	case FL_EMBED: return &m->embed;
	case FL_HEAD: return &m->head;
	case FL_Q: return &l->q;
	case FL_K: return &l->k;
	case FL_V: return &l->v;
	case FL_O: return &l->o;
	case FL_GATE: return &l->gate;
	case FL_UP: return &l->up;
	case FL_DOWN: return &l->down;
	default: fl_bug("role %d has no matrix", (int)role);
	}
}

static float **
vector_of(struct fl_model *m, enum fl_role role, int layer)
{
	struct fl_layer *l = layer >= 0 ? &m->layer[layer] : NULL;

	switch (role) {
	case FL_ATTN_NORM: return &l->attn_norm;
	case FL_FFN_NORM: return &l->ffn_norm;
	case FL_Q_NORM: return &l->q_norm;
	case FL_K_NORM: return &l->k_norm;
	case FL_Q_BIAS: return &l->q_bias;
	case FL_K_BIAS: return &l->k_bias;
	case FL_V_BIAS: return &l->v_bias;
	case FL_O_BIAS: return &l->o_bias;
	case FL_FINAL_NORM: return &m->final_norm;
	default: fl_bug("role %d has no vector", (int)role);
	}
}

static enum fl_matrix_kind
kind_of(const struct fl_config *c, const struct fl_weight *w, enum fl_dtype t)
{
	int bits = fl_weight_bits(c, w->role, w->layer);

	if (bits)
		return bits == 4 ? FL_MATRIX_INT4 : FL_MATRIX_INT8;
	return t == FL_F32 ? FL_MATRIX_F32 : t == FL_F16 ? FL_MATRIX_F16 : FL_MATRIX_BF16;
}

/* Scales [rows, groups] as they are stored, for groups of FL_MATRIX_GROUP. */
static const void *
scales_of(struct fl_model *m, const void *data, size_t rows, size_t groups, size_t cols)
{
	size_t times = cols / FL_MATRIX_GROUP / groups;
	uint16_t *to;

	if (times == 1)
		return data;
	to = new_block(m, rows * groups * times * sizeof *to);
	fl_matrix_repeat_scales(to, data, rows * groups, times);
	return to;
}

/* Gives the tensor w, stored as dtype at data, its place. */
static int
place(struct fl_model *m, const struct fl_weight *w, enum fl_dtype dtype, const void *data,
    struct fl_err *err)
{
	const struct fl_role_info *info = &fl_roles[w->role];
	uint64_t rows = fl_axis_size(&m->config, info->rows), cols = fl_axis_size(&m->config, info->cols);
	int64_t shape[2];
	struct fl_matrix *x;

	if (!fl_role_is_matrix(w->role)) {
		float *v = *vector_of(m, w->role, w->layer) = new_block(m, cols * sizeof *v);

		fl_dtype_to_f32(v, data, dtype, cols);
		m->bytes += cols * sizeof *v;
		return 0;
	}
	x = matrix_of(m, w->role, w->layer);
	switch (w->part) {
	case FL_PART_WEIGHT:
	case FL_PART_PACKED:
		x->kind = kind_of(&m->config, w, dtype);
		x->rows = rows;
		x->cols = cols;
		x->data = data;
		m->bytes += fl_matrix_size(x); /* scales are added as they come */
		return 0;
	case FL_PART_SCALE:
		x->scales = scales_of(m, data, rows, cols / fl_weight_group(&m->config, w->role), cols);
		m->bytes += rows * cols / FL_MATRIX_GROUP * sizeof(uint16_t);
		return 0;
	case FL_PART_SHAPE:
		memcpy(shape, data, sizeof shape);
		if (shape[0] != (int64_t)rows || shape[1] != (int64_t)cols)
			return fl_err_data(err, "'%s': tensor '%s' says [%lld, %lld] where config.json "
			    "implies [%llu, %llu]", m->own->name, w->tensor.name, (long long)shape[0],
			    (long long)shape[1], (unsigned long long)rows, (unsigned long long)cols);
		return 0;
	}
	fl_bug("part %d", (int)w->part);
}

static void
finish(struct fl_model *m)
{
	if (m->config.tied)
		m->head = m->embed;
}

/* --- from a checkpoint --- */

static void
keep_member(struct fl_model *m, const struct fl_item *item)
{
	for (size_t i = 0; i < KEPT; i++)
		if (strcmp(item->name, kept[i]) == 0) {
			free(m->own->member[i].data);
			m->own->member[i].data = fl_strndup(item->data, item->size);
			m->own->member[i].size = item->size;
		}
}

/* The bytes of the current tensor: in the mapping, or copied. */
static const void *
tensor_bytes(struct fl_model *m, struct fl_reader *r, const struct fl_tensor *t, struct fl_err *err)
{
	char *to;

	if (fl_reader_mapped(r))
		return fl_reader_take(r, t->size, err);
	to = new_block(m, t->size);
	for (size_t at = 0; at < t->size; at += PIECE) {
		size_t n = t->size - at < PIECE ? t->size - at : PIECE;
		const void *from = fl_reader_take(r, n, err);

		if (!from)
			return NULL;
		memcpy(to + at, from, n);
	}
	return to;
}

static int
load_tensor(struct fl_model *m, struct fl_reader *r, struct fl_inventory *inv,
    const struct fl_tensor *t, struct fl_err *err)
{
	const void *data;
	size_t i;
	int ours = fl_inventory_tick(inv, t, &i, err);

	if (ours <= 0)
		return ours;
	data = tensor_bytes(m, r, t, err);
	return data ? place(m, &inv->weight[i], t->dtype, data, err) : -1;
}

static int
load(struct fl_model *m, struct fl_reader *r, struct fl_inventory *inv, struct fl_err *err)
{
	struct fl_item item;
	int got, bad = 0;

	while (!bad && (got = fl_reader_next(r, &item, err)) != 0) {
		if (got < 0)
			return -1;
		if (item.kind == FL_ITEM_MEMBER)
			keep_member(m, &item);
		else if (item.kind == FL_ITEM_TENSOR)
			bad = load_tensor(m, r, inv, item.tensor, err);
	}
	return bad ? -1 : fl_inventory_done(inv, r, err);
}

struct fl_model *
fl_model_load(struct fl_reader *r, struct fl_err *err)
{
	struct fl_model *m = new_model(fl_reader_name(r));
	struct fl_inventory *inv = NULL;
	int bad = fl_config_parse(&m->config, fl_reader_config(r), m->own->name, err);

	m->own->reader = r;
	if (!bad) {
		m->layer = fl_alloc((size_t)m->config.layers, sizeof *m->layer);
		inv = fl_inventory_new(&m->config, m->own->name);
		bad = load(m, r, inv, err);
	}
	fl_inventory_free(inv);
	if (bad) {
		fl_model_free(m);
		return NULL;
	}
	finish(m);
	m->own->history = fl_strdup(fl_reader_history(r));
	m->own->digest = fl_strdup(fl_reader_digest(r));
	if (!fl_reader_mapped(r)) {
		fl_reader_close(r);
		m->own->reader = NULL;
	}
	return m;
}

struct fl_model *
fl_model_open(const char *path, struct fl_err *err)
{
	struct fl_reader *r = fl_reader_open(path, err);

	return r ? fl_model_load(r, err) : NULL;
}

/* --- from a configuration --- */

struct fill {
	const struct fl_weight *w;
	int seed;
	char *to;
};

/* Values of any size would do; these keep activations in a usual range. */
static void
fill_run(void *ctx, size_t tile, int thread)
{
	const struct fill *f = ctx;
	const struct fl_tensor *t = &f->w->tensor;
	size_t size = fl_dtype_size(t->dtype), at = tile * RUN, all = t->size / size;
	size_t n = all - at < RUN ? all - at : RUN;
	struct fl_rng r = fl_rng_new((uint64_t)f->seed, tile);
	const uint16_t scale = fl_f32_to_bf16(1 / 256.f);
	float value[RUN];

	(void)thread;
	if (f->w->part == FL_PART_WEIGHT) {
		fl_init_values(f->w, f->seed, 0.02f, at, n, value);
		fl_dtype_from_f32(f->to + at * size, t->dtype, value, n);
		return;
	}
	for (size_t i = at; i < at + n; i++) {
		uint32_t word = (uint32_t)fl_rng_u64(&r);

		memcpy(f->to + i * size, f->w->part == FL_PART_SCALE ? (const void *)&scale : &word, size);
	}
}

struct fl_model *
fl_model_random(const struct fl_config *c, int seed)
{
	struct fl_model *m = new_model("random weights");
	struct fl_inventory *inv = fl_inventory_new(c, m->own->name);
	struct fl_err err = { 0 };

	fl_config_copy(&m->config, c);
	m->layer = fl_alloc((size_t)c->layers, sizeof *m->layer);
	for (size_t i = 0; i < inv->n; i++) {
		const struct fl_weight *w = &inv->weight[i];
		struct fill f = { w, seed, NULL };

		if (w->part == FL_PART_SHAPE)
			continue;
		f.to = new_block(m, w->tensor.size);
		fl_parallel((w->tensor.size / fl_dtype_size(w->tensor.dtype) + RUN - 1) / RUN, fill_run, &f);
		if (place(m, w, w->tensor.dtype, f.to, &err) < 0)
			fl_bug("'%s' has no place: %s", w->tensor.name, err.text);
	}
	fl_inventory_free(inv);
	finish(m);
	return m;
}

/* --- over floats of the caller --- */

struct fl_model *
fl_model_f32(const struct fl_config *c, float *w)
{
	struct fl_model *m = new_model("trained weights");
	struct fl_inventory *inv = fl_inventory_new(c, m->own->name);

	fl_config_copy(&m->config, c);
	m->layer = fl_alloc((size_t)c->layers, sizeof *m->layer);
	for (size_t i = 0; i < inv->n; i++) {
		const struct fl_weight *x = &inv->weight[i];
		size_t cols = fl_axis_size(c, fl_roles[x->role].cols), rows = 1;

		if (fl_role_is_matrix(x->role)) {
			rows = fl_axis_size(c, fl_roles[x->role].rows);
			*matrix_of(m, x->role, x->layer) = (struct fl_matrix){ FL_MATRIX_F32, rows, cols, w, NULL };
		} else {
			*vector_of(m, x->role, x->layer) = w;
		}
		w += rows * cols;
		m->bytes += rows * cols * sizeof *w;
	}
	fl_inventory_free(inv);
	finish(m);
	return m;
}

/* --- in panels --- */

/* Bytes at p are done with: a block of our own, or pages of the checkpoint. */
static void
let_go(struct fl_model *m, const void *p, size_t size)
{
	struct fl_model_private *own = m->own;

	for (size_t i = 0; i < own->blocks; i++)
		if (own->block[i] == p) {
			free(own->block[i]);
			own->block[i] = NULL;
			return;
		}
	fl_pages_done(p, size);
}

/* Puts w at `to` if it is quantized; returns how much of `to` that takes. to NULL: only says so. */
static size_t
pack(struct fl_model *m, struct fl_matrix *w, char *to)
{
	struct fl_matrix from = *w;

	if (w->kind != FL_MATRIX_INT4 && w->kind != FL_MATRIX_INT8)
		return 0;
	if (to) {
		*w = fl_panels_pack(&from, to);
		let_go(m, from.data, from.rows * fl_matrix_row_size(&from));
		let_go(m, from.scales, from.rows * from.cols / FL_MATRIX_GROUP * sizeof(uint16_t));
	}
	return (fl_panels_size(&from) + 63) / 64 * 64;
}

static size_t
pack_all(struct fl_model *m, char *to)
{
	size_t size = pack(m, &m->head, to);

	for (int i = 0; i < m->config.layers; i++) {
		struct fl_layer *l = &m->layer[i];
		struct fl_matrix *w[] = { &l->q, &l->k, &l->v, &l->o, &l->gate, &l->up, &l->down };

		for (size_t k = 0; k < sizeof w / sizeof *w; k++)
			size += pack(m, w[k], to ? to + size : NULL);
	}
	return size;
}

void
fl_model_pack(struct fl_model *m)
{
	struct fl_model_private *own = m->own;
	size_t size = pack_all(m, NULL);

	if (size == 0)
		return;
	own->block = fl_grow(own->block, &own->cap, own->blocks + 1, sizeof *own->block);
	own->block[own->blocks] = fl_alloc_large(size, "the weights");
	pack_all(m, own->block[own->blocks++]);
	if (m->config.tied)
		m->embed = m->head;
}

/* --- what else is known --- */

const char *
fl_model_member(const struct fl_model *m, const char *name, size_t *size)
{
	for (size_t i = 0; i < KEPT; i++)
		if (strcmp(name, kept[i]) == 0 && m->own->member[i].data) {
			if (size)
				*size = m->own->member[i].size;
			return m->own->member[i].data;
		}
	return NULL;
}

bool
fl_model_member_at(const struct fl_model *m, size_t i, const char **name, const char **data, size_t *size)
{
	if (i >= KEPT)
		return false;
	*name = kept[i];
	*data = m->own->member[i].data;
	*size = m->own->member[i].size;
	return true;
}

const char *
fl_model_history(const struct fl_model *m)
{
	return m->own->history;
}

const char *
fl_model_digest(const struct fl_model *m)
{
	return m->own->digest;
}

const char *
fl_model_name(const struct fl_model *m)
{
	return m->own->name;
}
