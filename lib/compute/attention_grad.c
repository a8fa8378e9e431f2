/* SPDX-License-Identifier: Apache-2.0 */
/* With S = q k^T / sqrt(dim), P = softmax(S), O = P V and D = rowsum(dO O):
 *
 *     dV = P^T dO      dS = P (dO V^T - D)      dQ = dS K / sqrt(dim)      dK = dS^T Q / sqrt(dim)
 *
 * One tile of work is one key/value head of one sequence, whose dk and dv no other tile touches. */
#include <math.h>

#include "base/parallel.h"
#include "base/size.h"
#include "compute/attention.h"
#include "compute/sgemm.h"
#include "compute/vec.h"

enum { ROWS = 256, KEYS = 256 };

struct job {
	const struct fl_attention *a;
	const struct fl_attention_grad *g;
	struct fl_scratch *scratch;
	size_t group, step; /* query heads of a key head; positions at a time */
};

/* The queries of one head at `rows / group` positions, gathered: [rows, dim] each, [rows]. */
struct tile {
	size_t rows, dim, group, sequence, at; /* at: of the first in q */
	float scale;
	float *q, *dout, *dq, *lse, *d;
	float *p, *dp; /* [rows, KEYS] of the block at hand */
};

/* D, from O and dO. */
static void
row_dots(float *d, const float *out, const float *dout, size_t n)
{
	float sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += out[i] * dout[i];
	*d = sum;
}

static void
load(const struct job *j, const struct tile *t)
{
	const struct fl_attention *a = j->a;

	for (size_t r = 0; r < t->rows; r++) {
		size_t head = r / t->group * a->heads + r % t->group, from = t->at + head * t->dim;

		memcpy(t->q + r * t->dim, a->q + from, t->dim * sizeof *t->q);
		memcpy(t->dout + r * t->dim, j->g->dout + from, t->dim * sizeof *t->dout);
		row_dots(&t->d[r], a->out + from, j->g->dout + from, t->dim);
		t->lse[r] = a->lse[t->at / t->dim + head];
	}
	memset(t->dq, 0, t->rows * t->dim * sizeof *t->dq);
}

static void
store(const struct job *j, const struct tile *t)
{
	for (size_t r = 0; r < t->rows; r++) {
		size_t head = r / t->group * j->a->heads + r % t->group;

		memcpy(j->g->dq + t->at + head * t->dim, t->dq + r * t->dim, t->dim * sizeof *t->dq);
	}
}

/* One row of a block: scores become P and dO V^T becomes dS; what the mask hides is 0 in both. */
FL_CLONES static void
soften_grad(const struct tile *t, size_t r, size_t from, size_t to, size_t keys)
{
	float *p = t->p + r * KEYS, *dp = t->dp + r * KEYS;

	for (size_t i = from / FL_LANES * FL_LANES; i < to; i += FL_LANES) {
		fl_vec s, ds;

		fl_vec_load(&s, p + i);
		fl_vec_load(&ds, dp + i);
		s = s * t->scale - t->lse[r];
		fl_vec_exp(&s);
		ds = s * (ds - t->d[r]) * t->scale;
		fl_vec_store(p + i, &s);
		fl_vec_store(dp + i, &ds);
	}
	for (size_t i = 0; i < keys; i++)
		if (i < from || i >= to)
			p[i] = dp[i] = 0;
}

static void
mask(const struct fl_attention *a, const struct tile *t, size_t position, size_t key, size_t keys)
{
	for (size_t r = 0; r < t->rows; r++) {
		size_t p = position + r / t->group, to = fl_min(p + 1, key + keys);
		size_t from = fl_attention_horizon(a, t->sequence, p);

		from = from > key ? from - key : 0;
		to = to > key ? to - key : 0;
		soften_grad(t, r, from < to ? from : 0, from < to ? to : 0, keys);
	}
}

static void
block(const struct job *j, const struct tile *t, size_t position, size_t key, size_t keys, size_t at)
{
	const struct fl_attention *a = j->a;
	const float *k = a->k + at, *v = a->v + at;
	float *dk = j->g->dk + at, *dv = j->g->dv + at;
	size_t dim = t->dim, row = a->kv_row;

	fl_sgemm(&(struct fl_product){ .trans = true, .m = t->rows, .n = keys, .k = dim, .a = t->q,
	    .lda = dim, .b = k, .ldb = row, .c = t->p, .ldc = KEYS });
	fl_sgemm(&(struct fl_product){ .trans = true, .m = t->rows, .n = keys, .k = dim, .a = t->dout,
	    .lda = dim, .b = v, .ldb = row, .c = t->dp, .ldc = KEYS });
	mask(a, t, position, key, keys);
	fl_sgemm(&(struct fl_product){ .trans_a = true, .m = keys, .n = dim, .k = t->rows, .a = t->p,
	    .lda = KEYS, .b = t->dout, .ldb = dim, .beta = 1, .c = dv, .ldc = row });
	fl_sgemm(&(struct fl_product){ .trans_a = true, .m = keys, .n = dim, .k = t->rows, .a = t->dp,
	    .lda = KEYS, .b = t->q, .ldb = dim, .beta = 1, .c = dk, .ldc = row });
	fl_sgemm(&(struct fl_product){ .m = t->rows, .n = dim, .k = keys, .a = t->dp, .lda = KEYS,
	    .b = k, .ldb = row, .beta = 1, .c = t->dq, .ldc = dim });
}

static void
clear(const struct job *j, size_t at)
{
	for (size_t i = 0; i < j->a->queries; i++) {
		memset(j->g->dk + at + i * j->a->kv_row, 0, j->a->dim * sizeof *j->g->dk);
		memset(j->g->dv + at + i * j->a->kv_row, 0, j->a->dim * sizeof *j->g->dv);
	}
}

static void
head(void *ctx, size_t index, int thread)
{
	const struct job *j = ctx;
	const struct fl_attention *a = j->a;
	size_t kv = index % a->kv_heads, sequence = index / a->kv_heads, most = j->step * j->group;
	size_t at = sequence * a->kv_sequence + kv * a->kv_head;
	struct tile t = { .dim = a->dim, .group = j->group, .sequence = sequence,
		.scale = (float)(1 / sqrt((double)a->dim)) };

	t.p = fl_scratch_get(j->scratch, thread, most * (2 * KEYS + 3 * a->dim + 2));
	t.dp = t.p + most * KEYS;
	t.q = t.dp + most * KEYS;
	t.dout = t.q + most * a->dim;
	t.dq = t.dout + most * a->dim;
	t.lse = t.dq + most * a->dim;
	t.d = t.lse + most;
	clear(j, at);
	for (size_t position = 0; position < a->queries; position += j->step) {
		size_t end = fl_min(position + j->step, a->queries);

		t.rows = (end - position) * j->group;
		t.at = ((sequence * a->queries + position) * a->heads + kv * j->group) * a->dim;
		load(j, &t);
		for (size_t key = fl_attention_horizon(a, sequence, position); key < end; key += KEYS)
			block(j, &t, position, key, fl_min(KEYS, end - key), at + key * a->kv_row);
		store(j, &t);
	}
}

void
fl_attention_grad(const struct fl_attention *a, const struct fl_attention_grad *g,
    struct fl_scratch *s)
{
	struct job j = { .a = a, .g = g, .scratch = s, .group = a->heads / a->kv_heads };

	j.step = j.group < ROWS ? fl_min(ROWS / j.group, a->queries) : 1;
	fl_parallel(a->sequences * a->kv_heads, head, &j);
}
