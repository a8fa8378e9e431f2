/* SPDX-License-Identifier: Apache-2.0 */
/* Names and layout are those of Meta's Llama checkpoints: RoPE turns neighbours, so the rows of q and k move
 * within each head. A quantized matrix is its integers, one a byte, and beside it F32 `scales` [rows, groups]; the
 * exporter takes that as final and rounds nothing again. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/dtype.h"
#include "base/progress.h"
#include "base/str.h"
#include "export/executorch_impl.h"
#include "export/pickle.h"
#include "export/zip.h"

enum part { PLAIN, INTEGERS, SCALES };

struct tensor {
	char *name;
	enum part part;
	const struct fl_matrix *m; /* or */
	const float *v;		   /* [n] */
	size_t n;
	size_t head_dim; /* of the heads whose rows move; 0: they stay */
};

struct list {
	struct tensor *v;
	size_t n, cap;
	int layer; /* -1 outside of the layers */
};

/* Listing -------------------------------------------------------------------------------------- */

static struct tensor *
add(struct list *l, const char *name, const char *ending)
{
	struct fl_str s = { 0 };

	if (l->layer >= 0)
		fl_str_printf(&s, "layers.%d.", l->layer);
	fl_str_printf(&s, "%s.%s", name, ending);
	l->v = fl_grow(l->v, &l->cap, l->n + 1, sizeof *l->v);
	l->v[l->n] = (struct tensor){ .name = fl_str_steal(&s) };
	return &l->v[l->n++];
}

static void
add_vector(struct list *l, const char *name, const char *ending, const float *v, size_t n, size_t head_dim)
{
	struct tensor *t;

	if (!v)
		return;
	t = add(l, name, ending);
	t->v = v;
	t->n = n;
	t->head_dim = head_dim;
}

static bool
is_quantized(const struct fl_matrix *m)
{
	return m->kind == FL_MATRIX_INT4 || m->kind == FL_MATRIX_INT8;
}

static void
add_matrix(struct list *l, const char *name, const struct fl_matrix *m, size_t head_dim)
{
	struct tensor *t = add(l, name, "weight");

	t->m = m;
	t->head_dim = head_dim;
	if (!is_quantized(m))
		return;
	t->part = INTEGERS;
	t = add(l, name, "scales");
	*t = (struct tensor){ t->name, SCALES, m, NULL, 0, head_dim };
}

static void
add_attention(struct list *l, const struct fl_config *c, const struct fl_layer *x)
{
	size_t dim = (size_t)c->head_dim;

	add_vector(l, "attention_norm", "weight", x->attn_norm, (size_t)c->width, 0);
	add_matrix(l, "attention.wq", &x->q, dim);
	add_vector(l, "attention.wq", "bias", x->q_bias, x->q.rows, dim);
	add_matrix(l, "attention.wk", &x->k, dim);
	add_vector(l, "attention.wk", "bias", x->k_bias, x->k.rows, dim);
	add_matrix(l, "attention.wv", &x->v, 0);
	add_vector(l, "attention.wv", "bias", x->v_bias, x->v.rows, 0);
	add_matrix(l, "attention.wo", &x->o, 0);
	add_vector(l, "attention.q_norm_fn", "weight", x->q_norm, dim, dim);
	add_vector(l, "attention.k_norm_fn", "weight", x->k_norm, dim, dim);
}

/* The exporter takes the type of the first for that of all: it must be one of floats. */
static void
fill(struct list *l, const struct fl_model *m)
{
	const struct fl_config *c = &m->config;

	l->layer = -1;
	add_vector(l, "norm", "weight", m->final_norm, (size_t)c->width, 0);
	add_matrix(l, "tok_embeddings", &m->embed, 0);
	add_matrix(l, "output", &m->head, 0);
	for (l->layer = 0; l->layer < c->layers; l->layer++) {
		const struct fl_layer *x = &m->layer[l->layer];

		if (c->pattern[l->layer] != 's')
			add_attention(l, c, x);
		add_vector(l, "ffn_norm", "weight", x->ffn_norm, (size_t)c->width, 0);
		add_matrix(l, "feed_forward.w1", &x->gate, 0);
		add_matrix(l, "feed_forward.w2", &x->down, 0);
		add_matrix(l, "feed_forward.w3", &x->up, 0);
	}
}

/* XNNPACK takes no scale below zero. */
static int
check_scales(const struct tensor *t, struct fl_err *err)
{
	size_t n = t->m->rows * (t->m->cols / FL_MATRIX_GROUP);
	const unsigned char *scale = t->m->scales;

	for (size_t i = 0; i < n; i++)
		if (scale[2 * i + 1] & 0x80)
			return fl_err_no(err, "executorch cannot express '%s': a scale is below zero; quantize without --signed",
			    t->name);
	return 0;
}

/* Data ------------------------------------------------------------------------------------------- */

static size_t
rows_of(const struct tensor *t)
{
	return t->m ? t->m->rows : t->n;
}

static size_t
cols_of(const struct tensor *t)
{
	if (!t->m)
		return 1;
	return t->part == SCALES ? t->m->cols / FL_MATRIX_GROUP : t->m->cols;
}

