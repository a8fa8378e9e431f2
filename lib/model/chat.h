/* SPDX-License-Identifier: Apache-2.0 */
/* chat.h -- conversations as the tokens that a model sees, and which of them are its answers.
 *
 * A checkpoint's chat template is its chat_template.jinja, or else chat_template of its
 * tokenizer_config.json, a text or a list of named ones, of which "default" is taken. It is given the
 * messages, their tools, and the tokens that tokenizer_config.json names (bos_token, ...), as
 * transformers does it; the text is encoded whole, special tokens recognised, nothing put in front.
 *
 * What the assistant says is found in one of two ways:
 *
 *     marked     the template has {% generation %} blocks: what they print
 *     compared   an answer begins where the text goes beyond the messages before it with a generation
 *                prompt, which have to begin the text; it ends with the first special token after the
 *                message. Without one it ends where the messages up to it do, if those begin the text.
 *
 * A place in the text is before the first token that differs when the text up to there is encoded alone. */
#ifndef FL_MODEL_CHAT_H
#define FL_MODEL_CHAT_H

#include <stdint.h>

#include "base/err.h"
#include "base/json.h"
#include "model/params.h"
#include "model/weights.h"
#include "text/tokenizer.h"

struct fl_chat;

/* With a tokenizer of its own; texts of files are NULL where there is none. NULL with err set: no tokenizer,
 * no template, one that is not understood. */
struct fl_chat *fl_chat_of_params(const struct fl_params *p, struct fl_err *err) FL_MUST_USE;
struct fl_chat *fl_chat_of_model(const struct fl_model *m, struct fl_err *err) FL_MUST_USE;
struct fl_chat *fl_chat_new(struct fl_tokenizer *t, const char *config, size_t config_len,
    const char *jinja, size_t jinja_len, struct fl_err *err) FL_MUST_USE; /* t is the chat's, on failure too */
void fl_chat_free(struct fl_chat *c); /* NULL is fine */
const struct fl_tokenizer *fl_chat_tokenizer(const struct fl_chat *c);

struct fl_chat_tokens { /* zero-initialise */
	struct fl_ids ids;
	bool *answer; /* [ids.n] */
};
void fl_chat_tokens_free(struct fl_chat_tokens *t);

/* A conversation, {"messages": [{"role", "content"}, ...], "tools": [...]}; out is emptied first. Refused:
 * other forms, no answer, an answer that is not found. */
int fl_chat_encode(struct fl_chat *c, const struct fl_json *conversation, struct fl_chat_tokens *out,
    struct fl_err *err) FL_MUST_USE;

/* What the user says, text [len], up to where the answer begins. */
int fl_chat_prompt(struct fl_chat *c, const char *text, size_t len, struct fl_ids *out,
    struct fl_err *err) FL_MUST_USE;

long fl_chat_end(struct fl_chat *c); /* the special token that ends an answer, -1 if there is none */

#endif
