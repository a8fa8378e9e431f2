/* SPDX-License-Identifier: Apache-2.0 */
/* times.h -- how long each architecture takes, from a column of a table. */
#ifndef FL_SEARCH_TIMES_H
#define FL_SEARCH_TIMES_H

#include <stddef.h>

#include "base/arch.h"
#include "search/table.h"

struct fl_times {
	const char *name; /* of the column */
	size_t n;
	struct fl_arch *arch; /* [n] */
	double *log_s;	      /* [n] the logarithm of the seconds, of a rate those a unit takes */
	double *noise;	      /* [n] its standard error by X_sd and X_n; 0 where they do not say */
	size_t *row;	      /* [n] of the table */
};

/* The rows that have a number in column `name`, a time or a rate; NULL for the first ttft column. -1 with err
 * set: there is no such column, or (class DATA) no number in it, or one that is not positive. */
int fl_times_read(const struct fl_table *t, const char *name, struct fl_times *out,
    struct fl_err *err) FL_MUST_USE;
void fl_times_free(struct fl_times *t);

#endif
