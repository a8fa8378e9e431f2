/* SPDX-License-Identifier: Apache-2.0 */
/* kv.h -- keys and values of the tokens that one layer has seen. */
#ifndef FL_COMPUTE_KV_H
#define FL_COMPUTE_KV_H

#include <stdbool.h>

#include "compute/attention.h"

/* [heads, capacity, dim] each, positions first .. first+length-1. */
struct fl_kv {
	float *k, *v;
	size_t heads, dim, capacity, first, length;
};

struct fl_kv fl_kv_new(size_t heads, size_t dim, size_t capacity);
void fl_kv_free(struct fl_kv *c); /* a zeroed one is fine */

/* Appends n positions, k and v [n, heads, dim]. Where there is no room for them with a window layer
 * (window > 0), what no later token sees is thrown away first. */
void fl_kv_append(struct fl_kv *c, const float *k, const float *v, size_t n, size_t window);

/* Whether everything is still there that a token at position `at` would see. */
bool fl_kv_has(const struct fl_kv *c, size_t at, size_t window);

struct fl_keys fl_kv_keys(const struct fl_kv *c);

#endif
