/* SPDX-License-Identifier: Apache-2.0 */
#include "compute/attention.h"

#include <math.h>
#include <string.h>

#include "base/parallel.h"
#include "base/size.h"
#include "compute/attend.h"

/* A tile is the queries of one key/value head (`group` query heads together) at some neighbouring
 * positions, about ROWS rows in all; it walks over the keys it sees, ATTEND_KEYS at a time. */
enum { ROWS = 128, FEW = 16 };
enum { NARROW = 8 /* rows for which values of 8 bits are not worth being widened first */ };
enum { SMALL = 1 << 16 /* products that are not worth waking a thread for */ };
enum { AT_ONCE = 256 /* jobs that threads share out among themselves */ };

struct job {
	const struct fl_attention *a;
	const struct fl_attend *kernels;
	size_t group, step, blocks; /* step: positions a tile; blocks: tiles a head */
	size_t first, tiles;	    /* its tiles among those of all jobs */
};

struct jobs {
	struct job *job;
	size_t n;
	struct fl_scratch *scratch;
};

/* Layouts are those of compute/attend.h; rows are filled up to `padded`. */
struct tile {
	const struct fl_attend *kernels;
	size_t rows, padded, dim, group, head, sequence, position;
	float *q, *score, *out, *max, *sum;
	float *part; /* [ATTEND_KEYS, dim] keys packed, or values widened */
	struct fl_queries8 q8;
	float *scale8;
	int32_t *zero8, *sum8;
	uint8_t *bytes8;
};

size_t
fl_attention_horizon(const struct fl_attention *a, size_t sequence, size_t p)
{
	size_t window = a->window && p + 1 > a->window ? p + 1 - a->window : 0;
	size_t begin = a->begin ? a->begin[sequence * a->queries + p - a->past] : 0;

	return window > begin ? window : begin;
}

/* --- one block of keys --- */

/* Keys of rows into strips; what is left of the last is 0. */
static void
pack(float *strip, const float *k, size_t row, size_t keys, size_t dim)
{
	for (size_t j = 0; j < keys; j += FL_STRIP, strip += dim * FL_STRIP)
		for (size_t i = 0; i < FL_STRIP; i++)
			for (size_t d = 0; d < dim; d++)
				strip[d * FL_STRIP + i] = j + i < keys ? k[(j + i) * row + d] : 0;
}

/* Keys of slot `slot` on, one of FL_STRIP; or of a place outside a cache, any. */
static void
scores(const struct tile *t, const struct fl_keys *in, size_t slot, size_t keys)
{
	const struct fl_kv *c = in->cache;
	size_t strips = (keys + FL_STRIP - 1) / FL_STRIP, dim = t->dim, words = (dim + 3) / 4, at;

	if (!c) {
		pack(t->part, in->k + t->head * in->head + slot * in->row, in->row, keys, dim);
		t->kernels->scores(t->score, t->q, t->part, t->padded, strips, dim);
		return;
	}
	at = t->head * c->capacity + slot;
	if (c->kind == FL_KV_F32)
		t->kernels->scores(t->score, t->q, c->k + at * dim, t->padded, strips, dim);
	else
		t->kernels->scores8(t->score, &t->q8, &(struct fl_keys8){ c->k8 + at * words * 4, c->k_scale + at,
		    c->k_zero + at, c->k_rest + at }, t->padded, strips, words);
}

/* The sum of values from slot + from to slot + to. */
static void
values(const struct tile *t, const struct fl_keys *in, size_t slot, size_t from, size_t to)
{
	const struct fl_kv *c = in->cache;
	const float *v = t->part;
	size_t dim = t->dim, ld = dim, at = slot + from;

	if (!c) {
		v = in->v + t->head * in->head + at * in->row;
		ld = in->row;
	} else if (c->kind == FL_KV_F32) {
		v = c->v + (t->head * c->capacity + at) * dim;
	} else if (t->padded <= NARROW) {
		at += t->head * c->capacity;
		t->kernels->values8(t->out, t->score + from, &(struct fl_values8){ c->v8 + at * dim, c->v_scale + at,
		    c->v_zero + at }, t->padded, to - from, dim);
		return;
	} else {
		at += t->head * c->capacity;
		for (size_t j = 0; j < to - from; j++)
			t->kernels->widen(t->part + j * dim, c->v8 + (at + j) * dim, c->v_scale[at + j],
			    c->v_zero[at + j], dim);
	}
	t->kernels->values(t->out, t->score + from, v, ld, t->padded, to - from, dim);
}

/* Row r sees the keys [from, to) of the block, perhaps none. */
static void
soften(const struct tile *t, size_t r, size_t from, size_t to, size_t keys)
{
	float *score = t->score + r * ATTEND_KEYS;

	if (from < to)
		t->kernels->soften(score, from, to, keys, &t->max[r], &t->sum[r], t->out + r * t->dim, t->dim);
	else
		memset(score, 0, keys * sizeof *score);
}

