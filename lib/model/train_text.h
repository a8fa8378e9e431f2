/* SPDX-License-Identifier: Apache-2.0 */
/* train_text.h -- what a run is trained on, tokens or conversations, as samples and under a name. */
#ifndef FL_MODEL_TRAIN_TEXT_H
#define FL_MODEL_TRAIN_TEXT_H

#include "base/digest.h"
#include "base/err.h"
#include "model/chat.h"
#include "model/chat_file.h"
#include "model/config.h"
#include "model/samples.h"
#include "text/tokenizer.h"
#include "text/tokens.h"

struct fl_train_text {
	struct fl_samples samples;
	char name[FL_DIGEST_LEN]; /* of all that the samples are */

	struct fl_tokens *tokens; /* private: one of the two holds them */
	struct fl_chat_file chat;
};

/* Samples of `context` tokens, 0 for the usual, of a model of configuration c, from a file of tokens. With `documents`,
 * else NULL, the end-of-text token of that tokenizer divides documents that do not see one another; it is borrowed. */
int fl_train_text_tokens(struct fl_train_text *t, const char *path, const struct fl_config *c, int context, int seed,
    const struct fl_tokenizer *documents, struct fl_err *err) FL_MUST_USE;

/* From a file of conversations, which are documents each, by a template that is borrowed. */
int fl_train_text_chat(struct fl_train_text *t, const char *path, const struct fl_config *c, int context, int seed,
    struct fl_chat *chat, struct fl_err *err) FL_MUST_USE;

#endif
