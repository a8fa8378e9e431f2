/* SPDX-License-Identifier: Apache-2.0 */
/* forward_impl.h -- inside of the forward pass, for the backward pass that goes the same way back. */
#ifndef FL_MODEL_FORWARD_IMPL_H
#define FL_MODEL_FORWARD_IMPL_H

#include "compute/attention.h"
#include "compute/gemm.h"
#include "compute/kv.h"
#include "compute/scratch.h"
#include "model/acts.h"
#include "model/forward.h"

/* A span of the current call: the rows and positions of its tokens. */
struct fl_forward_span {
	size_t row, position, length;
	const struct fl_forward_span *after; /* NULL: none of this call */
};

/* R rows, D width. */
struct fl_forward {
	const struct fl_model *m;
	struct fl_hooks hooks;
	size_t capacity, positions; /* as given to fl_forward_new() */
	size_t rows, sequences;	    /* of the last call; sequences 0: spans, or through the cache */
	size_t depth;
	bool bf16; /* matrix products of f32 weights in bf16 */
	float *quant; /* [R, H E] where the inputs of linear layers are rounded to 8 bits; else NULL */
	struct fl_cache_opts kv;
	uint64_t cache_bytes;

	struct fl_acts_set acts;
	float *delta;  /* [R, D] what is added to the residual stream */
	float *before; /* [R, D] a copy of the stream, for hooks that compare; else NULL */
	float *last;   /* [vocab] */
	float *logits; /* [block, vocab], made when asked for */
	float *rope;	     /* of compute/rope.h, as long as positions and capacity */
	size_t rope_length;  /* of the sequence it belongs to; 0: it does not matter */
	const uint32_t *begin; /* [R] of a batch, or NULL: as struct fl_attention has it */
	struct fl_kv *cache;   /* [layers] */
	struct fl_forward_span *span;	/* [spans]; none in the other ways of working */
	struct fl_attention *attention; /* [spans] */
	size_t spans, span_cap, attention_cap;
	struct fl_scratch *scratch;
	struct fl_trace *trace; /* NULL: nobody asked */
	const enum fl_leave *leave; /* [layers]; NULL: nothing */
};

static inline void
fl_forward_lap(struct fl_forward *f, enum fl_work w)
{
	if (f->trace)
		fl_trace_lap(f->trace, w);
}

/* Layer l of the rows at hand, from its input to the next one's. */
void fl_forward_layer(struct fl_forward *f, int l);

/* out = norm of in at a site of struct fl_hooks, as linear layers see it. */
void fl_forward_norm(struct fl_forward *f, int site, float *out, const float *in, const float *weight);

/* Each out [rows, w->rows] = in w^T, the weights in whatever form they are. */
void fl_forward_products(struct fl_forward *f, const struct fl_gemm_out *out, size_t n, const float *in,
    size_t rows);

/* Positions in, q or k [R, heads, E]; then the heads' results from q, k and v, which are remembered in
 * the way of working that has a cache. */
void fl_forward_rotate(struct fl_forward *f, float *x, size_t heads);
void fl_forward_mix(struct fl_forward *f, int l);

size_t fl_forward_window(const struct fl_forward *f, int l); /* 0: layer l has none */
float *fl_forward_final(const struct fl_forward *f);	     /* [R, D] what the head sees */

/* The attention of layer l in a batch, as the kernels want it. */
struct fl_attention fl_forward_attention(const struct fl_forward *f, int l);

/* What o_proj sees of the heads' results; lives until the next call. */
const float *fl_forward_mixed(const struct fl_forward *f, int l);

#endif
