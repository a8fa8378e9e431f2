/* SPDX-License-Identifier: Apache-2.0 */
#include "model/rope_of.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "compute/rope.h"

float *
fl_rope_of_config(const struct fl_config *c, size_t positions)
{
	const struct fl_rope *r = &c->rope;
	size_t n = (size_t)c->head_dim / 2;
	double *freq = fl_alloc(n, sizeof *freq);
	float *table = fl_alloc_aligned(positions, 2 * n * sizeof *table, "the rotations");

	fl_rope_frequencies(freq, (size_t)c->head_dim, r->theta);
	if (r->kind == FL_ROPE_LLAMA3)
		fl_rope_llama3(freq, n, r->factor, r->low, r->high, r->original);
	fl_rope_table(table, freq, n, positions);
	free(freq);
	return table;
}
