/* SPDX-License-Identifier: Apache-2.0 */
/* shrink.c -- makes a diagonal larger, so that least squares believe correlations as far as positions bear them out. */
#include "compute/shrink.h"

#include <math.h>

/* |R|^2. What was never seen goes with nothing. */
static double
correlation(const double *c, size_t n)
{
	double sum = (double)n;

	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < i; j++) {
			double x = c[i * n + j], scale = c[i * n + i] * c[j * n + j];

			sum += scale > 0 ? 2 * x * x / scale : 0;
		}
	return sum;
}

enum { ALIKE = 3 }; /* positions of a text that count as one */

static double
lambda(const double *c, size_t n, double positions)
{
	double p = (double)n, square = correlation(c, n);
	double rho = ((1 - 2 / p) * square + p * p) / ((positions / ALIKE + 1 - 2 / p) * (square - p));

	rho = square > p ? fmin(fmax(rho, 0), 0.999) : 0.999;
	return fmax(rho / (1 - rho), FL_SHRINK_LEAST);
}

void
fl_shrink(double *c, size_t n, double positions)
{
	double more = lambda(c, n, positions), mean = 0;

	for (size_t i = 0; i < n; i++)
		mean += c[i * n + i] / (double)n;
	for (size_t i = 0; i < n; i++) {
		double *x = &c[i * n + i];

		*x = *x != 0 ? *x * (1 + more) : mean > 0 ? 1e-12 * mean : 1;
	}
}
