/* SPDX-License-Identifier: Apache-2.0 */
/* gguf_impl.h -- a model as a GGUF file for llama.cpp: the parts of that target.
 *
 *     gguf_form.c	which of the architectures llama.cpp knows computes this model, and its keys
 *     gguf_vocab.c	the tokenizer as keys
 *     gguf_tensors.c	every tensor of the file, and its data
 *     gguf_model.c	the target itself */
#ifndef FL_EXPORT_GGUF_IMPL_H
#define FL_EXPORT_GGUF_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "export/export.h"
#include "export/gguf.h"
#include "model/config.h"
#include "model/roles.h"
#include "model/weights.h"
#include "text/tokenizer.h"

/* What stands for a layer without attention. */
enum fl_gguf_skip {
	FL_SKIP_NONE,	  /* the architecture has no such layers */
	FL_SKIP_ABSENT,	  /* no heads and no tensors; layer 0: a product with a matrix of zeros */
	FL_SKIP_ONE_HEAD, /* attention of one head whose weights are zero: x + 0 */
	FL_SKIP_ZEROS,	  /* attention of all heads whose weights are zero */
};

struct fl_gguf_form {
	const char *arch;
	enum fl_gguf_skip skip;
	bool neighbours; /* RoPE turns dimensions 2i and 2i+1, not i and i + D/2: rows of q and k move */
	bool windows;	 /* has a flag a layer for sliding windows, and wants it */
	bool double_rope; /* states twice the rotated dimensions */
	bool needs_head; /* a tied embedding is stored a second time */
	bool sinks;	 /* wants attention sinks: -1e30 is none */
};

/* NULL with err set (FL_EXIT_NO) where none computes the same. Lives for ever. */
const struct fl_gguf_form *fl_gguf_form_choose(const struct fl_config *c, struct fl_err *err);
const struct fl_gguf_form *fl_gguf_form_find(const char *arch, size_t len); /* by its name, NULL: none */
void fl_gguf_form_keys(const struct fl_gguf_form *f, const struct fl_config *c, struct fl_gguf *g);

/* What llama.cpp calls a weight, "blk.N." in front of those of layers and ".weight" or ".bias" behind; and q, k and v in
 * one, as its converter may write them. */
extern const char *const fl_gguf_names[FL_ROLES];
#define FL_GGUF_QKV "attn_qkv"

/* tokenizer.* of m's tokenizer.json; without one, that there is none. */
int fl_gguf_vocab_keys(const struct fl_model *m, struct fl_gguf *g, struct fl_err *err)
    FL_MUST_USE;

/* Whether the tokenizer can be written for c. */
int fl_gguf_vocab_check(const struct fl_tokenizer *t, const struct fl_config *c, struct fl_err *err) FL_MUST_USE;

/* Whether llama.cpp ends a text at this token, whatever the keys say. */
bool fl_gguf_ends_by_text(const char *token);

struct fl_gguf_tensor {
	char name[FL_GGUF_NAME + 1];
	enum fl_ggml_type type;
	uint64_t cols, rows;	      /* rows 0: a vector, F32 */
	const struct fl_matrix *from; /* what it holds; or */
	const float *vector;
	float fill; /* this everywhere; 0 in a matrix */
	int head_dim; /* rows (elements) of each head of this size move, see `neighbours`; 0: they stay */
};

/* Zero-initialise. m must outlive it. */
struct fl_gguf_tensors {
	struct fl_gguf_tensor *v;
	size_t n, cap;
	float *rope_freqs;
	enum fl_ggml_type type; /* of the linear layers, the label of the file */
};

int fl_gguf_tensors_plan(struct fl_gguf_tensors *t, const struct fl_model *m,
    const struct fl_gguf_form *f, enum fl_export_type type, struct fl_err *err) FL_MUST_USE;
int fl_gguf_tensors_write(const struct fl_gguf_tensors *t, struct fl_gguf *g, struct fl_err *err)
    FL_MUST_USE;
void fl_gguf_tensors_free(struct fl_gguf_tensors *t);

int fl_gguf_model_check(const struct fl_config *c, const struct fl_export_opts *o, struct fl_err *err)
    FL_MUST_USE;
int fl_gguf_model_write(struct fl_reader *in, const struct fl_config *c, const struct fl_export_opts *o,
    struct fl_err *err) FL_MUST_USE;

#endif
