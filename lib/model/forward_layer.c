/* SPDX-License-Identifier: Apache-2.0 */
/* One layer: attention and FFN, each between a norm and the residual stream. */
#include "compute/activation.h"
#include "compute/fake_quant.h"
#include "compute/matmul.h"
#include "compute/norm.h"
#include "model/forward_impl.h"

void
fl_forward_products(struct fl_forward *f, const struct fl_gemm_out *out, size_t n, const float *in,
    size_t rows)
{
	if (!f->bf16) {
		fl_gemm_all(out, n, in, rows, f->scratch);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		const struct fl_matrix *w = out[i].w;

		fl_matmul(&(struct fl_product){ .trans = true, .m = rows, .n = w->rows, .k = w->cols, .a = in,
		    .lda = w->cols, .b = w->data, .ldb = w->cols, .c = out[i].c, .ldc = w->rows }, true, f->scratch);
	}
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
add_bias(struct fl_forward *f, float *out, const struct fl_matrix *w, const float *bias)
{
	if (bias)
		fl_add_rows(out, bias, f->rows, w->rows);
	fl_forward_lap(f, FL_WORK_GEMM);
}

static void
linear(struct fl_forward *f, float *out, const float *in, const struct fl_matrix *w, const float *bias)
{
	fl_forward_products(f, &(struct fl_gemm_out){ out, w }, 1, in, f->rows);
	add_bias(f, out, w, bias);
}

void
fl_forward_norm(struct fl_forward *f, int site, float *out, const float *in, const float *weight)
{
	fl_rmsnorm(out, in, f->rows, (size_t)f->m->config.width, weight, f->m->config.norm_eps);
	if (f->hooks.norm)
		f->hooks.norm(f->hooks.ctx, site, in, out, f->rows);
	round_inputs(f, out, (size_t)f->m->config.width);
	fl_forward_lap(f, FL_WORK_NORM);
}

static void
attention(struct fl_forward *f, int l)
{
	const struct fl_config *c = &f->m->config;
	const struct fl_layer *w = &f->m->layer[l];
	const struct fl_acts *a = &f->acts.layer[l];
	size_t dim = (size_t)c->head_dim, heads = (size_t)c->heads, kv_heads = (size_t)c->kv_heads;

	fl_forward_norm(f, 2 * l, a->norm, a->x, w->attn_norm);
	fl_forward_products(f, (struct fl_gemm_out[]){ { a->q0, &w->q }, { a->k0, &w->k }, { a->v, &w->v } }, 3, a->norm,
	    f->rows);
	add_bias(f, a->q0, &w->q, w->q_bias);
	add_bias(f, a->k0, &w->k, w->k_bias);
	add_bias(f, a->v, &w->v, w->v_bias);
	if (w->q_norm) {
		fl_rmsnorm(a->q, a->q0, f->rows * heads, dim, w->q_norm, c->norm_eps);
		fl_rmsnorm(a->k, a->k0, f->rows * kv_heads, dim, w->k_norm, c->norm_eps);
		fl_forward_lap(f, FL_WORK_NORM);
	}
	fl_forward_rotate(f, a->q, heads);
	fl_forward_rotate(f, a->k, kv_heads);
	fl_forward_mix(f, l);
	if (f->hooks.heads)
		f->hooks.heads(f->hooks.ctx, l, a->mix, f->rows);
	linear(f, f->delta, fl_forward_mixed(f, l), &w->o, w->o_bias);
	fl_add(a->mid, a->x, f->delta, f->rows * (size_t)c->width);
	fl_forward_lap(f, FL_WORK_OTHER);
	if (f->hooks.attn)
		f->hooks.attn(f->hooks.ctx, l, f->before, a->mid, f->rows);
}

static void
ffn(struct fl_forward *f, int l)
{
	const struct fl_layer *w = &f->m->layer[l];
	const struct fl_acts *a = &f->acts.layer[l];

	fl_forward_norm(f, 2 * l + 1, a->ffn_norm, a->mid, w->ffn_norm);
	fl_forward_products(f, (struct fl_gemm_out[]){ { a->gate, &w->gate }, { a->up, &w->up } }, 2, a->ffn_norm, f->rows);
	fl_forward_lap(f, FL_WORK_GEMM);
	fl_swiglu(a->hidden, a->gate, a->up, f->rows * (size_t)f->m->config.ffn);
	if (f->hooks.ffn)
		f->hooks.ffn(f->hooks.ctx, l, a->hidden, f->rows);
	round_inputs(f, a->hidden, (size_t)f->m->config.ffn);
	fl_forward_lap(f, FL_WORK_ACTIVATION);
	linear(f, f->delta, a->hidden, &w->down, NULL);
	fl_add(a[1].x, a->mid, f->delta, f->rows * (size_t)f->m->config.width);
	fl_forward_lap(f, FL_WORK_OTHER);
}

void
fl_forward_layer(struct fl_forward *f, int l)
{
	enum fl_leave leave = f->leave ? f->leave[l] : FL_LEAVE_NOTHING;

	if (leave == FL_LEAVE_LAYER)
		return;
	if (f->m->config.pattern[l] != 's' && leave == FL_LEAVE_NOTHING)
		attention(f, l);
	ffn(f, l);
}
