/* SPDX-License-Identifier: Apache-2.0 */
#include "compute/kv.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/parallel.h"
#include "compute/int8_row.h"

const char *const fl_kv_kinds[] = { "f32", "int8", NULL };

static const char what[] = "the key-value cache";

enum fl_kv_kind
fl_kv_kind(const char *name)
{
	return strcmp(name, fl_kv_kinds[FL_KV_INT8]) == 0 ? FL_KV_INT8 : FL_KV_F32;
}

static size_t
words(const struct fl_kv *c)
{
	return (c->dim + 3) / 4;
}

size_t
fl_kv_slot_bytes(enum fl_kv_kind kind, size_t heads, size_t dim)
{
	if (kind == FL_KV_F32)
		return heads * 2 * dim * sizeof(float);
	return heads * ((dim + 3) / 4 * 4 + dim + 3 * sizeof(float) + 2 * sizeof(int32_t));
}

struct fl_kv
fl_kv_new(enum fl_kv_kind kind, size_t heads, size_t dim, size_t capacity)
{
	struct fl_kv c = { .kind = kind, .heads = heads, .dim = dim };
	size_t slots;

	c.capacity = (capacity + FL_STRIP - 1) / FL_STRIP * FL_STRIP;
	slots = heads * c.capacity;
	if (kind == FL_KV_F32) {
		c.k = fl_alloc_aligned(slots, dim * sizeof *c.k, what);
		c.v = fl_alloc_aligned(slots, dim * sizeof *c.v, what);
		return c;
	}
	c.k8 = fl_alloc_aligned(slots, words(&c) * 4, what);
	c.v8 = fl_alloc_aligned(slots, dim, what);
	c.k_scale = fl_alloc_aligned(slots, sizeof *c.k_scale, what);
	c.v_scale = fl_alloc_aligned(slots, sizeof *c.v_scale, what);
	c.v_zero = fl_alloc_aligned(slots, sizeof *c.v_zero, what);
	c.k_zero = fl_alloc_aligned(slots, sizeof *c.k_zero, what);
	c.k_rest = fl_alloc_aligned(slots, sizeof *c.k_rest, what);
	return c;
}

void
fl_kv_free(struct fl_kv *c)
{
	free(c->k);
	free(c->v);
	free(c->k8);
	free(c->v8);
	free(c->k_scale);
	free(c->v_scale);
	free(c->v_zero);
	free(c->k_zero);
	free(c->k_rest);
	*c = (struct fl_kv){ 0 };
}

size_t
fl_kv_bytes(const struct fl_kv *c)
{
	return c->capacity * fl_kv_slot_bytes(c->kind, c->heads, c->dim);
}

/* --- what no later token sees goes, in whole strips --- */

static void
move(void *base, size_t head, size_t gone, size_t keep, const struct fl_kv *c, size_t size)
{
	char *p = (char *)base + head * c->capacity * size;

	memmove(p, p + gone * size, keep * size);
}

static void
slide(struct fl_kv *c, size_t window)
{
	size_t gone = c->length > window - 1 ? (c->length - (window - 1)) / FL_STRIP * FL_STRIP : 0;
	size_t keep = c->length - gone, strips = (keep + FL_STRIP - 1) / FL_STRIP * FL_STRIP;

	for (size_t h = 0; h < c->heads; h++)
		if (c->kind == FL_KV_F32) {
			move(c->k, h, gone, strips, c, c->dim * sizeof *c->k);
			move(c->v, h, gone, keep, c, c->dim * sizeof *c->v);
		} else {
			move(c->k8, h, gone, strips, c, words(c) * 4);
			move(c->v8, h, gone, keep, c, c->dim);
			move(c->k_scale, h, gone, keep, c, sizeof *c->k_scale);
			move(c->v_scale, h, gone, keep, c, sizeof *c->v_scale);
			move(c->v_zero, h, gone, keep, c, sizeof *c->v_zero);
			move(c->k_zero, h, gone, keep, c, sizeof *c->k_zero);
			move(c->k_rest, h, gone, keep, c, sizeof *c->k_rest);
		}
	c->first += gone;
	c->length = keep;
}

/* --- one token of one head --- */

void
fl_kv_round(int8_t *q, float *scale, int32_t *zero, const float *x, size_t n)
{
	float z;

	fl_int8_range(x, n, scale, &z);
	fl_int8_round(q, x, n, *scale, z);
	*zero = (int32_t)z;
}

static void
store_f32(struct fl_kv *c, size_t slot, const float *k, const float *v)
{
	float *strip = c->k + slot / FL_STRIP * FL_STRIP * c->dim + slot % FL_STRIP;

	for (size_t d = 0; d < c->dim; d++)
		strip[d * FL_STRIP] = k[d];
	memcpy(c->v + slot * c->dim, v, c->dim * sizeof *v);
}

static void
store_int8(struct fl_kv *c, size_t slot, const float *k, const float *v)
{
	int8_t *strip = c->k8 + slot / FL_STRIP * FL_STRIP * words(c) * 4 + slot % FL_STRIP * 4;
	int32_t sum = 0, zero;
	int8_t *q = c->v8 + slot * c->dim; /* the key is rounded where the value will be */

	fl_kv_round(q, &c->k_scale[slot], &c->k_zero[slot], k, c->dim);
	for (size_t d = 0; d < c->dim; d++) {
		strip[d / 4 * FL_STRIP * 4 + d % 4] = q[d];
		sum += q[d];
	}
	c->k_rest[slot] = sum - (int32_t)c->dim * c->k_zero[slot];
	fl_kv_round(q, &c->v_scale[slot], &zero, v, c->dim);
	c->v_zero[slot] = (float)zero;
}

struct job {
	struct fl_kv *c;
	const float *k, *v;
	size_t n, at; /* positions, and the first of them */
};

static void
append_head(void *ctx, size_t head, int thread)
{
	const struct job *j = ctx;
	struct fl_kv *c = j->c;

	(void)thread;
	for (size_t r = 0; r < j->n; r++) {
		size_t from = (r * c->heads + head) * c->dim;
		size_t slot = head * c->capacity + (c->ring ? (j->at + r) % c->capacity : j->at + r - c->first);

		(c->kind == FL_KV_F32 ? store_f32 : store_int8)(c, slot, j->k + from, j->v + from);
	}
}

enum { FEW = 8 /* positions that are not worth waking a thread for */ };

void
fl_kv_append(struct fl_kv *c, const float *k, const float *v, size_t n, size_t window)
{
	struct job j = { c, k, v, n, 0 };

	if (!c->ring && c->length + n > c->capacity)
		slide(c, window);
	j.at = c->first + c->length;
	if (n < FEW)
		for (size_t h = 0; h < c->heads; h++)
			append_head(&j, h, 0);
	else
		fl_parallel(c->heads, append_head, &j);
	c->length += n;
	if (c->ring && c->length > c->capacity) {
		c->first += c->length - c->capacity;
		c->length = c->capacity;
	}
}

bool
fl_kv_has(const struct fl_kv *c, size_t at, size_t window)
{
	return c->first == 0 || (window && c->first + window <= at + 1);
}
