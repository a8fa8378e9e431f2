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
 *     marked     the template has {% generation %} blocks: what they print in the whole conversation
 *     compared   answer by answer: what the messages up to it give beyond the messages before it with a
 *                generation prompt, up to and with the special token that ends it
 *
 * A template may write an answer differently once more follows, as those do that leave out earlier
 * reasoning. What is learnt then is what the model has to say when it is its turn: the messages up to that
 * answer are a rendering of their own. An answer that reads the same in a longer text is learnt there, so
 * that a conversation under most templates is one rendering, with all its answers.
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

/* Tells templates that today is date, "2025-01-31", by strftime_now() and by date_string, as Llama's templates have it.
 * NULL leaves both undefined: Llama 3.2's template then has a date of its own, others refuse. */
void fl_chat_set_date(struct fl_chat *c, const char *date);

/* chat_template of a tokenizer_config.json, or the default of several; no string where there is none. */
const struct fl_json *fl_chat_find_template(const struct fl_json *config);

/* A conversation as it is learnt from. Zero-initialise. */
struct fl_chat_tokens {
	struct fl_chat_rendering {
		struct fl_ids ids;
		bool *answer; /* [ids.n] */
	} *v;
	size_t n, cap;
	size_t missed;	   /* answers whose place was not found: they are not learnt, the others are */
	struct fl_err why; /* of the first of these */
};
void fl_chat_tokens_free(struct fl_chat_tokens *t);

/* A conversation, {"messages": [{"role", "content"}, ...], "tools": [...]}, or its messages alone; out is emptied
 * first. Content that is a list of text parts goes to the template as it is, if that makes text of it, else as a string
 * (model/chat_messages.h). Refused: other forms, no answer, none that is found. */
int fl_chat_encode(struct fl_chat *c, const struct fl_json *conversation, struct fl_chat_tokens *out,
    struct fl_err *err) FL_MUST_USE;

/* What the user says, text [len], up to where the answer begins. */
int fl_chat_prompt(struct fl_chat *c, const char *text, size_t len, struct fl_ids *out,
    struct fl_err *err) FL_MUST_USE;

long fl_chat_end(struct fl_chat *c); /* the special token that ends an answer, -1 if there is none */

#endif
