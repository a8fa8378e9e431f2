/* SPDX-License-Identifier: Apache-2.0 */
#include "model/rope_of.h"

#include <stdlib.h>

#include "base/alloc.h"

struct fl_rope_ramp
fl_rope_ramp_of_config(const struct fl_config *c)
{
	const struct fl_rope *r = &c->rope;

	return fl_rope_yarn_ramp((size_t)c->head_dim, r->theta, r->original, r->beta_fast, r->beta_slow, r->truncate);
}

static void
frequencies(double *freq, size_t n, const struct fl_config *c, size_t length)
{
	const struct fl_rope *r = &c->rope;
	double theta = r->theta;

	if (r->kind == FL_ROPE_DYNAMIC)
		theta = fl_rope_dynamic_theta(theta, 2 * n, r->factor, (double)length, c->context);
	fl_rope_frequencies(freq, 2 * n, theta);
	switch (r->kind) {
	case FL_ROPE_PLAIN:
	case FL_ROPE_DYNAMIC: break;
	case FL_ROPE_LLAMA3: fl_rope_llama3(freq, n, r->factor, r->low, r->high, r->original); break;
	case FL_ROPE_LINEAR:
		for (size_t i = 0; i < n; i++)
			freq[i] /= r->factor;
		break;
	case FL_ROPE_YARN: fl_rope_yarn(freq, n, r->factor, fl_rope_ramp_of_config(c)); break;
	}
}

float *
fl_rope_of_config(const struct fl_config *c, size_t positions, size_t length)
{
	size_t n = (size_t)c->head_dim / 2;
	double *freq = fl_alloc(n, sizeof *freq);
	float *table = fl_alloc_aligned(positions, 2 * n * sizeof *table, "the rotations");

	frequencies(freq, n, c, length);
	fl_rope_table(table, freq, n, positions, c->rope.attention);
	free(freq);
	return table;
}

bool
fl_rope_depends(const struct fl_config *c, size_t length)
{
	return c->rope.kind == FL_ROPE_DYNAMIC && length > (size_t)c->context;
}

int
fl_rope_check_pieces(const struct fl_config *c, size_t length, const char *what, struct fl_err *err)
{
	if (!fl_rope_depends(c, length))
		return 0;
	return fl_err_data(err, "'%s': beyond its context of %d tokens dynamic RoPE scaling depends on the length of "
	    "the whole sequence, which is not known when its beginning is computed", what, c->context);
}
