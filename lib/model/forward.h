/* SPDX-License-Identifier: Apache-2.0 */
/* forward.h -- the one forward pass: tokens in, activations to whoever watches, logits out.
 *
 * A struct fl_forward holds the buffers, so that nothing is allocated while tokens run. It works in
 * one of three ways, the first of which must not be mixed with the others without fl_forward_reset():
 *
 *     fl_forward_batch(f, ids, 8, 256, ...)	8 independent sequences of 256 tokens
 *     fl_forward_append(f, ids, n, ...)	n more tokens of one sequence, through a KV cache
 *     fl_forward_spans(f, ids, spans, 9, ...)	9 sequences of any length, each after the cached one, or
 *						after another of them; the cache stays as it is
 *
 * Each leaves its rows (one a token, in the order given) behind, and logits of the last or of all
 * rows can be had until the next call; who wants none pays for none. The model must outlive f.
 * Positions beyond the model's own context are computed like any other, but that a model with dynamic RoPE
 * scaling takes sequences longer than it in fl_forward_batch() alone, which sees the whole. */
#ifndef FL_MODEL_FORWARD_H
#define FL_MODEL_FORWARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "compute/kv.h"
#include "model/acts.h"
#include "model/trace.h"
#include "model/weights.h"

/* Observers, each may be NULL; called in the order of computation on the calling thread, once a
 * fl_forward_batch() or piece of fl_forward_append(), with `rows` rows of `width` (ffn: `ffn`) floats
 * that live until the observer returns. x_l is the residual stream before layer l, x_L the input of
 * the final norm. */
struct fl_hooks {
	void *ctx;
	/* Input and output of a norm: site 2l the attention norm of layer l (not called in a skip layer),
	 * 2l+1 its FFN norm, 2L the final norm. */
	void (*norm)(void *ctx, int site, const float *in, const float *out, size_t rows);
	/* What the heads found, [rows, heads * head_dim], the input of o_proj; not called in a skip layer. */
	void (*heads)(void *ctx, int layer, const float *a, size_t rows);
	/* act(gate) * up, the input of down_proj. */
	void (*ffn)(void *ctx, int layer, const float *a, size_t rows);
	/* The residual stream before and after the attention part; not called in a skip layer. */
	void (*attn)(void *ctx, int layer, const float *before, const float *after, size_t rows);
	/* x_l and x_{l+1}. */
	void (*layer)(void *ctx, int layer, const float *before, const float *after, size_t rows);
};

struct fl_forward;

/* rows: the most tokens computed at once (sequences * length of a batch, the chunk of a prefill; more
 * are done in pieces). positions: the longest sequence to come through the cache; 0: no cache, only
 * batches. hooks may be NULL and are copied. */
struct fl_forward *fl_forward_new(const struct fl_model *m, size_t rows, size_t positions,
    const struct fl_hooks *hooks);

/* The same with another cache than one of f32 whose window layers slide. ring: the cache of a window layer
 * is a ring of twice the window, or of twice `rows` where that is more, and computed whole (compute/attention.h):
 * ExecuTorch's, whose window must be as long as the chunk of a prefill, but that a token still sees the model's
 * window and no more. No fl_forward_spans() with it. */
struct fl_cache_opts {
	enum fl_kv_kind kind;
	bool ring;
};

struct fl_forward *fl_forward_new_cached(const struct fl_model *m, size_t rows, size_t positions,
    const struct fl_cache_opts *o);

/* For training: batches only, f32 weights only, and the activations of all layers stay. bf16: matrix
 * products, here and on the way back, of operands rounded to bf16. quant: the inputs of all linear
 * layers and of the head are rounded to 8 bits, as compute/fake_quant.h says. */
struct fl_forward *fl_forward_new_kept(const struct fl_model *m, size_t rows, enum fl_acts_kept kept,
    bool bf16, bool quant);
void fl_forward_free(struct fl_forward *f); /* NULL is fine */

