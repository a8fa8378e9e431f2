/* SPDX-License-Identifier: Apache-2.0 */
/* pareto.h -- which of many points no other beats in both of two objectives. Smaller is better in
 * both: negate what is to be large. */
#ifndef FL_SEARCH_PARETO_H
#define FL_SEARCH_PARETO_H

#include <stddef.h>

/* The frontier of the n points (a[i], b[i]): their numbers into front[n], by rising a, then in the
 * order given; returns how many. Of equal points all are kept; points with a NaN are left out. */
size_t fl_pareto(const double *a, const double *b, size_t n, size_t *front);

/* The frontier of points known up to errors: a and b as measured, and the standard errors of both. A
 * point is left out only if one that beats it as measured is, with a probability of at least p, in
 * truth no worse in both; errors are normal and independent. p is in [.5, 1]; what is on the frontier
 * as measured is kept at any, and without errors nothing else is. Otherwise as fl_pareto(). */
struct fl_pareto_errors {
	const double *a, *b; /* [n] standard errors, 0 where there is none */
};
size_t fl_pareto_sure(const double *a, const double *b, size_t n, struct fl_pareto_errors se, double p,
    size_t *front);

/* The one of front[0 .. n), n > 0, with the smallest b, and of several the first. */
size_t fl_pareto_best(const double *b, const size_t *front, size_t n);

#endif
