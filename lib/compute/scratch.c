/* SPDX-License-Identifier: Apache-2.0 */
#include "compute/scratch.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/parallel.h"

struct fl_scratch {
	int threads;
	struct block { /* a cache line each: threads grow their own at the same time */
		_Alignas(64) float *data;
		size_t n;
	} *block;
};

struct fl_scratch *
fl_scratch_new(void)
{
	struct fl_scratch *s = fl_alloc(1, sizeof *s);

	s->threads = fl_parallel_threads();
	s->block = fl_alloc_aligned((size_t)s->threads, sizeof *s->block, "scratch");
	return s;
}

void
fl_scratch_free(struct fl_scratch *s)
{
	if (!s)
		return;
	for (int i = 0; i < s->threads; i++)
		free(s->block[i].data);
	free(s->block);
	free(s);
}

float *
fl_scratch_get(struct fl_scratch *s, int thread, size_t n)
{
	struct block *b = &s->block[thread];

	if (n > b->n) {
		free(b->data);
		b->data = fl_alloc_aligned(n, sizeof *b->data, "scratch");
		b->n = n;
	}
	return b->data;
}
