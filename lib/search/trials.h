/* SPDX-License-Identifier: Apache-2.0 */
/* trials.h -- the rows of a table as what a search has tried: architectures with two values, both to be small.
 *
 * The second is a cost, of which the logarithm is taken; a rate stands for the time a unit takes. */
#ifndef FL_SEARCH_TRIALS_H
#define FL_SEARCH_TRIALS_H

#include <stddef.h>

#include "base/arch.h"
#include "search/objective.h"
#include "search/surrogate.h"

struct fl_trials {
	size_t n, done;	      /* done: how many have their values */
	struct fl_arch *arch; /* [n] */
	double *y[2];	      /* [n] each; NaN in both: pending, its values are not known yet */
	double *noise[2];     /* [n] each: the values' standard errors by X_sd and X_n; 0 where they do not say */
	double ref[2];	      /* the hypervolume's reference point; NaN where nothing is done */
	double limit[2];      /* what the objectives were given as reference; NaN: nothing */
	const struct fl_surrogate *cost; /* what the second is learnt from; NULL: from the trials */
};

/* The first `rows` rows of t, those that have both objectives or lack one that is pending; failed ones are
 * left out. With `cost`, a model of the second objective that must outlive the trials, a row that lacks it has
 * what the model expects. The reference is what the objectives were given, or inferred from the frontier.
 * -1 with err set (class DATA) names a row whose cost is not positive. fl_trials_free() what it made. */
int fl_trials_collect(const struct fl_table *t, size_t rows, const struct fl_objective *y,
    const struct fl_objective *x, const struct fl_surrogate *cost, struct fl_trials *out,
    struct fl_err *err) FL_MUST_USE;
void fl_trials_free(struct fl_trials *t);

/* The reference point is the values of a trial, relaxed as long as none is better in both; a limit that is
 * tighter stays. -1 with err set (class USAGE): the trial is not among those done. */
int fl_trials_set_baseline(struct fl_trials *t, const char *arch, struct fl_err *err) FL_MUST_USE;

#endif
