/* SPDX-License-Identifier: Apache-2.0 */
/* gguf_import_tensors.c -- finds the weights in a GGUF file, dequantizes and writes them. Each is some rows of one
 * tensor: of its own, or of q, k and v in one. Rows of a head that llama.cpp has as neighbours, 2i and 2i + 1, go back
 * to i and i + D/2. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/parallel.h"
#include "base/progress.h"
#include "base/size.h"
#include "compute/ggml_dequant.h"
#include "export/gguf_import_impl.h"

enum { TILE = 16, BLOCK_BYTES = 4 << 20 };

/* Dequantizing ----------------------------------------------------------------------------------- */

void
fl_gguf_import_row(const struct fl_gguf_stored *t, uint64_t row, float *dst)
{
	static fl_ggml_dequant *const dequant[] = { [FL_GGML_Q4_0] = fl_ggml_dequant_q4_0,
		[FL_GGML_Q4_1] = fl_ggml_dequant_q4_1, [FL_GGML_Q5_0] = fl_ggml_dequant_q5_0,
		[FL_GGML_Q5_1] = fl_ggml_dequant_q5_1, [FL_GGML_Q8_0] = fl_ggml_dequant_q8_0,
		[FL_GGML_Q2_K] = fl_ggml_dequant_q2_k, [FL_GGML_Q3_K] = fl_ggml_dequant_q3_k,
		[FL_GGML_Q4_K] = fl_ggml_dequant_q4_k, [FL_GGML_Q5_K] = fl_ggml_dequant_q5_k,
		[FL_GGML_Q6_K] = fl_ggml_dequant_q6_k, [FL_GGML_IQ4_NL] = fl_ggml_dequant_iq4_nl,
		[FL_GGML_IQ4_XS] = fl_ggml_dequant_iq4_xs };
	const char *src = (const char *)t->data + row * fl_ggml_row_size(t->type, t->cols);

	switch (t->type) {
	case FL_GGML_F32: memcpy(dst, src, t->cols * sizeof *dst); return;
	case FL_GGML_F16: fl_dtype_to_f32(dst, src, FL_F16, t->cols); return;
	case FL_GGML_BF16: fl_dtype_to_f32(dst, src, FL_BF16, t->cols); return;
	default: dequant[t->type](dst, src, t->cols);
	}
}

float *
fl_gguf_import_vector(const struct fl_gguf_stored *t)
{
	float *x = t->rows == 1 ? fl_alloc(t->cols, sizeof *x) : NULL;

	if (x)
		fl_gguf_import_row(t, 0, x);
	return x;
}

bool
fl_gguf_import_is_zero(const struct fl_gguf_stored *t)
{
	float *x = t->rows ? fl_alloc(t->cols, sizeof *x) : NULL;
	bool zero = true;

	for (uint64_t r = 0; r < t->rows && zero; r++) {
		fl_gguf_import_row(t, r, x);
		for (uint64_t i = 0; i < t->cols && zero; i++)
			zero = x[i] == 0;
	}
	free(x);
	return zero;
}

/* Where weights are ------------------------------------------------------------------------------ */

struct origin {
	const struct fl_gguf_stored *from;
	uint64_t first; /* row, or element of a vector */
	int head_dim;	/* rows (elements) of each head of this size go back; 0: they stay */
};

struct fl_gguf_weights {
	const struct fl_gguf_file *file;
	struct fl_inventory *inventory;
	struct fl_tensor *tensor; /* [inventory->n] as they will be written */
	struct origin *origin;	  /* [inventory->n] */
	bool *used;		  /* [file->tensors] */
};

void
fl_gguf_import_weights_free(struct fl_gguf_weights *w)
{
	if (!w)
		return;
	fl_inventory_free(w->inventory);
	free(w->tensor);
	free(w->origin);
	free(w->used);
	free(w);
}

static void
use(struct fl_gguf_weights *w, const struct fl_gguf_stored *t)
{
	w->used[t - w->file->tensor] = true;
}

