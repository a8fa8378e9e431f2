/* SPDX-License-Identifier: Apache-2.0 */
/* costs.h -- what a unit of each of several things costs, from totals that are known.
 *
 * total[i] = sum over k of cost[k] x[i][k], no cost negative. */
#ifndef FL_SEARCH_COSTS_H
#define FL_SEARCH_COSTS_H

#include <stddef.h>

/* cost[terms] := those of least squared relative error, sum over i of (1 - cost . x[i] / total[i])^2, from
 * x[n][terms] and the logarithms of the totals, log_total[n]. A total whose logarithm is known to be off by noise[i]
 * counts as much less as that exceeds the few percent that such a sum is off by anyway; NULL: all count alike. */
void fl_costs_fit(const double *x, size_t terms, const double *log_total, const double *noise, size_t n,
    double *cost);

/* The logarithm of what x[terms] costs; 0 where that is nothing. */
double fl_costs_log(const double *cost, const double *x, size_t terms);

#endif
