/* SPDX-License-Identifier: Apache-2.0 */
#include "compute/kv.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

struct fl_kv
fl_kv_new(size_t heads, size_t dim, size_t capacity)
{
	size_t row = heads * dim * sizeof(float);

	return (struct fl_kv){ .k = fl_alloc_aligned(capacity, row, "the key-value cache"),
		.v = fl_alloc_aligned(capacity, row, "the key-value cache"), .heads = heads, .dim = dim,
		.capacity = capacity };
}

void
fl_kv_free(struct fl_kv *c)
{
	free(c->k);
	free(c->v);
	*c = (struct fl_kv){ 0 };
}

static void
slide(struct fl_kv *c, size_t n, size_t window)
{
	size_t keep = window - 1 < c->length ? window - 1 : c->length, gone = c->length - keep;

	if (c->length + n <= c->capacity)
		return;
	for (size_t h = 0; h < c->heads; h++) {
		float *k = c->k + h * c->capacity * c->dim, *v = c->v + h * c->capacity * c->dim;

		memmove(k, k + gone * c->dim, keep * c->dim * sizeof *k);
		memmove(v, v + gone * c->dim, keep * c->dim * sizeof *v);
	}
	c->first += gone;
	c->length = keep;
}

void
fl_kv_append(struct fl_kv *c, const float *k, const float *v, size_t n, size_t window)
{
	slide(c, n, window);
	for (size_t r = 0; r < n; r++)
		for (size_t h = 0; h < c->heads; h++) {
			size_t from = (r * c->heads + h) * c->dim;
			size_t to = (h * c->capacity + c->length + r) * c->dim;

			memcpy(c->k + to, k + from, c->dim * sizeof *k);
			memcpy(c->v + to, v + from, c->dim * sizeof *v);
		}
	c->length += n;
}

bool
fl_kv_has(const struct fl_kv *c, size_t at, size_t window)
{
	return c->first == 0 || (window && c->first + window <= at + 1);
}

struct fl_keys
fl_kv_keys(const struct fl_kv *c)
{
	return (struct fl_keys){ c->k, c->v, c->first, c->dim, c->capacity * c->dim };
}
