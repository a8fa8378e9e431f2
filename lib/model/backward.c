/* SPDX-License-Identifier: Apache-2.0 */
#include "model/backward.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/parallel.h"
#include "compute/activation.h"
#include "compute/matmul.h"
#include "compute/norm.h"
#include "compute/rope.h"
#include "model/forward_impl.h"

/* What a layer computed is needed no more once it has been gone back through: gradients take its place
 * where they can. dx is the gradient of the residual stream, dy of what the block at hand adds to it. */
struct fl_backward {
	struct fl_forward *f;
	const struct fl_model *grad;
	float *dx, *dnorm; /* [R, D] */
	float *dmix;	   /* [R, H E] */
	float *dk, *dv;	   /* [R, G E] */
	const uint32_t *ids;
	void (*loss)(void *ctx, size_t first, size_t n, float *logits);
	void *ctx;
};

struct fl_backward *
fl_backward_new(struct fl_forward *f, const struct fl_model *grad)
{
	const struct fl_config *c = &f->m->config;
	struct fl_backward *b = fl_alloc(1, sizeof *b);
	size_t d = (size_t)c->width * sizeof(float), kv = (size_t)(c->kv_heads * c->head_dim) * sizeof(float);

	b->f = f;
	b->grad = grad;
	b->dx = fl_alloc_aligned(f->capacity, d, "the gradients");
	b->dnorm = fl_alloc_aligned(f->capacity, d, "the gradients");
	b->dmix = fl_alloc_aligned(f->capacity, (size_t)(c->heads * c->head_dim) * sizeof(float),
	    "the gradients");
	b->dk = fl_alloc_aligned(f->capacity, kv, "the gradients");
	b->dv = fl_alloc_aligned(f->capacity, kv, "the gradients");
	return b;
}

void
fl_backward_free(struct fl_backward *b)
{
	if (!b)
		return;
	free(b->dx);
	free(b->dnorm);
	free(b->dmix);
	free(b->dk);
	free(b->dv);
	free(b);
}

size_t
fl_backward_bytes(const struct fl_config *c, size_t rows)
{
	return rows * (size_t)(2 * c->width + (c->heads + 2 * c->kv_heads) * c->head_dim) * sizeof(float);
}

/* --- one matrix: y = x W^T --- */

static void
grad_weight(const struct fl_backward *b, const struct fl_matrix *dw, const float *dy, const float *x,
    size_t rows)
{
	fl_matmul(&(struct fl_product){ .trans_a = true, .m = dw->rows, .n = dw->cols, .k = rows,
	    .a = dy, .lda = dw->rows, .b = x, .ldb = dw->cols, .beta = 1, .c = (float *)dw->data,
	    .ldc = dw->cols }, b->f->bf16, b->f->scratch);
}

static void
grad_input(const struct fl_backward *b, float *dx, const float *dy, const struct fl_matrix *w, size_t rows,
    bool add)
{
	fl_matmul(&(struct fl_product){ .m = rows, .n = w->cols, .k = w->rows, .a = dy, .lda = w->rows,
	    .b = w->data, .ldb = w->cols, .beta = add, .c = dx, .ldc = w->cols }, b->f->bf16,
	    b->f->scratch);
}

/* db NULL: there is none. */
static void
grad_bias(const struct fl_backward *b, float *db, const float *dy, const struct fl_matrix *w)
{
	if (db)
		fl_add_rows_grad(db, dy, b->f->rows, w->rows);
}

/* --- one layer --- */

static void
back_norm(struct fl_backward *b, float *dw, const float *x, const float *weight, bool add)
{
	const struct fl_config *c = &b->f->m->config;

	fl_rmsnorm_grad(b->dx, dw, b->dnorm, x, b->f->rows, (size_t)c->width, weight, c->norm_eps, add,
	    b->f->scratch);
}

static void
back_ffn(struct fl_backward *b, int l)
{
	const struct fl_layer *w = &b->f->m->layer[l], *dw = &b->grad->layer[l];
	const struct fl_acts *a = &b->f->acts.layer[l];
	size_t rows = b->f->rows;

	grad_weight(b, &dw->down, b->dx, a->hidden, rows);
	grad_input(b, a->hidden, b->dx, &w->down, rows, false);
	fl_swiglu_grad(a->gate, a->up, a->hidden, a->gate, a->up, rows * (size_t)b->f->m->config.ffn);
	grad_weight(b, &dw->gate, a->gate, a->ffn_norm, rows);
	grad_weight(b, &dw->up, a->up, a->ffn_norm, rows);
	grad_input(b, b->dnorm, a->gate, &w->gate, rows, false);
	grad_input(b, b->dnorm, a->up, &w->up, rows, true);
	back_norm(b, dw->ffn_norm, a->mid, w->ffn_norm, true);
}