static void
block(const struct fl_attention *a, const struct tile *t, const struct fl_keys *in, size_t key,
    size_t keys)
{
	size_t least = keys, most = 0;

	scores(t, in, key - in->first, keys);
	for (size_t r = 0; r < t->rows; r++) {
		size_t p = t->position + r / t->group, to = fl_min(p + 1, key + keys);
		size_t from = fl_attention_horizon(a, t->sequence, p);

		from = from > key ? from - key : 0;
		to = to > key ? to - key : 0;
		soften(t, r, from, to, keys);
		if (from < to) {
			least = fl_min(least, from);
			most = most > to ? most : to;
		}
	}
	if (least < most)
		values(t, in, key - in->first, least, most);
}

/* The keys of one place, up to position `end`, that some query of the tile sees. */
static void
walk(const struct fl_attention *a, const struct tile *t, const struct fl_keys *in, size_t end)
{
	size_t key = fl_attention_horizon(a, t->sequence, t->position);

	key = key > in->first ? key - in->first : 0;
	if (in->cache)
		key -= key % FL_STRIP;
	for (key += in->first; key < end; key += ATTEND_KEYS)
		block(a, t, in, key, fl_min(ATTEND_KEYS, end - key));
}

/* --- a ring --- */

/* Positions low .. high of a ring, whose slots before `head` hold those from `base` on and the others those
 * before, as slots [from, to) of a block; two runs of them become one, and what lies between is masked. */
static void
soften_ring(const struct tile *t, size_t r, size_t slot, size_t keys, long low, long high, long head,
    long base, long capacity)
{
	long begin[2] = { low - base, low - base + capacity }, end[2] = { high + 1 - base, high + 1 - base + capacity };
	long least[2] = { 0, head }, most[2] = { head, capacity }, at = (long)slot, last = at + (long)keys;

	for (int i = 0; i < 2; i++) {
		begin[i] = begin[i] > least[i] ? begin[i] : least[i];
		begin[i] = begin[i] > at ? begin[i] - at : 0;
		end[i] = end[i] < most[i] ? end[i] : most[i];
		end[i] = (end[i] < last ? end[i] : last) - at;
	}
	if (begin[0] >= end[0]) {
		begin[0] = begin[1];
		end[0] = end[1];
	} else if (begin[1] < end[1]) {
		for (long j = end[0]; j < begin[1]; j++)
			t->score[r * ATTEND_KEYS + (size_t)j] = -INFINITY;
		end[0] = end[1];
	}
	soften(t, r, (size_t)begin[0], end[0] > begin[0] ? (size_t)end[0] : 0, keys);
}

static void
walk_ring(const struct fl_attention *a, const struct tile *t, const struct fl_keys *in)
{
	const struct fl_kv *c = in->cache;
	size_t total = c->first + c->length, head = total % c->capacity;

	for (size_t slot = 0; slot < c->capacity; slot += ATTEND_KEYS) {
		size_t keys = fl_min(ATTEND_KEYS, c->capacity - slot);

		scores(t, in, slot, keys);
		for (size_t r = 0; r < t->rows; r++) {
			size_t p = t->position + r / t->group;

			soften_ring(t, r, slot, keys, (long)fl_attention_horizon(a, t->sequence, p), (long)p,
			    (long)head, (long)(total - head), (long)c->capacity);
		}
		values(t, in, slot, 0, keys);
	}
}

/* --- a tile --- */

/* Row r of the tile at x. */
static size_t
row_at(const struct fl_attention *a, const struct tile *t, size_t r)
{
	return (r / t->group * a->heads + r % t->group) * t->dim;
}

static void
load_queries(const struct fl_attention *a, const struct tile *t, size_t at)
{
	float scale = (float)(1 / sqrt((double)t->dim));

	memset(t->q, 0, t->padded * t->dim * sizeof *t->q);
	for (size_t r = 0; r < t->rows; r++) {
		float *q = t->q + r / ATTEND_ROWS * ATTEND_ROWS * t->dim + r % ATTEND_ROWS;
		const float *x = a->q + at + row_at(a, t, r);

		for (size_t d = 0; d < t->dim; d++)
			q[d * ATTEND_ROWS] = x[d] * scale;
	}
	for (size_t r = 0; r < t->padded; r++) {
		t->max[r] = -INFINITY;
		t->sum[r] = 0;
	}
	memset(t->out, 0, t->padded * t->dim * sizeof *t->out);
}

