/* SPDX-License-Identifier: Apache-2.0 */
/* prompt.h -- the questions of a task as the tokens a model sees, cut and begun as lm-evaluation-harness does it.
 *
 * The text of a question is its description, the examples, each followed by its separator, and its own
 * context. White space at the end of the context goes to what follows. The tokens of context and target
 * together, but for as many as the context alone has, are the target's; before them stand the context's own,
 * even where the two disagree. A text begins with BOS where the tokenizer says so; a target without any text
 * before it is preceded by BOS, or else by EOS. What is longer than the model's context loses tokens at its
 * beginning. */
#ifndef FL_MODEL_PROMPT_H
#define FL_MODEL_PROMPT_H

#include <stdint.h>

#include "base/err.h"
#include "model/task.h"
#include "text/tokenizer.h"

struct fl_prompter;

/* `shots` examples before each question: the first of `from`, put in an order that `seed` draws, whose line
 * is not the question's own. All are borrowed. Refused if there are too few for a question that is in `from`. */
struct fl_prompter *fl_prompter_new(const struct fl_tokenizer *t, size_t context, const struct fl_task *from,
    size_t shots, uint64_t seed, struct fl_err *err) FL_MUST_USE;
void fl_prompter_free(struct fl_prompter *p); /* NULL is fine */

/* The tokens of one alternative of a question. Those from `first` on are the target's; there is at least
 * one before them, and one of them. */
struct fl_sequence {
	struct fl_ids ids;
	size_t first;
	bool cut; /* tokens are missing at the beginning */
};

int fl_prompt_pair(struct fl_prompter *p, const struct fl_question *q, size_t pair,
    struct fl_sequence *out, struct fl_err *err) FL_MUST_USE;

/* What an answer is to follow, such that max_tokens more fit into the context. */
int fl_prompt_answer(struct fl_prompter *p, const struct fl_question *q, struct fl_sequence *out,
    struct fl_err *err) FL_MUST_USE;

/* What most prompts of questions like this one begin with: description and examples. */
int fl_prompt_common(struct fl_prompter *p, const struct fl_question *q, struct fl_ids *out,
    struct fl_err *err) FL_MUST_USE;

#endif
