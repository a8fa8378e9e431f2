/* SPDX-License-Identifier: Apache-2.0 */
/* linear.h -- linear regression: least squares of y[n] on x[n][k] and a constant. */
#ifndef FL_SEARCH_LINEAR_H
#define FL_SEARCH_LINEAR_H

#include <stddef.h>

struct fl_linear {
	size_t k;
	double *b, *mean; /* [k] coefficients of x less its means */
	double mean_y;
};

/* n > 0. What the rows leave open stays small: a millionth of a millionth of the variance is added to each;
 * a feature that never varies has no coefficient. */
void fl_linear_fit(struct fl_linear *l, const double *x, size_t k, const double *y, size_t n);
void fl_linear_free(struct fl_linear *l);
double fl_linear_predict(const struct fl_linear *l, const double *x);

#endif
