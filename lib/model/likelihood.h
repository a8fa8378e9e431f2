/* SPDX-License-Identifier: Apache-2.0 */
/* likelihood.h -- how likely a model finds the ends of many sequences.
 *
 * What neighbouring sequences of one group begin with in common is computed once, and so is a
 * beginning that most of all have; groups are put together into batches. Figures are the same bytes at
 * any number of threads, and within rounding in whatever company a sequence comes. */
#ifndef FL_MODEL_LIKELIHOOD_H
#define FL_MODEL_LIKELIHOOD_H

#include <stdint.h>

#include "base/err.h"
#include "model/prompt.h"
#include "model/weights.h"

struct fl_likelihood {
	double nats; /* log-likelihood of the tokens from `first` on; NaN if the model is ruined */
	bool greedy; /* each of them is the likeliest, of equal ones the lowest */
};

/* Sequences s[i] of out[i]; those of a group follow one another. A sequence has at most
 * context + 1 tokens. `common`: what many may begin with. */
int fl_likelihoods(const struct fl_model *m, const struct fl_sequence *s, const size_t *group, size_t n,
    const struct fl_ids *common, struct fl_likelihood *out, struct fl_err *err) FL_MUST_USE;

#endif
