/* SPDX-License-Identifier: Apache-2.0 */
/* onnx.h -- writing an ONNX model: a graph, and where the data of its tensors lies.
 *
 *     o = fl_onnx_new(21, "model.onnx.data");		opset, and the file beside it that holds the data
 *     fl_onnx_input(o, "x", FL_ONNX_F32, 2, dims);
 *     fl_onnx_tensor(o, &tensor, offset);		an initializer, so far into that file
 *     fl_onnx_node(o, NULL, "MatMul", "product", IN("x", "w"), OUT("y"));
 *     fl_onnx_int(o, "axis", -1);			an attribute of the latest node
 *     fl_onnx_pack(o, &text);				model.onnx
 *     fl_onnx_free(o);
 *
 * Nodes stand in the order of the computation, as the format wants it. All strings are copied. */
#ifndef FL_EXPORT_ONNX_H
#define FL_EXPORT_ONNX_H

#include <stdint.h>

#include "base/str.h"

/* The format's numbers for types of elements. */
enum fl_onnx_type { FL_ONNX_F32 = 1, FL_ONNX_U8 = 2, FL_ONNX_I32 = 6, FL_ONNX_I64 = 7 };

enum { FL_ONNX_DIMS = 4, FL_ONNX_PORTS = 9 /* inputs or outputs of a node, at most */ };

/* A dimension of an input or output: a number, or a name for what is known when it runs. */
struct fl_onnx_dim {
	const char *name; /* NULL: */
	int64_t size;
};

struct fl_onnx;

struct fl_onnx *fl_onnx_new(int opset, const char *data);
void fl_onnx_free(struct fl_onnx *o); /* NULL is fine */

void fl_onnx_input(struct fl_onnx *o, const char *name, enum fl_onnx_type type, int ndim,
    const struct fl_onnx_dim *dim);
void fl_onnx_output(struct fl_onnx *o, const char *name, enum fl_onnx_type type, int ndim,
    const struct fl_onnx_dim *dim);

/* domain NULL: ONNX's own. in and out end with NULL; "" is one that is left out. */
void fl_onnx_node(struct fl_onnx *o, const char *domain, const char *op, const char *name,
    const char *const *in, const char *const *out);
void fl_onnx_int(struct fl_onnx *o, const char *name, int64_t v);
void fl_onnx_float(struct fl_onnx *o, const char *name, float v);

/* Integers that are part of the graph: ndim 0 one, 1 a vector of n. */
void fl_onnx_ints(struct fl_onnx *o, const char *name, int ndim, const int64_t *v, size_t n);

/* A tensor of `size` bytes at `offset` of the data file. Two may share bytes. */
void fl_onnx_tensor(struct fl_onnx *o, const char *name, enum fl_onnx_type type, int ndim,
    const uint64_t *dim, uint64_t offset, uint64_t size);

/* Appends the whole to out. */
void fl_onnx_pack(const struct fl_onnx *o, struct fl_str *out);

#endif
