/* SPDX-License-Identifier: Apache-2.0 */
#include "compute/attention.h"

#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/parallel.h"
#include "compute/sgemm.h"
#include "compute/vec.h"

/* A tile is the queries of one key/value head (`group` query heads together) at some neighbouring
 * positions, about ROWS rows in all; it walks over the keys it sees, KEYS at a time. Up to FEW rows (a
 * token or two being generated) the products are done here, else by sgemm. */
enum { ROWS = 128, KEYS = 256, FEW = 16 };
enum { SMALL = 1 << 16 /* products that are not worth waking a thread for */ };

struct job {
	const struct fl_attention *a;
	size_t group, step, blocks; /* step: positions a tile; blocks: tiles a head */
	size_t first, tiles;	    /* its tiles among those of all jobs */
};

struct jobs {
	struct job *job;
	size_t n;
	struct fl_scratch *scratch;
};

struct tile {
	size_t rows, dim, group, head, sequence, position;
	float *q, *score, *out, *max, *sum;
};

static size_t
min(size_t a, size_t b)
{
	return a < b ? a : b;
}

size_t
fl_attention_horizon(const struct fl_attention *a, size_t sequence, size_t p)
{
	size_t window = a->window && p + 1 > a->window ? p + 1 - a->window : 0;
	size_t begin = a->begin ? a->begin[sequence * a->queries + p - a->past] : 0;

	return window > begin ? window : begin;
}

/* score[r] = q[r] . k[key] for few rows. */
FL_CLONES static void
few_scores(const struct tile *t, const float *k, size_t row, size_t keys)
{
	for (size_t j = 0; j < keys; j++, k += row)
		for (size_t r = 0; r < t->rows; r++) {
			const float *q = t->q + r * t->dim;
			fl_vec x, y, sum = { 0 };
			size_t i = 0;

			for (; i + FL_LANES <= t->dim; i += FL_LANES) {
				fl_vec_load(&x, q + i);
				fl_vec_load(&y, k + i);
				sum += x * y;
			}
			if (i < t->dim) {
				fl_vec_load_part(&x, q + i, t->dim - i);
				fl_vec_load_part(&y, k + i, t->dim - i);
				sum += x * y;
			}
			t->score[r * KEYS + j] = fl_vec_sum(&sum);
		}
}

/* out[r] += score[r] . v for few rows. */
FL_CLONES static void
few_values(const struct tile *t, const float *v, size_t row, size_t keys)
{
	for (size_t j = 0; j < keys; j++, v += row)
		for (size_t r = 0; r < t->rows; r++) {
			float *restrict out = t->out + r * t->dim, weight = t->score[r * KEYS + j];

			for (size_t i = 0; i < t->dim; i++)
				out[i] += weight * v[i];
		}
}

static void
scores(const struct tile *t, const float *k, size_t row, size_t keys)
{
	if (t->rows <= FEW)
		few_scores(t, k, row, keys);
	else
		fl_sgemm(&(struct fl_product){ .trans = true, .m = t->rows, .n = keys, .k = t->dim,
		    .a = t->q, .lda = t->dim, .b = k, .ldb = row, .c = t->score, .ldc = KEYS });
}

static void
values(const struct tile *t, const float *v, size_t row, size_t keys)
{
	if (t->rows <= FEW)
		few_values(t, v, row, keys);
	else
		fl_sgemm(&(struct fl_product){ .m = t->rows, .n = t->dim, .k = keys, .a = t->score,
		    .lda = KEYS, .b = v, .ldb = row, .beta = 1, .c = t->out, .ldc = t->dim });
}

/* The largest of s[from .. to), or `least`. Lanes outside are set to -infinity, up to a whole vector
 * after `keys`, so that vectors can be used from here on. */
FL_INLINE float
mask_and_max(float *s, size_t from, size_t to, size_t keys, float least)
{
	fl_vec max = { 0 }, x;

	max += least;
	for (size_t j = 0; j < from; j++)
		s[j] = -INFINITY;
	for (size_t j = to; j < KEYS && j < keys + FL_LANES; j++)
		s[j] = -INFINITY;
	for (size_t j = 0; j < keys; j += FL_LANES) {
		fl_vec_load(&x, s + j);
		fl_vec_max(&max, &x);
	}
	for (size_t i = 0; i < FL_LANES; i++)
		least = max[i] > least ? max[i] : least;
	return least;
}

/* One row of a block: scores [from, to) become weights relative to the largest score so far, the others
 * 0; what was summed up before is brought to the same scale. keys is at most KEYS. */
FL_CLONES static void
soften(const struct tile *t, size_t r, size_t from, size_t to, size_t keys)
{
	float *s = t->score + r * KEYS, *out = t->out + r * t->dim;
	float max = mask_and_max(s, from, to, keys, t->max[r]);
	fl_vec sum = { 0 }, x, back = { 0 };

	for (size_t j = 0; j < keys; j += FL_LANES) {
		fl_vec_load(&x, s + j);
		x -= max;
		fl_vec_exp(&x);
		fl_vec_store(s + j, &x);
		sum += x;
	}
	back += t->max[r] - max;
	fl_vec_exp(&back);
	for (size_t i = 0; i < t->dim; i++)
		out[i] *= back[0];
	t->sum[r] = t->sum[r] * back[0] + fl_vec_sum(&sum);
	t->max[r] = max;
}

