/* SPDX-License-Identifier: Apache-2.0 */
/* sample.h -- the next token from its logits: the most likely one, or one drawn from
 * softmax(logits / temperature), cut down to the nucleus (Holtzman et al., 2020): the fewest tokens
 * whose probabilities add up to top_p. */
#ifndef FL_MODEL_SAMPLE_H
#define FL_MODEL_SAMPLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/rng.h"

struct fl_sampler {
	double temperature; /* 0: the most likely; of equal ones the lowest id */
	double top_p;	    /* in (0, 1]; 1: all */
	struct fl_rng rng;
	struct fl_candidate *candidate; /* private */
	size_t capacity;
};

struct fl_sampler fl_sampler_new(double temperature, double top_p, uint64_t seed);
void fl_sampler_free(struct fl_sampler *s); /* what it points to, not s */

/* Logits may be -INFINITY, but not all of them, and nothing else that is not finite: class DATA. */
int fl_sample(struct fl_sampler *s, const float *logits, size_t vocab, uint32_t *id,
    struct fl_err *err) FL_MUST_USE;

#endif
