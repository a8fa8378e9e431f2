/* SPDX-License-Identifier: Apache-2.0 */
/* cover.h -- standard deviations that cover what they should.
 *
 * A Gaussian process's are too small where observations are few or their noise has long tails. */
#ifndef FL_SEARCH_COVER_H
#define FL_SEARCH_COVER_H

#include <stddef.h>

#include "search/gp.h"

/* What those of a new observation, noise included, are to be multiplied with: at least 1, and so much that
 * 95 % of the observations y[n] of gp lie in their 95 % interval when each is predicted from the others. */
double fl_cover_stretch(const struct fl_gp *gp, const double *y, size_t n);

#endif