/* ids [sequences, length], sequences * length <= rows. -1: an id is not in the vocabulary. */
int fl_forward_batch(struct fl_forward *f, const uint32_t *ids, size_t sequences, size_t length,
    struct fl_err *err) FL_MUST_USE;

/* The same where begin [sequences, length], not NULL, says from which token of its sequence on each token
 * sees; it never decreases and must live until the backward pass is done. */
int fl_forward_batch_of(struct fl_forward *f, const uint32_t *ids, const uint32_t *begin,
    size_t sequences, size_t length, struct fl_err *err) FL_MUST_USE;

/* A batch step by step: fl_forward_batch() begins, and goes through all layers. The residual stream between two
 * of them is [rows, width] and may be written to; after the last one comes the final norm. */
int fl_forward_begin(struct fl_forward *f, const uint32_t *ids, size_t sequences, size_t length, struct fl_err *err)
    FL_MUST_USE;
void fl_forward_layers(struct fl_forward *f, int first, int end);
float *fl_forward_stream(struct fl_forward *f);

/* What of layer l is left out, and not seen by hooks, from now on: leave[l], the caller's, until it is NULL,
 * which it is at first. Not of a fl_forward_new_kept(). */
enum fl_leave { FL_LEAVE_NOTHING, FL_LEAVE_ATTENTION, FL_LEAVE_LAYER };

void fl_forward_leave(struct fl_forward *f, const enum fl_leave *leave);

/* Appends n >= 1 tokens to the cached sequence, which must stay within `positions`; the rows left
 * behind are those of the last piece. */
int fl_forward_append(struct fl_forward *f, const uint32_t *ids, size_t n, struct fl_err *err)
    FL_MUST_USE;
size_t fl_forward_depth(const struct fl_forward *f); /* tokens in the cache */
void fl_forward_reset(struct fl_forward *f);	     /* empties the cache */

/* Forgets all but the first `depth` tokens of the cached sequence. False, and nothing forgotten, if a
 * window layer has let go of what the next token would see. */
bool fl_forward_rewind(struct fl_forward *f, size_t depth);

/* A run of tokens and what stands before it: an earlier span of the same call that has none before it
 * itself, or FL_NO_SPAN; then the cached sequence. What sequences begin with in common is computed once. */
struct fl_span {
	size_t length, after;
};

#define FL_NO_SPAN ((size_t)-1)

/* ids: those of span 0, of span 1, ...; 1 <= their sum <= rows. Nothing is remembered. */
int fl_forward_spans(struct fl_forward *f, const uint32_t *ids, const struct fl_span *spans, size_t n,
    struct fl_err *err) FL_MUST_USE;

/* Of the rows left behind keeps n, named in ascending order: they become rows 0 .. n-1. */
void fl_forward_keep(struct fl_forward *f, const size_t *rows, size_t n);

/* Logits of the last row: [vocab], overwritten by the next call on f. */
const float *fl_forward_last(struct fl_forward *f);

/* Logits of all rows, in blocks of a bounded size: row first+i at logits + i * vocab. The observer may
 * overwrite them. */
void fl_forward_logits(struct fl_forward *f,
    void (*see)(void *ctx, size_t first, size_t n, float *logits), void *ctx);

size_t fl_forward_block(const struct fl_forward *f); /* the most rows of such a block */

/* Bytes of the buffers of a pass for `rows` rows without a cache, with those of a block of logits. */
size_t fl_forward_bytes(const struct fl_config *c, size_t rows, enum fl_acts_kept kept);

/* Logits of rows first .. first+n-1 into out [n, vocab]. */
void fl_forward_logits_of(struct fl_forward *f, size_t first, size_t n, float *out);

/* nats[r] = -log p(id[r + 1]) for all rows left behind of id but the last. */
void fl_forward_nats(struct fl_forward *f, const uint32_t *id, double *nats);

/* Adds to t, from now until it is NULL, which it is at first; one call at a time. */
void fl_forward_trace(struct fl_forward *f, struct fl_trace *t);

/* Bytes held by the KV cache. */
uint64_t fl_forward_cache_bytes(const struct fl_forward *f);

#endif
