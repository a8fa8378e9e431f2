/* SPDX-License-Identifier: Apache-2.0 */
/* gguf_import_impl.h -- the parts of an import.
 *
 *     gguf_import_config.c	keys and shapes to config.json
 *     gguf_import_rope.c	RoPE and its scaling
 *     gguf_import_tokenizer.c	keys to the files of a tokenizer, see gguf_import_words.h
 *     gguf_import_tensors.c	where each weight comes from, and its data
 *     gguf_import.c		the whole */
#ifndef FL_EXPORT_GGUF_IMPORT_IMPL_H
#define FL_EXPORT_GGUF_IMPORT_IMPL_H

#include "base/digest.h"
#include "export/gguf_file.h"
#include "export/gguf_impl.h"
#include "export/gguf_import.h"
#include "model/roles.h"

/* What all parts read. */
struct fl_gguf_source {
	const struct fl_gguf_file *file;
	const struct fl_gguf_form *form;
	struct fl_err *err;
};

/* Returns the whole name of a key of the architecture, "llama.block_count" for ".block_count", in buf of FL_GGUF_KEY
 * bytes. */
enum { FL_GGUF_KEY = 128 };
const char *fl_gguf_import_key(const struct fl_gguf_source *s, const char *key, char *buf);

/* Returns a number of the architecture, `otherwise` where there is no such key. */
double fl_gguf_import_real(const struct fl_gguf_source *s, const char *key, double otherwise);

/* Finds the tensor "blk.N.STEM.ENDING", or "STEM.ENDING" where layer is negative. NULL: there is none. */
const struct fl_gguf_stored *fl_gguf_import_tensor(const struct fl_gguf_source *s, int layer, const char *stem,
    const char *ending);

/* Dequantizes a row into dst [t->cols]. */
void fl_gguf_import_row(const struct fl_gguf_stored *t, uint64_t row, float *dst);

/* Returns the numbers [t->cols] of a tensor of one row, NULL of any other. The caller frees. */
float *fl_gguf_import_vector(const struct fl_gguf_stored *t);
bool fl_gguf_import_is_zero(const struct fl_gguf_stored *t); /* is all of it zero? */

/* Makes the configuration of the file, which fl_config_free() frees. */
int fl_gguf_import_config(const struct fl_gguf_source *s, struct fl_config *c) FL_MUST_USE;

/* Sets rope_theta and rope_scaling of a config.json. */
int fl_gguf_import_rope(const struct fl_gguf_source *s, int head_dim, int context, struct fl_json *config) FL_MUST_USE;

/* Does row id of the embedding have a token? An empty text is none, nor is what stands for a row without one. */
bool fl_gguf_import_has_token(const struct fl_gguf_keys *keys, size_t id);

/* Returns the token that a key such as "tokenizer.ggml.eos_token_id" names, -1 if it names none. */
long long fl_gguf_import_special(const struct fl_gguf_keys *keys, const char *key);

/* Makes the files of its tokenizer, all NULL where it has none. fl_gguf_import_tokenizer_free() frees them. */
struct fl_gguf_tokenizer {
	struct fl_json *tokenizer, *config, *generation; /* tokenizer.json, tokenizer_config.json, generation_config.json */
};
int fl_gguf_import_tokenizer(const struct fl_gguf_file *g, const char *pre, struct fl_gguf_tokenizer *out,
    struct fl_err *err) FL_MUST_USE;
void fl_gguf_import_tokenizer_free(struct fl_gguf_tokenizer *t);

/* Finds every weight of c in the file, of which no tensor may be left over, and gives them their types, c that of the
 * embedding. NULL with err set. */
struct fl_gguf_weights;
struct fl_gguf_weights *fl_gguf_import_weights(const struct fl_gguf_source *s, struct fl_config *c,
    enum fl_dtype dtype);
void fl_gguf_import_weights_free(struct fl_gguf_weights *w); /* NULL is fine */

/* Writes them as model.safetensors, and adds what was read to the digest. */
int fl_gguf_import_write(const struct fl_gguf_weights *w, struct fl_writer *out, struct fl_digest *digest,
    struct fl_err *err) FL_MUST_USE;

#endif
