/* SPDX-License-Identifier: Apache-2.0 */
#include "search/linear.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/linalg.h"

static void
find_means(struct fl_linear *l, const double *x, const double *y, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		l->mean_y += y[i] / (double)n;
		for (size_t p = 0; p < l->k; p++)
			l->mean[p] += x[i * l->k + p] / (double)n;
	}
}

void
fl_linear_fit(struct fl_linear *l, const double *x, size_t k, const double *y, size_t n)
{
	double *a = fl_alloc(k * k, sizeof *a), *root = fl_alloc(k * k, sizeof *root);

	*l = (struct fl_linear){ k, fl_alloc(k, sizeof(double)), fl_alloc(k, sizeof(double)), 0 };
	find_means(l, x, y, n);
	for (size_t i = 0; i < n; i++)
		for (size_t p = 0; p < k; p++) {
			double d = x[i * k + p] - l->mean[p];

			l->b[p] += d * (y[i] - l->mean_y);
			for (size_t q = 0; q < k; q++)
				a[p * k + q] += d * (x[i * k + q] - l->mean[q]);
		}
	for (size_t p = 0; p < k; p++) {
		double *square = &a[p * k + p]; /* rounding, in a feature that never varies */

		*square += *square > 1e-20 * (double)n * l->mean[p] * l->mean[p] ? 1e-12 * *square : 1;
	}
	if (fl_cholesky(a, root, k) == 0)
		fl_cholesky_solve(root, k, l->b, 1);
	else
		memset(l->b, 0, k * sizeof *l->b);
	free(a);
	free(root);
}

void
fl_linear_free(struct fl_linear *l)
{
	free(l->b);
	free(l->mean);
}

double
fl_linear_predict(const struct fl_linear *l, const double *x)
{
	double y = l->mean_y;

	for (size_t p = 0; p < l->k; p++)
		y += l->b[p] * (x[p] - l->mean[p]);
	return y;
}
