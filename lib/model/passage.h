/* SPDX-License-Identifier: Apache-2.0 */
/* passage.h -- one tensor of a checkpoint on its way through a plan: what is written, and how rows get there.
 *
 * Of plan.c alone, which begins the passages of a file's tensors all at once, to announce what the file will
 * hold, and then streams them one after the other in blocks of rows. */
#ifndef FL_MODEL_PASSAGE_H
#define FL_MODEL_PASSAGE_H

#include "model/plan.h"

enum { FL_PASSAGE_OUT = 3 }; /* the most tensors made of one */

struct fl_passage {
	const struct fl_weight *weight; /* what is read */
	const struct fl_step *step;
	struct fl_factor *factor; /* the plan's */
	struct fl_tensor in; /* its name is the reader's and not used */
	struct fl_tensor out[FL_PASSAGE_OUT];
	int outs;
	size_t rows, cols; /* of the input */
	size_t out_rows, out_cols;
};

/* t is what inventory->weight[index] of p was found to be. */
void fl_passage_begin(struct fl_passage *s, const struct fl_plan *p, const struct fl_tensor *t, size_t index);
void fl_passage_end(struct fl_passage *s);

/* Takes all rows from `in` and writes what becomes of them. */
int fl_passage_stream(const struct fl_passage *s, struct fl_reader *in, struct fl_writer *out, struct fl_err *err)
    FL_MUST_USE;

/* The error that moments are of no use to it: -1. */
int fl_passage_bad_moments(const struct fl_passage *s, struct fl_err *err);

#endif
