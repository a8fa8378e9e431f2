/* SPDX-License-Identifier: Apache-2.0 */
/* train_file.h -- what a training run leaves beside its checkpoint: the state it can be taken up from, and its
 * learning curve.
 *
 * A state is a safetensors file: F32 [n] "weights", "first_moments" and "second_moments", F64 [steps, 6] "curve",
 * and in __metadata__ the "run" it belongs to, a digest of everything that decides its result. */
#ifndef FL_MODEL_TRAIN_FILE_H
#define FL_MODEL_TRAIN_FILE_H

#include "base/digest.h"
#include "base/err.h"
#include "base/json.h"
#include "io/output.h"
#include "model/train.h"

/* One step after the other. Zero-initialise; free(c.step). */
struct fl_curve {
	struct fl_train_step *step;
	size_t n, cap;
};

void fl_curve_add(struct fl_curve *c, const struct fl_train_step *s);

/* A table, fl-table(5): one row a step. What was written, for the caller to commit; NULL with err set. */
struct fl_output *fl_curve_write(const struct fl_curve *c, const char *path, struct fl_err *err) FL_MUST_USE;

/* Whole or not at all. */
int fl_train_state_write(const struct fl_train_state *s, const struct fl_curve *c, const char *run,
    const char *path, struct fl_err *err) FL_MUST_USE;

/* 1: *s and *c are as they were written; 0: there is no such file; -1: it is not of this run, or broken. */
int fl_train_state_read(struct fl_train_state *s, struct fl_curve *c, const char *run, const char *path,
    struct fl_err *err) FL_MUST_USE;

#endif