static void
load_queries8(const struct fl_attention *a, const struct tile *t, size_t at)
{
	size_t words = (t->dim + 3) / 4;
	int8_t *rounded = (int8_t *)t->part;

	memset(t->bytes8, 0, t->padded * words * 4);
	for (size_t r = 0; r < t->padded; r++)
		t->scale8[r] = 0, t->zero8[r] = t->sum8[r] = 0;
	for (size_t r = 0; r < t->rows; r++) {
		uint8_t *q = t->bytes8 + r / ATTEND_ROWS * ATTEND_ROWS * words * 4 + r % ATTEND_ROWS * 4;

		fl_kv_round(rounded, &t->scale8[r], &t->zero8[r], a->q + at + row_at(a, t, r), t->dim);
		t->scale8[r] *= (float)(1 / sqrt((double)t->dim));
		t->zero8[r] += t->kernels->offset;
		for (size_t d = 0; d < t->dim; d++) {
			int x = rounded[d] + t->kernels->offset;

			q[d / 4 * ATTEND_ROWS * 4 + d % 4] = (uint8_t)x;
			t->sum8[r] += x;
		}
	}
}

static void
store_result(const struct fl_attention *a, const struct tile *t, size_t at)
{
	for (size_t r = 0; r < t->rows; r++) {
		size_t to = at + row_at(a, t, r);

		for (size_t i = 0; i < t->dim; i++)
			a->out[to + i] = t->out[r * t->dim + i] / t->sum[r];
		if (a->lse)
			a->lse[to / t->dim] = t->max[r] + logf(t->sum[r]);
	}
}

/* Floats of a tile of `rows` rows; those of 8 bits count as well. */
static size_t
room(size_t rows, size_t dim)
{
	return rows * (ATTEND_KEYS + 2 * dim + (dim + 3) / 4 + 5) + ATTEND_KEYS * dim;
}

static void
spread(struct tile *t, float *scratch)
{
	size_t words = (t->dim + 3) / 4;

	t->score = scratch;
	t->part = t->score + t->padded * ATTEND_KEYS;
	t->q = t->part + ATTEND_KEYS * t->dim;
	t->out = t->q + t->padded * t->dim;
	t->bytes8 = (uint8_t *)(t->out + t->padded * t->dim);
	t->max = (float *)(t->bytes8 + t->padded * words * 4);
	t->sum = t->max + t->padded;
	t->scale8 = t->sum + t->padded;
	t->zero8 = (int32_t *)(t->scale8 + t->padded);
	t->sum8 = t->zero8 + t->padded;
	t->q8 = (struct fl_queries8){ t->bytes8, t->scale8, t->zero8, t->sum8 };
}

static bool
is_int8(const struct fl_attention *a)
{
	bool is = a->cache && a->cache->kind == FL_KV_INT8;

	for (size_t i = 0; i < a->shareds; i++)
		is |= a->shared[i].cache && a->shared[i].cache->kind == FL_KV_INT8;
	return is;
}

static void
attend(const struct job *job, size_t index, int thread, struct fl_scratch *scratch)
{
	const struct fl_attention *a = job->a;
	struct tile t = { .kernels = job->kernels, .dim = a->dim, .group = job->group };
	struct fl_keys own = { a->k, a->v, a->first, a->kv_row, a->kv_head, a->cache };
	/* The last queries see most keys: they go first. */
	size_t query = (job->blocks - 1 - index / (a->sequences * a->kv_heads)) * job->step, at;

	t.head = index % a->kv_heads;
	t.sequence = index / a->kv_heads % a->sequences;
	t.position = a->past + query;
	t.rows = fl_min(job->step, a->queries - query) * job->group;
	t.padded = (t.rows + ATTEND_ROWS - 1) / ATTEND_ROWS * ATTEND_ROWS;
	if (t.sequence) {
		own.k += t.sequence * a->kv_sequence;
		own.v += t.sequence * a->kv_sequence;
	}
	at = ((t.sequence * a->queries + query) * a->heads + t.head * job->group) * a->dim;

	spread(&t, fl_scratch_get(scratch, thread, room(t.padded, t.dim)));
	load_queries(a, &t, at);
	if (is_int8(a))
		load_queries8(a, &t, at);
	for (size_t i = 0; i < a->shareds; i++)
		walk(a, &t, &a->shared[i], i + 1 < a->shareds ? a->shared[i + 1].first : a->first);
	if (own.cache && own.cache->ring)
		walk_ring(a, &t, &own);
	else
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

	j.kernels = a->kernels ? a->kernels : fl_attend_best();
	j.step = j.group < ROWS ? fl_min(ROWS / j.group, a->queries) : 1;
	j.blocks = j.step ? (a->queries + j.step - 1) / j.step : 0;
	j.tiles = a->sequences * a->kv_heads * j.blocks;
	return j;
}

const char *
fl_attention_kernels(void)
{
	return fl_attend_best()->name;
}

void
fl_attention_all(const struct fl_attention *a, size_t n, struct fl_scratch *s)
{
	struct job job[AT_ONCE];

	for (size_t i = 0; i < n;) {
		struct jobs all = { .job = job, .scratch = s };
		size_t tiles = 0;

		for (; i < n && all.n < AT_ONCE; i++) {
			job[all.n] = plan(&a[i], tiles);
			tiles += job[all.n].tiles;
			all.n += job[all.n].tiles > 0;
		}
		fl_parallel(tiles, attend_tile, &all);
	}
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
