/* SPDX-License-Identifier: Apache-2.0 */
#include "search/cover.h"

#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"

static int
by_value(const void *x, const void *y)
{
	double a = *(const double *)x, b = *(const double *)y;

	return (a > b) - (a < b);
}

double
fl_cover_stretch(const struct fl_gp *gp, const double *y, size_t n)
{
	double *mean = fl_alloc(n, sizeof *mean), *sd = fl_alloc(n, sizeof *sd), widest;
	size_t at = (size_t)ceil(.95 * (double)(n + 1)) - 1;

	fl_gp_leave_one_out(gp, mean, sd);
	for (size_t i = 0; i < n; i++)
		mean[i] = fabs(y[i] - mean[i]) / sd[i];
	qsort(mean, n, sizeof *mean, by_value);
	widest = mean[at < n ? at : n - 1];
	free(mean);
	free(sd);
	return fmax(1, widest / 1.959964);
}
