/* SPDX-License-Identifier: Apache-2.0 */
/* samples.h -- the sequences that a model is trained on, in an order that the seed alone decides.
 *
 * Tokens are cut into samples of one length, end to end; what is left over is not used. Each epoch goes
 * through all of them once, shuffled anew. Sample number i of a run, from 0, is the same on every
 * machine, so a run is taken up again by its number alone. */
#ifndef FL_MODEL_SAMPLES_H
#define FL_MODEL_SAMPLES_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { FL_SAMPLE_SCORED = 1, FL_SAMPLE_BEGINS = 2 };

struct fl_samples {
	const uint32_t *id; /* [n * length], the caller's */
	const uint8_t *flag; /* of each token: is it to be predicted, does a document begin here? NULL: all
			      * are, and `separator` begins one */
	long separator;	     /* an id, -1: documents are one */
	size_t n, length;
	int seed;

	uint32_t *order; /* private: of the epoch at hand */
	size_t epoch;
};

/* One batch: rows of `length` tokens. */
struct fl_sample_batch {
	uint32_t *id, *begin; /* [rows, length]; begin: the first token of its row that a token sees */
	uint8_t *scored;      /* [rows, length]: is it predicted? The first of a row never is */
	size_t scored_n;
};

/* Samples of `length` tokens out of `tokens` of them. Refused: fewer than one sample. */
int fl_samples_init(struct fl_samples *s, const uint32_t *id, size_t tokens, size_t length, int seed,
    struct fl_err *err) FL_MUST_USE;
void fl_samples_free(struct fl_samples *s);

/* Samples number first .. first+rows-1 of the run into b, whose arrays have the room. */
void fl_samples_get(struct fl_samples *s, size_t first, size_t rows, struct fl_sample_batch *b);
size_t fl_samples_index(struct fl_samples *s, size_t number); /* where in the tokens it stands, in samples */

/* The sample at that index into row `row` of b; what it has of scored tokens is added. */
void fl_samples_at(const struct fl_samples *s, size_t index, struct fl_sample_batch *b, size_t row);

#endif
