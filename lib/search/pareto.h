/* SPDX-License-Identifier: Apache-2.0 */
/* pareto.h -- which of many points no other beats in both of two objectives. Smaller is better in
 * both: negate what is to be large. */
#ifndef FL_SEARCH_PARETO_H
#define FL_SEARCH_PARETO_H

#include <stddef.h>

/* The frontier of the n points (a[i], b[i]): their numbers into front[n], by rising a, then in the
 * order given; returns how many. Of equal points all are kept; points with a NaN are left out. */
size_t fl_pareto(const double *a, const double *b, size_t n, size_t *front);

#endif
