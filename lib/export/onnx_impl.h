/* SPDX-License-Identifier: Apache-2.0 */
/* onnx_impl.h -- a model as a decoder for ONNX Runtime: the parts of that target.
 *
 *     onnx_graph.c	the computation, and what its tensors are made of
 *     onnx_data.c	their bytes
 *     onnx_genai.c	genai_config.json
 *     onnx_model.c	the target itself */
#ifndef FL_EXPORT_ONNX_IMPL_H
#define FL_EXPORT_ONNX_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "export/export.h"
#include "export/onnx.h"
#include "io/output.h"
#include "model/config.h"
#include "model/weights.h"

#define FL_ONNX_MODEL_NAME "model.onnx"
#define FL_ONNX_DATA_NAME "model.onnx.data"

enum fl_onnx_what {
	FL_ONNX_VALUES, /* a matrix as f32 */
	FL_ONNX_PACKED, /* its integers as they are stored */
	FL_ONNX_SCALES, /* their scales as f32 */
	FL_ONNX_VECTOR,
	FL_ONNX_COS, /* of every position and pair of dimensions */
	FL_ONNX_SIN,
};

/* A run of bytes of the data file. */
struct fl_onnx_piece {
	enum fl_onnx_what what;
	const struct fl_matrix *matrix;
	const float *vector;
	uint64_t offset, size;
};

/* Zero-initialise. The model must outlive it. */
struct fl_onnx_graph {
	struct fl_onnx *onnx;
	struct fl_onnx_piece *piece; /* in the order of the file */
	size_t n, cap;
	uint64_t size; /* of the data file */
	int caches;    /* layers that have one */
};

/* Of o, type and last_logits count. */
void fl_onnx_graph_make(struct fl_onnx_graph *g, const struct fl_model *m, const struct fl_export_opts *o);
void fl_onnx_graph_free(struct fl_onnx_graph *g);

/* The data file. */
int fl_onnx_data_write(const struct fl_onnx_graph *g, const struct fl_model *m, struct fl_output *out,
    struct fl_err *err) FL_MUST_USE;

/* The caller's to free. NULL with err set. */
struct fl_json *fl_onnx_genai(const struct fl_model *m, int caches, struct fl_err *err) FL_MUST_USE;

int fl_onnx_model_check(const struct fl_config *c, const struct fl_export_opts *o, struct fl_err *err)
    FL_MUST_USE;
int fl_onnx_model_write(struct fl_reader *in, const struct fl_config *c, const struct fl_export_opts *o,
    struct fl_err *err) FL_MUST_USE;

#endif
