/* SPDX-License-Identifier: Apache-2.0 */
/* weights.h -- a model ready to run: its configuration and its weights as they are stored.
 *
 * Made from a checkpoint, whose mapped bytes are used in place, or from a configuration alone with
 * random weights, for work where only the time it takes counts. Norms and biases are f32. */
#ifndef FL_MODEL_WEIGHTS_H
#define FL_MODEL_WEIGHTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "compute/matrix.h"
#include "io/checkpoint.h"
#include "model/config.h"

struct fl_layer { /* attention members are empty in a skip layer */
	float *attn_norm, *ffn_norm; /* [width] */
	float *q_norm, *k_norm;	     /* [head_dim], NULL without QK-norm */
	float *q_bias, *k_bias, *v_bias, *o_bias; /* [rows of the matrix], NULL without */
	struct fl_matrix q, k, v, o, gate, up, down;
};

struct fl_model {
	struct fl_config config;
	struct fl_matrix embed, head; /* equal if tied */
	float *final_norm;
	struct fl_layer *layer;
	uint64_t bytes; /* of all weights, a tied embedding once */
	struct fl_model_private *own;
};

/* Reads all of r, which the model owns from then on, on failure too. A missing, unknown or misshaped
 * tensor is named. NULL with err set. */
struct fl_model *fl_model_load(struct fl_reader *r, struct fl_err *err) FL_MUST_USE;

/* fl_reader_open() and fl_model_load(). */
struct fl_model *fl_model_open(const char *path, struct fl_err *err) FL_MUST_USE;

/* Random weights in the type the config declares (or quantizes to); c is copied. */
struct fl_model *fl_model_random(const struct fl_config *c, int seed);

/* A model over the floats at w, which the caller owns: the tensors of c one after the other, in the order
 * of the inventory. Its matrices and vectors stand at the places of w, whatever is there. */
struct fl_model *fl_model_f32(const struct fl_config *c, float *w);

/* Puts the quantized weights of linear layers, and of an embedding that is the head, in the order of
 * compute/panels.h, and lets go of what they were. From then on the model computes what 8-bit runtimes do: their
 * inputs are rounded to 8 bits (compute/qgemm.h); before, weights were turned into floats. */
void fl_model_pack(struct fl_model *m);

void fl_model_free(struct fl_model *m); /* NULL is fine */

/* A file of the tokenizer (text/tokenizer.h), generation_config.json or chat_template.jinja of the
 * checkpoint: NUL-terminated, the model's; NULL if it has none. *size may be NULL. */
const char *fl_model_member(const struct fl_model *m, const char *name, size_t *size);

/* The i-th of these files, in a fixed order; false beyond the last. *data is NULL if the checkpoint lacks it. */
bool fl_model_member_at(const struct fl_model *m, size_t i, const char **name, const char **data, size_t *size);

/* As fl_reader_history() and fl_reader_digest(). */
const char *fl_model_history(const struct fl_model *m);
const char *fl_model_digest(const struct fl_model *m);

/* As fl_reader_name(). */
const char *fl_model_name(const struct fl_model *m);

#endif
