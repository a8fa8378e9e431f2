/* SPDX-License-Identifier: Apache-2.0 */
/* special.h -- the tokens that end a text, begin one, and pad, for everything here that asks and for every export.
 *
 * They are named by generation_config.json, config.json and the tokenizer, asked in this order, which is transformers'
 * for generation. All that any of them names as an end of text is one; what begins a text and what pads is the first
 * that is named. Null is none, as is a negative id, which older files have for none. */
#ifndef FL_MODEL_SPECIAL_H
#define FL_MODEL_SPECIAL_H

#include <stdbool.h>

#include "base/err.h"
#include "model/weights.h"
#include "text/tokenizer.h"

struct fl_special {
	struct fl_ids ends; /* each once, in the order in which they are named */
	long bos, pad;	    /* -1: none */
	bool text;	    /* there is a tokenizer */
	/* A token that no text gives, for formats that cannot say that none ends a text: a row of the embedding that
	 * has no token, or the unknown token; -1: there is neither. */
	long unused;
};

/* Where they are named. */
struct fl_special_source {
	const char *what; /* the checkpoint, in messages */
	const struct fl_config *config;
	const struct fl_tokenizer *tokenizer; /* or NULL: it is made of the files, and not asked if not understood */
	struct fl_tokenizer_text file[FL_TOKENIZER_FILES];
	struct fl_tokenizer_text generation; /* generation_config.json */
};

/* Reads them all. *s is zeroed first, and the caller's to free, on failure too. */
int fl_special_read(struct fl_special *s, const struct fl_special_source *from, struct fl_err *err) FL_MUST_USE;

/* Reads those of a model; t is its tokenizer or NULL. */
int fl_special_of_model(struct fl_special *s, const struct fl_model *m, const struct fl_tokenizer *t,
    struct fl_err *err) FL_MUST_USE;
void fl_special_free(struct fl_special *s);

bool fl_special_ends(const struct fl_special *s, uint32_t id);

/* Remarks that no token ends a text of the checkpoint `what`, if so and if it has a tokenizer; `then` goes on with what
 * follows from it. */
void fl_special_remark(const struct fl_special *s, const char *what, const char *then);

void fl_special_add_end(struct fl_special *s, long id); /* unless it is one, or -1 */

/* Appends to out the ids under key of json, which is `file` of the checkpoint `what` and was checked
 * (fl_config_check_ids()), but none that is negative, or beyond the vocabulary: no model gives that, and one remark
 * says so. */
void fl_special_ids(const struct fl_json *json, const char *key, int vocab, const char *what, const char *file,
    struct fl_ids *out);

/* Finds the token that begins a text; it is an error if none does. */
int fl_special_bos(const struct fl_model *m, const struct fl_tokenizer *t, long *bos, struct fl_err *err) FL_MUST_USE;

#endif