/* Bytes of an element, and the class of its storage. */
static size_t
element(const struct tensor *t, const char **storage)
{
	static const struct {
		size_t size;
		const char *storage;
	} kinds[] = { [FL_MATRIX_F32] = { 4, "FloatStorage" }, [FL_MATRIX_F16] = { 2, "HalfStorage" },
		[FL_MATRIX_BF16] = { 2, "BFloat16Storage" }, [FL_MATRIX_INT8] = { 1, "CharStorage" } };
	enum fl_matrix_kind kind = t->part == INTEGERS ? FL_MATRIX_INT8 : t->part == SCALES || !t->m ? FL_MATRIX_F32 : t->m->kind;

	*storage = kinds[kind].storage;
	return kinds[kind].size;
}

/* Dimensions i and i + D/2 of a head become 2i and 2i + 1. */
static size_t
source_row(const struct tensor *t, size_t row)
{
	size_t at = t->head_dim ? row % t->head_dim : 0;

	return t->head_dim ? row - at + at % 2 * (t->head_dim / 2) + at / 2 : row;
}

static void
unpack(const struct fl_matrix *m, const unsigned char *from, int8_t *to)
{
	for (size_t i = 0; i < m->cols; i++)
		to[i] = m->kind == FL_MATRIX_INT8 ? (int8_t)(from[i] - 128) : (int8_t)((from[i / 2] >> i % 2 * 4 & 15) - 8);
}

static void
fill_row(const struct tensor *t, size_t row, void *to)
{
	const struct fl_matrix *m = t->m;
	size_t from = source_row(t, row);

	if (!m)
		memcpy(to, t->v + from, sizeof *t->v);
	else if (t->part == INTEGERS)
		unpack(m, (const unsigned char *)m->data + from * fl_matrix_row_size(m), to);
	else if (t->part == SCALES)
		fl_dtype_to_f32(to, (const char *)m->scales + from * cols_of(t) * 2, FL_BF16, cols_of(t));
	else
		memcpy(to, (const char *)m->data + from * fl_matrix_row_size(m), fl_matrix_row_size(m));
}

static int
write_tensor(const struct tensor *t, size_t number, struct fl_zip *z, struct fl_err *err)
{
	const char *storage;
	size_t row = cols_of(t) * element(t, &storage), rows = rows_of(t);
	char *room = fl_alloc(row, 1);
	struct fl_str name = { 0 };
	int rc;

	fl_str_printf(&name, "model/data/%zu", number);
	rc = fl_zip_member(z, name.data, (uint64_t)rows * row, 64, err);
	for (size_t i = 0; i < rows && rc == 0; i++) {
		fill_row(t, i, room);
		rc = fl_zip_put(z, room, row, err);
		fl_progress_add(row);
	}
	fl_str_free(&name);
	free(room);
	return rc;
}

/* The file ------------------------------------------------------------------------------------- */

static int
member(struct fl_zip *z, const char *name, const void *data, size_t n, struct fl_err *err)
{
	return fl_zip_member(z, name, n, 64, err) < 0 ? -1 : fl_zip_put(z, data, n, err);
}

static int
write_index(const struct list *l, struct fl_zip *z, struct fl_err *err)
{
	struct fl_pickle p = { 0 };
	const char *storage;
	int rc;

	fl_pickle_begin(&p);
	for (size_t i = 0; i < l->n; i++) {
		const struct tensor *t = &l->v[i];

		element(t, &storage);
		fl_pickle_tensor(&p, t->name, storage, (uint64_t[]){ rows_of(t), cols_of(t) }, t->m ? 2 : 1);
	}
	fl_pickle_end(&p);
	rc = member(z, "model/data.pkl", p.text.data, p.text.len, err);
	fl_pickle_free(&p);
	return rc < 0 ? rc : member(z, "model/byteorder", "little", 6, err);
}

static int
write_all(const struct list *l, struct fl_zip *z, struct fl_err *err)
{
	uint64_t total = 0;
	const char *storage;
	int rc = write_index(l, z, err);

	for (size_t i = 0; i < l->n; i++)
		total += (uint64_t)rows_of(&l->v[i]) * cols_of(&l->v[i]) * element(&l->v[i], &storage);
	fl_progress_begin("writing", "B", total);
	for (size_t i = 0; i < l->n && rc == 0; i++)
		rc = write_tensor(&l->v[i], i, z, err);
	fl_progress_end();
	if (rc == 0)
		rc = member(z, "model/version", "3\n", 2, err);
	return rc < 0 ? rc : fl_zip_end(z, err);
}

int
fl_executorch_weights(const struct fl_model *m, struct fl_output *out, struct fl_err *err)
{
	struct fl_zip *z = fl_zip_new(out);
	struct list l = { 0 };
	int rc = 0;

	fill(&l, m);
	for (size_t i = 0; i < l.n && rc == 0; i++)
		if (l.v[i].part == SCALES)
			rc = check_scales(&l.v[i], err);
	if (rc == 0)
		rc = write_all(&l, z, err);
	for (size_t i = 0; i < l.n; i++)
		free(l.v[i].name);
	free(l.v);
	fl_zip_free(z);
	return rc;
}
