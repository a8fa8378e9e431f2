/* SPDX-License-Identifier: Apache-2.0 */
/* train_run.h -- a whole run of training, which can be taken up again: steps, held-out losses, the curve, the state. */
#ifndef FL_MODEL_TRAIN_RUN_H
#define FL_MODEL_TRAIN_RUN_H

#include "base/err.h"
#include "io/output.h"
#include "model/train.h"
#include "model/train_file.h"
#include "model/windows.h"

/* All is the caller's but what is behind `curve`. */
struct fl_train_run {
	struct fl_trainer *trainer;
	const char *name;		 /* of everything that decides the result */
	long steps;			 /* to come to */
	size_t tokens;			 /* a step, of all ranks */
	const struct fl_windows *held;	 /* judged every held_every steps and at the end, 0: at the end alone; NULL: nothing */
	const char *state, *curve_path;	 /* files, NULL: none; written by rank 0 */
	long held_every, state_every;	 /* steps */

	struct fl_curve curve;
	struct fl_output *curve_file; /* written at the end, for the caller to commit; NULL where none is */
};

/* From the state, where there is one: it must be the same on every rank. Zero-initialise the curve. */
int fl_train_run_take_up(struct fl_train_run *r, struct fl_err *err) FL_MUST_USE;

/* To the end; the state is kept meanwhile, and the curve beside it. */
int fl_train_run_go(struct fl_train_run *r, struct fl_err *err) FL_MUST_USE;

#endif
