/* SPDX-License-Identifier: Apache-2.0 */
/* rank.h -- how far two columns of numbers put the same rows in the same order.
 *
 * All take n pairs x[i], y[i], none of them NaN, and give NaN where all x or all y are equal, n < 2
 * included. Time grows with the square of n. */
#ifndef FL_SEARCH_RANK_H
#define FL_SEARCH_RANK_H

#include <stddef.h>

/* Kendall's tau-b: of pairs of rows, those that both columns order the same way less those that they
 * order differently, over the geometric mean of the numbers of pairs not tied in x and not tied in y. */
double fl_rank_tau(const double *x, const double *y, size_t n);

/* The standard error of tau-b as an estimate from n rows drawn at random, by the jackknife:
 * sqrt((n - 1) / n * sum of squares of (tau without row i - mean of these)) (Tukey 1958). 0 where the
 * order is the same or reversed whatever row is left out; NaN where leaving one out leaves no tau. */
double fl_rank_tau_se(const double *x, const double *y, size_t n);

/* Spearman's rho: the correlation of the ranks, ties having the mean of the ranks they take up. */
double fl_rank_rho(const double *x, const double *y, size_t n);

#endif
