/* SPDX-License-Identifier: Apache-2.0 */
/* attention.h -- causal attention with grouped queries and sliding windows.
 *
 *     out = softmax(q k^T / sqrt(dim)) v,  the token at position p sees the keys at positions p0 with
 *     0 <= p - p0, and p - p0 < window if window > 0
 *
 * Query head h reads key/value head h / (heads / kv_heads). Only what the mask leaves is computed, in
 * blocks of keys whose softmax is put together as they come (Dao et al., 2022). Threaded over
 * sequences, key/value heads and blocks of queries. The keys may lie in several places: sequences that
 * begin alike share those of their beginning.
 *
 * Where keys are of 8 bits, queries are rounded to 8 bits too, by the same rule; the products of both are
 * exact, softmax and weighted values are f32: ExecuTorch's quantized attention. A ring (compute/kv.h) is
 * computed whole, all its slots for every query, and masked afterwards, as ExecuTorch's are. */
#ifndef FL_COMPUTE_ATTENTION_H
#define FL_COMPUTE_ATTENTION_H

#include <stddef.h>
#include <stdint.h>

#include "compute/kv.h"
#include "compute/scratch.h"

struct fl_attend;

/* Keys and values of neighbouring positions: of head h, position p at h * head + (p - first) * row; or
 * those of a cache, first as it says. */
struct fl_keys {
	const float *k, *v;
	size_t first, row, head;
	const struct fl_kv *cache;
};

enum { FL_SHARED = 2 };

struct fl_attention {
	size_t sequences, queries; /* queries of each sequence, one a token */
	size_t heads, kv_heads, dim;
	size_t window; /* 0: none */
	size_t past;   /* position of the first query */
	size_t first;  /* position of the first key there is; keys follow up to the last query's */
	const float *q; /* [sequences, queries, heads, dim] */
	const float *k, *v; /* of sequence s, head h, position p at s * kv_sequence + h * kv_head +
			     * (p - first) * kv_row; dim floats each */
	size_t kv_sequence, kv_head, kv_row;
	const struct fl_kv *cache; /* instead of k and v; of one sequence */
	float *out; /* as q, and may be q */
	/* Where keys before `first` are, common to all sequences: places in the order of positions, each
	 * up to where the next begins. */
	size_t shareds;
	struct fl_keys shared[FL_SHARED];
	const uint32_t *begin; /* [sequences, queries] or NULL: the first position each sees, never less
				* than that of the query before it */
	float *lse; /* [sequences, queries, heads] or NULL: log sum e^score, for fl_attention_grad() */
	const struct fl_attend *kernels; /* NULL: the best for this machine */
};

/* n of them, none of which writes what another reads. */
void fl_attention_all(const struct fl_attention *a, size_t n, struct fl_scratch *s);
void fl_attention(const struct fl_attention *a, struct fl_scratch *s);

const char *fl_attention_kernels(void); /* the name of the best */

/* The first position that the query at position p of a sequence sees. */
size_t fl_attention_horizon(const struct fl_attention *a, size_t sequence, size_t p);

/* Backward of a batch (past and first 0, keys as many as queries, lse and out of the forward pass): from the gradient
 * dout of out, laid out as q, those of q, k and v, laid out as theirs. Scores are computed again, block by
 * block (Dao et al., 2022). Threaded over sequences and key/value heads. */
struct fl_attention_grad {
	const float *dout;
	float *dq, *dk, *dv; /* dq may be q */
};

void fl_attention_grad(const struct fl_attention *a, const struct fl_attention_grad *g,
    struct fl_scratch *s);

#endif
