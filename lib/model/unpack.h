/* SPDX-License-Identifier: Apache-2.0 */
/* unpack.h -- a matrix in few bits back as numbers, from a stream that brings its integers and its
 * scales one after the other, in either order.
 *
 * What comes first goes to a temporary file; when the other one comes, rows of both are joined. Memory
 * is bounded whatever the size of the matrix. */
#ifndef FL_MODEL_UNPACK_H
#define FL_MODEL_UNPACK_H

#include <stdbool.h>
#include <stdio.h>

#include "base/dtype.h"
#include "base/err.h"
#include "compute/matrix.h"
#include "io/checkpoint.h"

/* The current tensor of `in`, `size` bytes, whole; NULL with err set. The caller closes it. */
FILE *fl_unpack_keep(struct fl_reader *in, size_t size, struct fl_err *err) FL_MUST_USE;

/* Puts m, whose data and scales are not used, as dtype: the current tensor of `in` is the one, `kept`
 * the other; scales_kept says which. A row is stored with `groups` scales. */
int fl_unpack(struct fl_matrix m, size_t groups, FILE *kept, bool scales_kept, struct fl_reader *in,
    enum fl_dtype dtype, struct fl_writer *out, struct fl_err *err) FL_MUST_USE;

#endif
