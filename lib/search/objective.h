/* SPDX-License-Identifier: Apache-2.0 */
/* objective.h -- two columns of a table as what is to be made small, from how a user names them.
 *
 * y is the quality and x the cost. Errors are of class USAGE: the user named what is not there. */
#ifndef FL_SEARCH_OBJECTIVE_H
#define FL_SEARCH_OBJECTIVE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "search/table.h"

struct fl_objective {
	const char *name; /* of the column */
	size_t column;
	int sign;	  /* 1 if smaller is better as it stands, -1 if larger */
	double *v;	  /* [rows] sign * value, so smaller is better; NaN: leave the row out; owned */
	double *se;	  /* [rows] its standard error, X_sd / sqrt(X_n); owned */
	double ref;	  /* sign * what was given as reference; NaN if nothing was */
};

/* `names` is "y,x"; NULL for loss_nats and the first ttft column (class DATA if they lack). What both get is to be
 * freed; where it fails nothing is left to free. */
int fl_objective_choose(const struct fl_table *t, const char *names, struct fl_objective *y,
    struct fl_objective *x, struct fl_err *err) FL_MUST_USE;
void fl_objective_free(struct fl_objective *o);

/* "col=v": leaves out the rows whose col is above v (below it if `least`) or no number. */
int fl_objective_bound(const struct fl_table *t, const char *text, bool least,
    struct fl_objective *y, struct fl_objective *x, struct fl_err *err) FL_MUST_USE;

/* The column of "col=v", and v. */
int fl_objective_assignment(const struct fl_table *t, const char *text, double *v, struct fl_err *err);

/* "col=v": v is the reference of the objective col, unless that is tighter. */
int fl_objective_set_ref(const struct fl_table *t, const char *text, struct fl_objective *y,
    struct fl_objective *x, struct fl_err *err) FL_MUST_USE;

/* The reference set, or one inferred from the objective's values on a frontier of n > 0 rows. */
double fl_objective_ref(const struct fl_objective *o, const size_t *front, size_t n);

#endif