static void
back_qk_norm(struct fl_backward *b, int l)
{
	const struct fl_config *c = &b->f->m->config;
	const struct fl_layer *w = &b->f->m->layer[l], *dw = &b->grad->layer[l];
	const struct fl_acts *a = &b->f->acts.layer[l];
	size_t dim = (size_t)c->head_dim, q = b->f->rows * (size_t)c->heads;
	size_t k = b->f->rows * (size_t)c->kv_heads;

	fl_rmsnorm_grad(a->q, dw->q_norm, a->q, a->q0, q, dim, w->q_norm, c->norm_eps, false,
	    b->f->scratch);
	fl_rmsnorm_grad(b->dk, dw->k_norm, b->dk, a->k0, k, dim, w->k_norm, c->norm_eps, false,
	    b->f->scratch);
}

static void
back_attention(struct fl_backward *b, int l)
{
	const struct fl_config *c = &b->f->m->config;
	const struct fl_layer *w = &b->f->m->layer[l], *dw = &b->grad->layer[l];
	const struct fl_acts *a = &b->f->acts.layer[l];
	struct fl_attention job = fl_forward_attention(b->f, l);
	size_t rows = b->f->rows, dim = (size_t)c->head_dim, length = rows / b->f->sequences;

	grad_bias(b, dw->o_bias, b->dx, &w->o);
	grad_weight(b, &dw->o, b->dx, fl_forward_mixed(b->f, l), rows);
	grad_input(b, b->dmix, b->dx, &w->o, rows, false);
	fl_attention_grad(&job, &(struct fl_attention_grad){ b->dmix, a->q, b->dk, b->dv },
	    b->f->scratch);
	fl_rope_back(a->q, rows, (size_t)c->heads, dim, b->f->rope, 0, length);
	fl_rope_back(b->dk, rows, (size_t)c->kv_heads, dim, b->f->rope, 0, length);
	if (w->q_norm)
		back_qk_norm(b, l);
	grad_bias(b, dw->q_bias, a->q, &w->q);
	grad_bias(b, dw->k_bias, b->dk, &w->k);
	grad_bias(b, dw->v_bias, b->dv, &w->v);
	grad_weight(b, &dw->q, a->q, a->norm, rows);
	grad_weight(b, &dw->k, b->dk, a->norm, rows);
	grad_weight(b, &dw->v, b->dv, a->norm, rows);
	grad_input(b, b->dnorm, a->q, &w->q, rows, false);
	grad_input(b, b->dnorm, b->dk, &w->k, rows, true);
	grad_input(b, b->dnorm, b->dv, &w->v, rows, true);
	back_norm(b, dw->attn_norm, a->x, w->attn_norm, true);
}

/* --- the two ends --- */

static void
back_head(void *ctx, size_t first, size_t n, float *logits)
{
	struct fl_backward *b = ctx;
	size_t layers = (size_t)b->f->m->config.layers, at = first * (size_t)b->f->m->config.width;

	b->loss(b->ctx, first, n, logits);
	grad_weight(b, &b->grad->head, logits, b->f->acts.layer[layers].norm + at, n);
	grad_input(b, b->dnorm + at, logits, &b->f->m->head, n, false);
}

enum { COLUMNS = 64 };

/* Columns of all rows of dx, to the rows of the embedding that they came from, in their order. */
static void
back_embed_columns(void *ctx, size_t tile, int thread)
{
	const struct fl_backward *b = ctx;
	size_t width = (size_t)b->f->m->config.width, from = tile * COLUMNS;
	size_t to = width - from < COLUMNS ? width : from + COLUMNS;
	float *dw = (float *)b->grad->embed.data;

	(void)thread;
	for (size_t r = 0; r < b->f->rows; r++) {
		const float *dx = b->dx + r * width;
		float *row = dw + b->ids[r] * width;

		for (size_t i = from; i < to; i++)
			row[i] += dx[i];
	}
}

void
fl_backward_batch(struct fl_backward *b, const uint32_t *ids,
    void (*loss)(void *ctx, size_t first, size_t n, float *logits), void *ctx)
{
	const struct fl_config *c = &b->f->m->config;
	const struct fl_acts *a = b->f->acts.layer;
	bool again = b->f->acts.kept == FL_ACTS_INPUTS;

	b->ids = ids;
	b->loss = loss;
	b->ctx = ctx;
	fl_forward_logits(b->f, back_head, b);
	back_norm(b, b->grad->final_norm, a[c->layers].x, b->f->m->final_norm, false);
	for (int l = c->layers - 1; l >= 0; l--) {
		if (again)
			fl_forward_layer(b->f, l);
		back_ffn(b, l);
		if (c->pattern[l] != 's')
			back_attention(b, l);
	}
	fl_parallel(((size_t)c->width + COLUMNS - 1) / COLUMNS, back_embed_columns, b);
}
