/* SPDX-License-Identifier: Apache-2.0 */
#include "model/samples.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/rng.h"

static const size_t no_epoch = SIZE_MAX;

int
fl_samples_init(struct fl_samples *s, const uint32_t *id, size_t tokens, size_t length, int seed,
    struct fl_err *err)
{
	*s = (struct fl_samples){ .id = id, .separator = -1, .n = tokens / length, .length = length,
		.seed = seed, .epoch = no_epoch };
	if (s->n == 0)
		return fl_err_data(err, "%zu tokens are too few for one sequence of %zu", tokens, length);
	if (s->n > UINT32_MAX)
		return fl_err_data(err, "%zu sequences are too many", s->n);
	s->order = fl_alloc(s->n, sizeof *s->order);
	return 0;
}

void
fl_samples_free(struct fl_samples *s)
{
	free(s->order);
	*s = (struct fl_samples){ 0 };
}

/* Fisher and Yates' shuffle, of a stream of random numbers that is the epoch's own. */
static void
shuffle(struct fl_samples *s, size_t epoch)
{
	struct fl_rng r = fl_rng_new((uint64_t)s->seed, epoch);

	for (size_t i = 0; i < s->n; i++)
		s->order[i] = (uint32_t)i;
	for (size_t i = s->n - 1; i > 0; i--) {
		size_t k = fl_rng_below(&r, i + 1);
		uint32_t swap = s->order[i];

		s->order[i] = s->order[k];
		s->order[k] = swap;
	}
	s->epoch = epoch;
}

size_t
fl_samples_index(struct fl_samples *s, size_t number)
{
	if (number / s->n != s->epoch)
		shuffle(s, number / s->n);
	return s->order[number % s->n];
}

static void
mark(const struct fl_samples *s, size_t at, uint32_t *begin, uint8_t *scored)
{
	uint32_t document = 0;

	for (size_t i = 0; i < s->length; i++) {
		bool begins = s->flag ? s->flag[at + i] & FL_SAMPLE_BEGINS :
		    s->separator >= 0 && s->id[at + i] == (uint32_t)s->separator;

		if (begins)
			document = (uint32_t)i;
		begin[i] = document;
		scored[i] = i > 0 && (!s->flag || s->flag[at + i] & FL_SAMPLE_SCORED);
	}
}

void
fl_samples_at(const struct fl_samples *s, size_t index, struct fl_sample_batch *b, size_t row)
{
	size_t at = index * s->length, to = row * s->length;

	memcpy(b->id + to, s->id + at, s->length * sizeof *b->id);
	mark(s, at, b->begin + to, b->scored + to);
	for (size_t i = 0; i < s->length; i++)
		b->scored_n += b->scored[to + i];
}

void
fl_samples_get(struct fl_samples *s, size_t first, size_t rows, struct fl_sample_batch *b)
{
	b->scored_n = 0;
	for (size_t r = 0; r < rows; r++)
		fl_samples_at(s, fl_samples_index(s, first + r), b, r);
}
