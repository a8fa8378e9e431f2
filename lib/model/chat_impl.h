/* SPDX-License-Identifier: Apache-2.0 */
/* chat_impl.h -- inside of a chat, for the files of model/ that render conversations and look for answers in them. */
#ifndef FL_MODEL_CHAT_IMPL_H
#define FL_MODEL_CHAT_IMPL_H

#include "model/chat.h"
#include "text/template.h"

struct fl_chat {
	struct fl_tokenizer *tokenizer;
	struct fl_encoder *encoder;
	struct fl_template *template;
	struct fl_json *variables; /* bos_token, ... */
	struct fl_ids part;
};

struct fl_conversation {
	struct fl_json *messages;    /* of fl_chat_messages() */
	const struct fl_json *tools; /* or NULL */
};

/* Adds a message. */
void fl_chat_say(struct fl_json *messages, const char *role, const char *text);

/* Renders the first n messages, and with `prompt` the beginning of an answer after them. */
int fl_chat_render(const struct fl_chat *c, const struct fl_conversation *v, size_t n, bool prompt,
    struct fl_str *out, struct fl_spans *marked, struct fl_err *err) FL_MUST_USE;

/* Makes strings of contents that are none, but where the template makes text of them. */
void fl_chat_settle(const struct fl_chat *c, const struct fl_conversation *v);

#endif
