/* SPDX-License-Identifier: Apache-2.0 */
/* bounds.h -- limits on columns of a table, for architectures that are not in it: each column is learnt from
 * the rows that have it. */
#ifndef FL_SEARCH_BOUNDS_H
#define FL_SEARCH_BOUNDS_H

#include <stdbool.h>
#include <stddef.h>

#include "search/surrogate.h"
#include "search/table.h"

/* Zero-initialise. */
struct fl_bounds {
	size_t n, cap;
	struct fl_bound *v;
};

struct fl_bound {
	struct fl_surrogate *model; /* of the column as a cost, its fl_table_log_cost() */
	double log;		    /* that of the limit */
	int sign;		    /* 1: no more than that; -1: no less */
};

/* Column c is at most v, or at least v if `least`. -1 with err set: the limit or a value is not positive, or
 * (class DATA) no row has one. */
int fl_bounds_add(struct fl_bounds *b, const struct fl_table *t, int c, double v, bool least,
    struct fl_err *err) FL_MUST_USE;
void fl_bounds_free(struct fl_bounds *b);

/* The logarithm of the probability that an architecture is within them all. */
double fl_bounds_log_probability(const struct fl_bounds *b, const struct fl_arch *a);

#endif
