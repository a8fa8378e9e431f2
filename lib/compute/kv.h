/* SPDX-License-Identifier: Apache-2.0 */
/* kv.h -- keys and values of the tokens that one layer has seen, as the kernels of attention want them.
 *
 * f32, or 8 bits with a scale and a zero point a token and head (ExecuTorch's
 * choose_qparams_per_token_asymmetric). A slot is a place for one token of every head. Keys lie in strips
 * of FL_STRIP slots, the same element of all of them side by side (of 8 bits: the same four elements);
 * values slot by slot.
 *
 * The cache of a layer with a window may slide, throwing away from time to time what no later token sees,
 * or be a ring, where position p is always in slot p % capacity. */
#ifndef FL_COMPUTE_KV_H
#define FL_COMPUTE_KV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FL_STRIP = 16 };
enum fl_kv_kind { FL_KV_F32, FL_KV_INT8 };
extern const char *const fl_kv_kinds[]; /* their names; NULL ends them */
enum fl_kv_kind fl_kv_kind(const char *name); /* one of these */

struct fl_kv {
	enum fl_kv_kind kind;
	bool ring;
	size_t heads, dim, capacity; /* slots, a multiple of FL_STRIP */
	size_t first, length;	     /* positions first .. first+length-1 are there */
	/* f32: k [heads, capacity / FL_STRIP, dim, FL_STRIP], v [heads, capacity, dim] */
	float *k, *v;
	/* 8 bits, words = dim / 4 rounded up: k8 [heads, capacity / FL_STRIP, words, FL_STRIP, 4], v8 as v; of
	 * each head and slot the rest [heads, capacity], as compute/attend.h has it */
	int8_t *k8, *v8;
	float *k_scale, *v_scale, *v_zero;
	int32_t *k_zero, *k_rest;
};

/* For `capacity` positions or a few more. */
struct fl_kv fl_kv_new(enum fl_kv_kind kind, size_t heads, size_t dim, size_t capacity);
void fl_kv_free(struct fl_kv *c); /* a zeroed one is fine */
size_t fl_kv_bytes(const struct fl_kv *c);
size_t fl_kv_slot_bytes(enum fl_kv_kind kind, size_t heads, size_t dim); /* of them, those of one slot */

/* Appends n positions, k and v [n, heads, dim]; there is room for them, or the layer has a window > 0 and
 * the capacity is at least window + n + FL_STRIP (of a ring: window + n - 1). */
void fl_kv_append(struct fl_kv *c, const float *k, const float *v, size_t n, size_t window);

/* Whether everything is still there that a token at position `at` would see. */
bool fl_kv_has(const struct fl_kv *c, size_t at, size_t window);

/* The rounding: x ~ scale (q - zero). Values that are not finite give some q. */
void fl_kv_round(int8_t *q, float *scale, int32_t *zero, const float *x, size_t n);

#endif