/* Returns how many rows come before those of this role in a matrix that holds q, k and v. */
static uint64_t
rows_before(const struct fl_config *c, enum fl_role role)
{
	uint64_t q = fl_axis_size(c, FL_AXIS_Q), kv = fl_axis_size(c, FL_AXIS_KV);

	return role == FL_Q || role == FL_Q_BIAS ? 0 : role == FL_K || role == FL_K_BIAS ? q : q + kv;
}

static bool
is_qkv(enum fl_role role)
{
	return role >= FL_Q && role <= FL_V_BIAS;
}

static bool
is_rotated(enum fl_role role)
{
	return role >= FL_Q && role <= FL_K_BIAS;
}

/* Compares a tensor with the weight it holds, where `rows` are all rows of a fused one. */
static bool
has_shape(const struct fl_gguf_stored *t, const struct fl_tensor *want, uint64_t rows)
{
	return want->ndim == 2 ? t->dims == 2 && t->rows == rows && t->cols == want->shape[1]
			       : t->dims == 1 && t->cols == rows;
}

static const char *
ending(enum fl_role role)
{
	return fl_roles[role].bias ? "bias" : "weight";
}

static int
missing(const struct fl_gguf_source *s, const struct fl_weight *x)
{
	const char *stem = fl_gguf_names[x->role];

	if (x->layer < 0)
		return fl_err_data(s->err, "'%s': tensor '%s.%s' is missing", s->file->name, stem, ending(x->role));
	return fl_err_data(s->err, "'%s': tensor 'blk.%d.%s.%s' is missing", s->file->name, x->layer, stem, ending(x->role));
}

static int
find_origin(const struct fl_gguf_source *s, struct fl_gguf_weights *w, const struct fl_config *c, size_t i)
{
	const struct fl_weight *x = &w->inventory->weight[i];
	struct origin *o = &w->origin[i];
	uint64_t rows = x->tensor.shape[0];

	o->from = fl_gguf_import_tensor(s, x->layer, fl_gguf_names[x->role], ending(x->role));
	if (!o->from && is_qkv(x->role)) {
		o->from = fl_gguf_import_tensor(s, x->layer, FL_GGUF_QKV, ending(x->role));
		o->first = rows_before(c, x->role);
		rows = rows_before(c, FL_V) + fl_axis_size(c, FL_AXIS_KV);
	}
	if (!o->from)
		return missing(s, x);
	if (!has_shape(o->from, &x->tensor, rows))
		return fl_err_data(s->err, "'%s': tensor '%s' has %llu columns and %llu rows, not the shape that the keys imply",
		    s->file->name, o->from->name, (unsigned long long)o->from->cols, (unsigned long long)o->from->rows);
	o->head_dim = s->form->neighbours && is_rotated(x->role) ? c->head_dim : 0;
	use(w, o->from);
	return 0;
}

/* Tensors that say nothing more: a copy of the embedding as the head, RoPE's divisors, attention of layers that
 * have none, and sinks, all of which the configuration was made with. */
static void
use_others(const struct fl_gguf_source *s, struct fl_gguf_weights *w, const struct fl_config *c)
{
	const struct fl_gguf_stored *t;

	if (c->tied && (t = fl_gguf_import_tensor(s, -1, fl_gguf_names[FL_HEAD], "weight")))
		use(w, t);
	if ((t = fl_gguf_import_tensor(s, -1, "rope_freqs", "weight")))
		use(w, t);
	for (int i = 0; i < c->layers; i++) {
		for (enum fl_role r = 0; r < FL_ROLES && c->pattern[i] == 's'; r++)
			if (fl_roles[r].attention && (t = fl_gguf_import_tensor(s, i, fl_gguf_names[r], ending(r))))
				use(w, t);
		if (s->form->sinks && (t = fl_gguf_import_tensor(s, i, "attn_sinks", "weight")))
			use(w, t);
	}
}

static int
check_used(const struct fl_gguf_source *s, const struct fl_gguf_weights *w)
{
	for (size_t i = 0; i < s->file->tensors; i++)
		if (!w->used[i])
			return fl_err_data(s->err, "'%s': tensor '%s' is not understood", s->file->name,
			    s->file->tensor[i].name);
	return 0;
}

/* Types ------------------------------------------------------------------------------------------ */

static enum fl_dtype
stored_dtype(const struct fl_gguf_stored *t)
{
	return t->type == FL_GGML_F16 ? FL_F16 : t->type == FL_GGML_BF16 ? FL_BF16 : FL_F32;
}

