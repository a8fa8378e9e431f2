/* SPDX-License-Identifier: Apache-2.0 */
/* agree.h -- how far two columns of a table rank its architectures alike. */
#ifndef FL_SEARCH_AGREE_H
#define FL_SEARCH_AGREE_H

#include <stddef.h>

#include "base/err.h"
#include "search/table.h"

struct fl_agreement {
	const char *a, *b;  /* names of the columns; the table's */
	double tau, tau_se; /* as in search/rank.h */
	double rho;
	size_t n; /* rows with a number in both */
};

/* `names` is "a,b"; errors are of class USAGE. */
int fl_agree(const struct fl_table *t, const char *names, struct fl_agreement *out,
    struct fl_err *err) FL_MUST_USE;

#endif
