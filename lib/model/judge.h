/* SPDX-License-Identifier: Apache-2.0 */
/* judge.h -- a model's marks in a task, as lm-evaluation-harness gives them.
 *
 *     acc    share of questions whose right choice is the likeliest; whose target is the likeliest
 *            text token by token; whose generated answer is one of those given
 *     norm   the same of choices by log-likelihood over the bytes of the choice
 *     nats   mean log-likelihood of targets, negative
 *
 * Of equal choices the first counts. Standard errors are those of a mean of independent questions,
 * s / sqrt(n) with n - 1 in the variance. A figure in which a logit was not finite is NaN. */
#ifndef FL_MODEL_JUDGE_H
#define FL_MODEL_JUDGE_H

#include "base/err.h"
#include "model/prompt.h"
#include "model/special.h"
#include "model/task.h"
#include "model/weights.h"

struct fl_mark { /* of one question */
	double right, right_norm; /* 1, 0 or NaN */
	double *nats;		  /* [pairs] log-likelihoods; NULL if the answer is generated */
	char *answer;		  /* what was generated, else NULL */
	bool cut;		  /* of some prompt the beginning was left out */
};

struct fl_figure {
	double mean, se; /* se: NaN of one question */
};

struct fl_judgement {
	size_t n;
	struct fl_mark *mark; /* [n] */
	bool has_norm, has_nats;
	struct fl_figure acc, norm, nats;
	size_t cut; /* questions */
};

/* special: what ends an answer; only a task of answers asks. Errors name the line of the question, not the file. The
 * caller frees what is in *out, on failure too. */
int fl_judge(const struct fl_model *m, const struct fl_tokenizer *t, const struct fl_special *special,
    const struct fl_task *task, struct fl_prompter *p, struct fl_judgement *out, struct fl_err *err) FL_MUST_USE;
void fl_judgement_free(struct fl_judgement *j);

#endif