/* Do all vectors keep their values in type t? */
static bool
vectors_fit(const struct fl_gguf_weights *w, enum fl_dtype t)
{
	bool fit = true;

	for (size_t i = 0; i < w->inventory->n && fit; i++) {
		const struct fl_gguf_stored *from = w->origin[i].from;
		float *x;

		if (fl_role_is_matrix(w->inventory->weight[i].role))
			continue;
		x = fl_gguf_import_vector(from);
		for (uint64_t k = 0; k < from->cols && fit; k++) {
			float back;
			uint16_t narrow;

			fl_dtype_from_f32(&narrow, t, &x[k], 1);
			fl_dtype_to_f32(&back, &narrow, t, 1);
			fit = back == x[k];
		}
		free(x);
	}
	return fit;
}

/* The type of vectors: what all matrices are stored as, where that holds their values. */
static enum fl_dtype
vector_dtype(const struct fl_gguf_weights *w)
{
	enum fl_dtype t = stored_dtype(w->origin[0].from);

	for (size_t i = 0; i < w->inventory->n; i++)
		if (fl_role_is_matrix(w->inventory->weight[i].role) && stored_dtype(w->origin[i].from) != t)
			return FL_F32;
	return t == FL_F32 || vectors_fit(w, t) ? t : FL_F32;
}

static void
choose_dtypes(struct fl_gguf_weights *w, enum fl_dtype all)
{
	enum fl_dtype vectors = all == FL_DTYPES ? vector_dtype(w) : all;

	for (size_t i = 0; i < w->inventory->n; i++) {
		const struct fl_weight *x = &w->inventory->weight[i];
		enum fl_dtype t = !fl_role_is_matrix(x->role) ? vectors : all == FL_DTYPES ? stored_dtype(w->origin[i].from)
											   : all;

		if (fl_tensor_init(&w->tensor[i], x->tensor.name, t, x->tensor.ndim, x->tensor.shape) < 0)
			fl_bug("tensor '%s' changed its size", x->tensor.name);
	}
}

struct fl_gguf_weights *
fl_gguf_import_weights(const struct fl_gguf_source *s, struct fl_config *c, enum fl_dtype dtype)
{
	struct fl_gguf_weights *w = fl_alloc(1, sizeof *w);
	int rc = 0;

	w->file = s->file;
	w->inventory = fl_inventory_new(c, s->file->name);
	w->tensor = fl_alloc(w->inventory->n, sizeof *w->tensor);
	w->origin = fl_alloc(w->inventory->n, sizeof *w->origin);
	w->used = fl_alloc(s->file->tensors, sizeof *w->used);
	for (size_t i = 0; i < w->inventory->n && rc == 0; i++)
		rc = find_origin(s, w, c, i);
	use_others(s, w, c);
	if (rc < 0 || check_used(s, w) < 0) {
		fl_gguf_import_weights_free(w);
		return NULL;
	}
	choose_dtypes(w, dtype);
	fl_config_set_dtype(c, w->tensor[0].dtype);
	return w;
}

/* Writing ---------------------------------------------------------------------------------------- */

struct conversion {
	const struct fl_tensor *to;
	const struct origin *o;
	uint64_t cols, first, rows; /* of a row; the block at hand */
	char *out;		    /* the block */
	float *room;		    /* a row a thread */
	bool *bad;		    /* a thread: some value is not finite */
};

/* Where row (element) i of a head's worth is found. */
static uint64_t
source_row(const struct origin *o, uint64_t i)
{
	uint64_t dim = (uint64_t)o->head_dim, at;

	if (!dim)
		return o->first + i;
	at = i % dim;
	return o->first + i - at + at % (dim / 2) * 2 + at / (dim / 2);
}

/* n numbers at x, to where row i of the block goes; those at x are then as they were written. */
static bool
put_row(const struct conversion *v, uint64_t i, float *x, size_t n)
{
	char *dst = v->out + i * n * fl_dtype_size(v->to->dtype);

	fl_dtype_from_f32(dst, v->to->dtype, x, n);
	fl_dtype_to_f32(x, dst, v->to->dtype, n);
	for (size_t k = 0; k < n; k++)
		if (!isfinite(x[k]))
			return false;
	return true;
}

