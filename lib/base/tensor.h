/* SPDX-License-Identifier: Apache-2.0 */
/* tensor.h -- what a stored tensor is: plain data, row-major, owned by whoever filled it in. */
#ifndef FL_BASE_TENSOR_H
#define FL_BASE_TENSOR_H

#include <stdint.h>

#include "base/dtype.h"

enum { FL_TENSOR_DIMS = 4 };

struct fl_tensor {
	const char *name;
	enum fl_dtype dtype;
	int ndim;			  /* 0 for a scalar */
	uint64_t shape[FL_TENSOR_DIMS];	  /* outermost first; [out, in] for a matrix */
	size_t size;			  /* bytes: the product of shape times the element size */
};

/* Fills t, computing size; 0, or -1 when ndim or the size is out of range. */
int fl_tensor_init(struct fl_tensor *t, const char *name, enum fl_dtype dtype, int ndim,
    const uint64_t *shape);

uint64_t fl_tensor_rows(const struct fl_tensor *t); /* shape[0] of a matrix, 1 for fewer dims */
size_t fl_tensor_row_size(const struct fl_tensor *t); /* bytes: size / rows; 0 if there are none */

/* "[2048, 512]", in buf of FL_TENSOR_SHAPE_LEN bytes; returns buf. */
#define FL_TENSOR_SHAPE_LEN 96
char *fl_tensor_shape(const struct fl_tensor *t, char *buf);

#endif
