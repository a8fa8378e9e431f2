/* SPDX-License-Identifier: Apache-2.0 */
/* How well the rows left behind predict the token after each. */
#include "base/parallel.h"
#include "compute/loss.h"
#include "model/forward_impl.h"

struct scoring {
	size_t vocab, rows;
	const uint32_t *id;
	double *nats;	    /* [rows] */
	const float *logits;
	size_t first; /* row of logits */
};

static void
score_row(void *ctx, size_t i, int thread)
{
	struct scoring *s = ctx;
	size_t r = s->first + i;

	(void)thread;
	if (r + 1 < s->rows)
		s->nats[r] = fl_cross_entropy(s->logits + i * s->vocab, s->vocab, s->id[r + 1]);
}

static void
see_logits(void *ctx, size_t first, size_t n, float *logits)
{
	struct scoring *s = ctx;

	s->first = first;
	s->logits = logits;
	fl_parallel(n, score_row, s);
}

void
fl_forward_nats(struct fl_forward *f, const uint32_t *id, double *nats)
{
	struct scoring s = { .vocab = (size_t)f->m->config.vocab, .rows = f->rows, .id = id, .nats = nats };

	fl_forward_logits(f, see_logits, &s);
}