static void
convert_tile(void *ctx, size_t tile, int thread)
{
	struct conversion *v = ctx;
	uint64_t end = fl_min((tile + 1) * TILE, v->rows);
	float *x = v->room + (size_t)thread * v->cols;

	for (uint64_t i = tile * TILE; i < end; i++) {
		fl_gguf_import_row(v->o->from, source_row(v->o, v->first + i), x);
		v->bad[thread] |= !put_row(v, i, x, v->cols);
	}
}

static int
put_block(const struct conversion *v, struct fl_writer *out, struct fl_err *err)
{
	size_t size = v->rows * v->cols * fl_dtype_size(v->to->dtype);
	int threads = fl_parallel_threads();

	for (int i = 0; i < threads; i++)
		if (v->bad[i])
			return fl_err_data(err, "tensor '%s' has a value that is not finite%s", v->o->from->name,
			    v->to->dtype == FL_F32 ? "" : " in the type asked for");
	fl_progress_add(size);
	return fl_writer_put(out, v->out, size, err);
}

static int
write_matrix(struct conversion *v, struct fl_writer *out, struct fl_err *err)
{
	uint64_t all = v->to->shape[0], block = BLOCK_BYTES / sizeof *v->room / v->cols / TILE * TILE;
	int rc = 0;

	if (block < TILE)
		block = TILE;
	v->out = fl_alloc(fl_min(block, all) * v->cols, fl_dtype_size(v->to->dtype));
	for (v->first = 0; v->first < all && rc == 0; v->first += v->rows) {
		v->rows = fl_min(block, all - v->first);
		fl_parallel(fl_ceil_div(v->rows, TILE), convert_tile, v);
		rc = put_block(v, out, err);
	}
	free(v->out);
	return rc;
}

/* Elements are to a vector what rows are to a matrix. */
static int
write_vector(struct conversion *v, struct fl_writer *out, struct fl_err *err)
{
	float *x = fl_gguf_import_vector(v->o->from), *y = fl_alloc(v->cols, sizeof *y);
	int rc;

	for (uint64_t i = 0; i < v->cols; i++)
		y[i] = x[source_row(v->o, i)];
	v->out = fl_alloc(v->cols, fl_dtype_size(v->to->dtype));
	v->rows = 1;
	v->bad[0] = !put_row(v, 0, y, v->cols);
	rc = put_block(v, out, err);
	free(v->out);
	free(x);
	free(y);
	return rc;
}

static int
write_weight(const struct fl_tensor *to, const struct origin *o, struct fl_writer *out, struct fl_err *err)
{
	size_t threads = (size_t)fl_parallel_threads();
	struct conversion v = { .to = to, .o = o, .cols = to->shape[to->ndim - 1] };
	int rc;

	v.room = fl_alloc(threads * v.cols, sizeof *v.room);
	v.bad = fl_alloc(threads, sizeof *v.bad);
	rc = to->ndim == 2 ? write_matrix(&v, out, err) : write_vector(&v, out, err);
	free(v.room);
	free(v.bad);
	return rc;
}

int
fl_gguf_import_write(const struct fl_gguf_weights *w, struct fl_writer *out, struct fl_digest *digest,
    struct fl_err *err)
{
	size_t n = w->inventory->n;
	uint64_t total = 0;
	int rc = fl_writer_weights(out, "model.safetensors", w->tensor, n, NULL, err);

	for (size_t i = 0; i < n; i++)
		total += w->tensor[i].size;
	fl_progress_begin("importing", "B", total);
	for (size_t i = 0; i < n && rc == 0; i++) {
		const struct fl_gguf_stored *from = w->origin[i].from;

		fl_digest_add(digest, from->data, fl_ggml_row_size(from->type, from->cols) * from->rows);
		rc = write_weight(&w->tensor[i], &w->origin[i], out, err);
		fl_gguf_file_done(w->file, from);
	}
	fl_progress_end();
	return rc < 0 && err->code == FL_EXIT_DATA ? fl_err_prefix(err, "'%s'", w->file->name) : rc;
}
