/* SPDX-License-Identifier: Apache-2.0 */
#include "search/normal.h"

#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "search/sobol.h"

static const double sqrt_half = 0.70710678118654752440, sqrt_2pi = 2.50662827463100050242;

/* Newton's method on ln Phi, which is concave: from the left of the root it converges from everywhere.
 * The upper half is the lower one mirrored. */
double
fl_normal_quantile(double p)
{
	double z, step = 1;

	if (p > .5)
		return -fl_normal_quantile(1 - p);
	z = -sqrt(-2 * log(p)) - 1;
	for (int i = 0; i < 100 && fabs(step) > 1e-12; i++) {
		double cdf = .5 * erfc(-z * sqrt_half);

		step = log(p / cdf) * cdf * sqrt_2pi * exp(.5 * z * z);
		z += step;
	}
	return z;
}

double
fl_normal_log_below(double z)
{
	return z > -37 ? log(.5 * erfc(-z * sqrt_half)) : -.5 * z * z - log(-z * sqrt_2pi);
}

void
fl_normal_points(double *out, size_t n, size_t dims, uint64_t seed)
{
	for (size_t first = 0; first < dims; first += FL_SOBOL_DIMS, seed += UINT64_C(1) << 32) {
		size_t some = dims - first < FL_SOBOL_DIMS ? dims - first : FL_SOBOL_DIMS;
		struct fl_sobol *s = fl_sobol_new((int)some, true, seed);
		double *u = fl_alloc(some, sizeof *u);

		for (size_t i = 0; i < n; i++) {
			fl_sobol_next(s, u);
			for (size_t k = 0; k < some; k++)
				out[i * dims + first + k] = fl_normal_quantile(fmax(u[k], 0x1p-33));
		}
		free(u);
		fl_sobol_free(s);
	}
}
