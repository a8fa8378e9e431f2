/* SPDX-License-Identifier: Apache-2.0 */
#include "search/hypervolume.h"

#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "search/pareto.h"

/* By rising a the frontier falls in b: each point adds the slab between its b and the one before. */
double
fl_hypervolume(const double *a, const double *b, size_t n, double ref_a, double ref_b)
{
	size_t *front = fl_alloc(n, sizeof *front), points = fl_pareto(a, b, n, front);
	double area = 0, above = ref_b;

	for (size_t i = 0; i < points && a[front[i]] < ref_a; i++)
		if (b[front[i]] < above) {
			area += (ref_a - a[front[i]]) * (above - b[front[i]]);
			above = b[front[i]];
		}
	free(front);
	return area;
}

void
fl_hypervolume_trace(const double *a, const double *b, size_t n, double ref_a, double ref_b, double *out)
{
	for (size_t i = 0; i < n; i++)
		out[i] = fl_hypervolume(a, b, i + 1, ref_a, ref_b);
}

double
fl_hypervolume_reference(const double *v, size_t n)
{
	double best = v[0], worst = v[0];

	for (size_t i = 1; i < n; i++) {
		best = fmin(best, v[i]);
		worst = fmax(worst, v[i]);
	}
	return worst + .1 * fmax(worst > best ? worst - best : fabs(worst), 1e-7);
}

static double
beyond(const double *v, size_t n, double ref)
{
	double best = v[0], worst = ref;

	for (size_t i = 0; i < n; i++) {
		best = fmin(best, v[i]);
		worst = fmax(worst, v[i]);
	}
	return worst + .1 * fmax(worst - best, 1e-7);
}

void
fl_hypervolume_relax(const double *a, const double *b, size_t n, double ref[2])
{
	if (n == 0 || fl_hypervolume(a, b, n, ref[0], ref[1]) > 0)
		return;
	ref[0] = beyond(a, n, ref[0]);
	ref[1] = beyond(b, n, ref[1]);
}
