/* SPDX-License-Identifier: Apache-2.0 */
#include "base/tensor.h"

#include <stdio.h>

#include "base/alloc.h"

int
fl_tensor_init(struct fl_tensor *t, const char *name, enum fl_dtype dtype, int ndim,
    const uint64_t *shape)
{
	size_t size = fl_dtype_size(dtype);

	if (ndim < 0 || ndim > FL_TENSOR_DIMS)
		return -1;
	*t = (struct fl_tensor){ .name = name, .dtype = dtype, .ndim = ndim };
	for (int i = 0; i < ndim; i++) {
		t->shape[i] = shape[i];
		if (fl_size_mul(size, shape[i], &size) < 0)
			return -1;
	}
	t->size = size;
	return 0;
}

uint64_t
fl_tensor_rows(const struct fl_tensor *t)
{
	return t->ndim > 1 ? t->shape[0] : 1;
}

size_t
fl_tensor_row_size(const struct fl_tensor *t)
{
	uint64_t rows = fl_tensor_rows(t);

	return rows ? t->size / rows : 0;
}

char *
fl_tensor_shape(const struct fl_tensor *t, char *buf)
{
	int n = snprintf(buf, FL_TENSOR_SHAPE_LEN, "[");

	for (int i = 0; i < t->ndim; i++)
		n += snprintf(buf + n, FL_TENSOR_SHAPE_LEN - (size_t)n, "%s%llu", i ? ", " : "",
		    (unsigned long long)t->shape[i]);
	snprintf(buf + n, FL_TENSOR_SHAPE_LEN - (size_t)n, "]");
	return buf;
}
