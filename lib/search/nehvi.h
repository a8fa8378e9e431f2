/* SPDX-License-Identifier: Apache-2.0 */
/* nehvi.h -- noisy expected hypervolume improvement of two objectives, both to be small.
 *
 * What was observed is not trusted: functions are drawn from the models, each has a frontier of its own
 * at the points observed and pending, and the expected improvement is their mean. (Daulton, Balandat and
 * Bakshy, 2021.) Given the draw a candidate's values are still normal, so that its part of the
 * expectation is in closed form; nothing of it is sampled, and it is never zero. */
#ifndef FL_SEARCH_NEHVI_H
#define FL_SEARCH_NEHVI_H

#include <stddef.h>
#include <stdint.h>

#include "search/gp.h"

enum { FL_NEHVI_DRAWS = 32 };

struct fl_nehvi;

/* The models of the two objectives, which must outlive it; the features of m points for each, x[m][dims];
 * a reference point in the units of the models. */
struct fl_nehvi *fl_nehvi_new(const struct fl_gp *const gp[2], const double *const x[2], size_t m,
    const double ref[2], uint64_t seed);
void fl_nehvi_free(struct fl_nehvi *a);

/* gain[k] := the logarithm of the expected improvement at k candidates, x[k][dims] for each model. */
void fl_nehvi_log(const struct fl_nehvi *a, const double *const x[2], size_t k, double *gain);

#endif
