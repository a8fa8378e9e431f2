/* SPDX-License-Identifier: Apache-2.0 */
#include "model/sample.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "compute/loss.h"

struct fl_candidate {
	double p; /* not normalised */
	uint32_t id;
};

struct fl_sampler
fl_sampler_new(double temperature, double top_p, uint64_t seed)
{
	return (struct fl_sampler){ .temperature = temperature, .top_p = top_p,
		.rng = fl_rng_new(seed, 0) };
}

void
fl_sampler_free(struct fl_sampler *s)
{
	free(s->candidate);
	s->candidate = NULL;
}

static int
most_likely(const float *logits, size_t vocab, uint32_t *best, struct fl_err *err)
{
	size_t at = fl_likeliest(logits, vocab);

	*best = (uint32_t)at;
	return at < vocab && isfinite(logits[at]) ? 0 : fl_err_data(err, "a logit is not finite");
}

static int
by_probability(const void *a, const void *b)
{
	const struct fl_candidate *x = a, *y = b;

	if (x->p != y->p)
		return x->p < y->p ? 1 : -1;
	return x->id < y->id ? -1 : x->id > y->id;
}

/* The nucleus, likeliest first, and how many are in it; *mass is what their p add up to. A token less
 * likely than (1 - top_p) / vocab cannot be in it: all such tokens together are not what is cut off. */
static size_t
nucleus(struct fl_sampler *s, size_t n, double all, double *mass)
{
	double least = (1 - s->top_p) / (double)n * all;
	size_t kept = 0, i = 0;

	for (size_t k = 0; k < n; k++)
		if (s->candidate[k].p >= least)
			s->candidate[kept++] = s->candidate[k];
	qsort(s->candidate, kept, sizeof *s->candidate, by_probability);
	for (*mass = 0; i < kept && *mass < s->top_p * all; i++)
		*mass += s->candidate[i].p;
	return i;
}

int
fl_sample(struct fl_sampler *s, const float *logits, size_t vocab, uint32_t *id, struct fl_err *err)
{
	double all = 0, at;
	size_t n = vocab;
	uint32_t best;

	if (most_likely(logits, vocab, &best, err) < 0)
		return -1;
	*id = best;
	if (s->temperature == 0)
		return 0;
	s->candidate = fl_grow(s->candidate, &s->capacity, vocab, sizeof *s->candidate);
	for (size_t i = 0; i < vocab; i++) {
		double p = exp(((double)logits[i] - (double)logits[best]) / s->temperature);

		s->candidate[i] = (struct fl_candidate){ p, (uint32_t)i };
		all += p;
	}
	if (s->top_p < 1)
		n = nucleus(s, vocab, all, &all);
	at = fl_rng_unit(&s->rng) * all;
	for (size_t i = 0; i < n; i++)
		if ((at -= s->candidate[i].p) < 0) {
			*id = s->candidate[i].id;
			break;
		}
	return 0; /* id is still the best if rounding left a little over */
}
