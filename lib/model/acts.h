/* SPDX-License-Identifier: Apache-2.0 */
/* acts.h -- what the layers compute, and how much of it is kept.
 *
 * Running a model needs room for one layer, most of it used twice. Training needs what every layer
 * computed, or its input, from which the rest can be computed again. The forward pass writes to the
 * same members in all three cases; which of them share memory is decided here. */
#ifndef FL_MODEL_ACTS_H
#define FL_MODEL_ACTS_H

#include <stdbool.h>
#include <stddef.h>

#include "model/config.h"

enum fl_acts_kept { FL_ACTS_NONE, FL_ACTS_INPUTS, FL_ACTS_ALL };

/* Of one layer; R rows, D width, F ffn, H heads, G key/value heads, E head_dim. A skip layer has none of
 * the attention's. */
struct fl_acts {
	float *x;	 /* [R, D] what comes in */
	float *norm;	 /* [R, D] after the attention norm */
	float *q0, *k0;	 /* [R, H E], [R, G E] before QK-norm */
	float *q, *k, *v; /* after RoPE */
	float *mix;	 /* [R, H E] the heads' results */
	float *lse;	 /* [R, H]; NULL unless anything is kept */
	float *mid;	 /* [R, D] x and attention */
	float *ffn_norm; /* [R, D] after the FFN norm */
	float *gate, *up, *hidden; /* [R, F]; hidden is what down_proj sees */
};

struct fl_acts_set {
	struct fl_acts *layer; /* one a layer; in one more, x is what the last layer gives, norm the final norm's */
	enum fl_acts_kept kept;
	float **block;
	size_t blocks, cap;
	size_t bytes; /* of it all */
	bool planned; /* private: only counted */
};

/* For up to `rows` rows. */
void fl_acts_init(struct fl_acts_set *s, const struct fl_config *c, size_t rows,
    enum fl_acts_kept kept);

/* The bytes that fl_acts_init() would take. */
size_t fl_acts_bytes(const struct fl_config *c, size_t rows, enum fl_acts_kept kept);
void fl_acts_free(struct fl_acts_set *s);

#endif
