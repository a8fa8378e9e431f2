/* SPDX-License-Identifier: Apache-2.0 */
/* rework.h -- the rows of a matrix computed anew on their way through a plan, where gathering is not enough: solved
 * again for the channels that stay (compute/refit.h), in another basis of the residual stream (basis.h), in another
 * order.
 *
 * Of passage.c alone, which stores the rows of the result. What reads the stream is done a few rows at a time. What
 * writes it is needed whole: its rows are held as f32, [D, columns of the result], 64 MiB for 2048 x 8192. */
#ifndef FL_MODEL_REWORK_H
#define FL_MODEL_REWORK_H

#include <stdbool.h>

#include "model/passage.h"

struct fl_rework;

/* Whether the step asks for it. */
bool fl_rework_needed(const struct fl_passage *s);

/* NULL with err set: moments that cannot be used. */
struct fl_rework *fl_rework_new(const struct fl_passage *s, struct fl_err *err) FL_MUST_USE;
void fl_rework_free(struct fl_rework *r); /* NULL is fine */

/* x [n, s->cols], the rows of the numbers row[n], which follow each other where the matrix is held: y
 * [n, s->out_cols] of the result; NULL where it is held. By several threads at a time. */
void fl_rework_rows(const struct fl_rework *r, const float *x, size_t n, const size_t *row, float *y);

/* The same of the head that is copied from an embedding. */
void fl_rework_head(const struct fl_rework *r, const float *x, size_t n, float *y);

/* Is it held? Then, once, after all its rows: what becomes of them, [s->out_rows, s->out_cols], r's own. Threaded. */
bool fl_rework_holds(const struct fl_rework *r);
float *fl_rework_finish(struct fl_rework *r);

#endif
