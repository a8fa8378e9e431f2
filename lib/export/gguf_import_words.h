/* SPDX-License-Identifier: Apache-2.0 */
/* gguf_import_words.h -- the tokens of a GGUF file, and the parts of a tokenizer.json made of them.
 *
 *     gguf_import_tokenizer.c	tokens, those that are special, and the files of a tokenizer
 *     gguf_import_bpe.c	vocabulary and merges
 *     gguf_import_pipeline.c	what is done to text around them */
#ifndef FL_EXPORT_GGUF_IMPORT_WORDS_H
#define FL_EXPORT_GGUF_IMPORT_WORDS_H

#include "base/json.h"
#include "export/gguf_import_impl.h"
#include "export/gguf_pre.h"

#define FL_GGUF_TOKENIZER "tokenizer.ggml."
#define FL_GGUF_META "\xe2\x96\x81" /* U+2581 */

struct fl_gguf_words {
	const struct fl_gguf_keys *keys;
	size_t n;
	char **text;   /* [n] UTF-8, ended by NULs */
	uint8_t *type; /* [n] enum fl_gguf_token */
	bool llama;    /* sentencepiece; else gpt2 */
	const struct fl_gguf_pre *pre; /* of gpt2 */
	struct fl_err *err;
};

/* Returns the text of the token that a key names, NULL if it names none. */
const char *fl_gguf_words_token(const struct fl_gguf_words *w, const char *key);
const char *fl_gguf_words_unknown(const struct fl_gguf_words *w); /* what stands for what no token covers */

bool fl_gguf_words_flag(const struct fl_gguf_words *w, const char *key, bool otherwise);
bool fl_gguf_words_add_bos(const struct fl_gguf_words *w); /* begins each text */
bool fl_gguf_words_add_eos(const struct fl_gguf_words *w); /* ends it */

/* Makes the member "model"; NULL with w->err set. */
struct fl_json *fl_gguf_import_bpe(const struct fl_gguf_words *w);

/* Sets the members "normalizer", "pre_tokenizer", "post_processor" and "decoder". */
void fl_gguf_import_pipeline(const struct fl_gguf_words *w, struct fl_json *tokenizer);

#endif