static void
block(const struct fl_attention *a, const struct tile *t, const struct fl_keys *in, size_t key,
    size_t keys)
{
	size_t at = t->head * in->head + (key - in->first) * in->row;

	scores(t, in->k + at, in->row, keys);
	for (size_t r = 0; r < t->rows; r++) {
		size_t p = t->position + r / t->group, to = min(p + 1, key + keys);
		size_t from = fl_attention_horizon(a, t->sequence, p);

		from = from > key ? from - key : 0;
		to = to > key ? to - key : 0;
		if (from < to)
			soften(t, r, from, to, keys);
		else
			memset(t->score + r * KEYS, 0, keys * sizeof(float));
	}
	values(t, in->v + at, in->row, keys);
}

/* The keys of one place, up to position `end`, that some query of the tile sees. */
static void
walk(const struct fl_attention *a, const struct tile *t, const struct fl_keys *in, size_t end)
{
	size_t from = fl_attention_horizon(a, t->sequence, t->position);

	for (size_t key = from > in->first ? from : in->first; key < end; key += KEYS)
		block(a, t, in, key, min(KEYS, end - key));
}

static void
load_queries(const struct fl_attention *a, const struct tile *t, size_t at)
{
	float scale = (float)(1 / sqrt((double)t->dim));
	size_t run = t->group * t->dim;

	for (size_t i = 0; i * t->group < t->rows; i++)
		for (size_t j = 0; j < run; j++)
			t->q[i * run + j] = a->q[at + i * a->heads * t->dim + j] * scale;
	for (size_t r = 0; r < t->rows; r++) {
		t->max[r] = -INFINITY;
		t->sum[r] = 0;
	}
	memset(t->out, 0, t->rows * t->dim * sizeof *t->out);
}

static void
store_result(const struct fl_attention *a, const struct tile *t, size_t at)
{
	for (size_t r = 0; r < t->rows; r++) {
		size_t to = at + (r / t->group * a->heads + r % t->group) * t->dim;

		for (size_t i = 0; i < t->dim; i++)
			a->out[to + i] = t->out[r * t->dim + i] / t->sum[r];
		if (a->lse)
			a->lse[to / t->dim] = t->max[r] + logf(t->sum[r]);
	}
}

static void
attend(const struct job *job, size_t index, int thread, struct fl_scratch *scratch)
{
	const struct fl_attention *a = job->a;
	struct tile t = { .dim = a->dim, .group = job->group };
	struct fl_keys own = { a->k, a->v, a->first, a->kv_row, a->kv_head };
	/* The last queries see most keys: they go first. */
	size_t query, at, sequence, most = job->step * job->group;

	query = (job->blocks - 1 - index / (a->sequences * a->kv_heads)) * job->step;
	t.head = index % a->kv_heads;
	sequence = index / a->kv_heads % a->sequences;
	t.sequence = sequence;
	t.rows = min(job->step, a->queries - query) * job->group;
	own.k += sequence * a->kv_sequence;
	own.v += sequence * a->kv_sequence;
	t.score = fl_scratch_get(scratch, thread, most * (KEYS + 2 * a->dim + 2));
	t.q = t.score + most * KEYS;
	t.out = t.q + most * a->dim;
	t.max = t.out + most * a->dim;
	t.sum = t.max + most;
	at = ((sequence * a->queries + query) * a->heads + t.head * job->group) * a->dim;
	t.position = a->past + query;

	load_queries(a, &t, at);
	for (size_t i = 0; i < a->shareds; i++)
		walk(a, &t, &a->shared[i], i + 1 < a->shareds ? a->shared[i + 1].first : a->first);
	walk(a, &t, &own, t.position + t.rows / job->group);
	store_result(a, &t, at);
}

static void
attend_tile(void *ctx, size_t tile, int thread)
{
	const struct jobs *all = ctx;
	size_t low = 0, high = all->n; /* the job is in [low, high) */

	while (high - low > 1) {
		size_t middle = (low + high) / 2;

		if (all->job[middle].first <= tile)
			low = middle;
		else
			high = middle;
	}
	attend(&all->job[low], tile - all->job[low].first, thread, all->scratch);
}

static struct job
plan(const struct fl_attention *a, size_t first)
{
	struct job j = { .a = a, .group = a->heads / a->kv_heads, .first = first };

	j.step = j.group < ROWS ? min(ROWS / j.group, a->queries) : 1;
	j.blocks = j.step ? (a->queries + j.step - 1) / j.step : 0;
	j.tiles = a->sequences * a->kv_heads * j.blocks;
	return j;
}

void
fl_attention_all(const struct fl_attention *a, size_t n, struct fl_scratch *s)
{
	struct jobs all = { .job = fl_alloc(n, sizeof *all.job), .scratch = s };
	size_t tiles = 0;

	for (size_t i = 0; i < n; i++) {
		all.job[all.n] = plan(&a[i], tiles);
		tiles += all.job[all.n].tiles;
		all.n += all.job[all.n].tiles > 0;
	}
	fl_parallel(tiles, attend_tile, &all);
	free(all.job);
}

void
fl_attention(const struct fl_attention *a, struct fl_scratch *s)
{
	struct job j = plan(a, 0);

	if (j.step * j.group <= FEW && a->heads * j.blocks * (a->past + a->queries - a->first) * a->dim < SMALL) {
		for (size_t i = 0; i < j.tiles; i++)
			attend(&j, i, 0, s);
		return;
	}
	fl_parallel(j.tiles, attend_tile, &(struct jobs){ &j, 1, s });
}
