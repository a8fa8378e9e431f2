/* SPDX-License-Identifier: Apache-2.0 */
/* surrogate.h -- a column of a table as a function of the architecture, learnt from its rows.
 *
 * A Gaussian process over layers, width, ffn, counts of layers by attention, weights in FFNs and in
 * attention, and the pattern. A time is modelled by its logarithm, with a prior mean of how computers spend it:
 * so much for each layer, for each weight of each kind, for each layer that attends to everything or to
 * a window, none of it negative, fitted to the relative error. */
#ifndef FL_SEARCH_SURROGATE_H
#define FL_SEARCH_SURROGATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arch.h"
#include "search/gp.h"

enum { FL_SURROGATE_DIMS = 41 };

struct fl_surrogate;

/* y[n], n > 0, finite; with `time` logarithms of seconds. noise[n] is what repeats tell of the noise's standard
 * deviation, point by point, 0 for nothing; NULL if nothing of any. */
struct fl_surrogate *fl_surrogate_fit(const struct fl_arch *arch, const double *y, const double *noise, size_t n,
    bool time);
void fl_surrogate_free(struct fl_surrogate *s);

/* The model, and what it knows of an architecture: x[FL_SURROGATE_DIMS]. */
const struct fl_gp *fl_surrogate_gp(const struct fl_surrogate *s);
void fl_surrogate_features(const struct fl_surrogate *s, const struct fl_arch *a, double *x);

/* Those of n architectures, points[i] a struct fl_arch: x[n][FL_SURROGATE_DIMS], to be freed. */
double *fl_surrogate_points(const struct fl_surrogate *s, const void *const *points, size_t n);

/* What another measurement of it would be, its noise included: mean and standard deviation. The latter
 * is stretched so that it covers 95 % of the rows when each is predicted from the others. */
void fl_surrogate_predict(const struct fl_surrogate *s, const struct fl_arch *a, double *mean, double *sd);

#endif
