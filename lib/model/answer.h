/* SPDX-License-Identifier: Apache-2.0 */
/* answer.h -- texts that a model gives after prompts, the likeliest token at each step.
 *
 * What a prompt begins with in common with the one before it is not computed again. */
#ifndef FL_MODEL_ANSWER_H
#define FL_MODEL_ANSWER_H

#include "base/err.h"
#include "base/str.h"
#include "model/prompt.h"
#include "model/special.h"
#include "model/weights.h"
#include "text/tokenizer.h"

struct fl_answerer;

/* For prompts that leave room for the answer in the model's context. All are borrowed. */
struct fl_answerer *fl_answerer_new(const struct fl_model *m, const struct fl_tokenizer *t,
    const struct fl_special *special);
void fl_answerer_free(struct fl_answerer *a); /* NULL is fine */

/* Appends what comes after the prompt, up to the first of q->until, to the end of the text, or to
 * q->max_tokens; special tokens are no text. 1: the model is ruined, a logit is not finite. */
int fl_answer(struct fl_answerer *a, const struct fl_sequence *prompt, const struct fl_question *q,
    struct fl_str *out, struct fl_err *err) FL_MUST_USE;

#endif
