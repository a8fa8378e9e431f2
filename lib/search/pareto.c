/* SPDX-License-Identifier: Apache-2.0 */
#include "search/pareto.h"

#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"

struct point {
	double a, b;
	size_t i;
};

static int
by_a_then_b(const void *x, const void *y)
{
	const struct point *p = x, *q = y;

	if (p->a != q->a)
		return p->a < q->a ? -1 : 1;
	if (p->b != q->b)
		return p->b < q->b ? -1 : 1;
	return p->i < q->i ? -1 : 1;
}

/* The points without a NaN, in the order in which a frontier is given. */
static size_t
sorted(const double *a, const double *b, size_t n, struct point *p)
{
	size_t points = 0;

	for (size_t i = 0; i < n; i++)
		if (!isnan(a[i]) && !isnan(b[i]))
			p[points++] = (struct point){ a[i], b[i], i };
	qsort(p, points, sizeof *p, by_a_then_b);
	return points;
}

/* By rising a a point is on the frontier if its b is below all before it, or it equals the last. */
size_t
fl_pareto(const double *a, const double *b, size_t n, size_t *front)
{
	struct point *p = fl_alloc(n, sizeof *p), last = { NAN, INFINITY, 0 };
	size_t points = sorted(a, b, n, p), found = 0;

	for (size_t i = 0; i < points; i++)
		if (p[i].b < last.b || (p[i].a == last.a && p[i].b == last.b)) {
			last = p[i];
			front[found++] = last.i;
		}
	free(p);
	return found;
}

/* How likely it is that what was measured as v with error sv is no more than w with error sw. */
static double
no_worse(double v, double sv, double w, double sw)
{
	double s = hypot(sv, sw);

	return s > 0 ? .5 * erfc((v - w) / (s * M_SQRT2)) : v <= w;
}

/* As p is at least one half, only what is no worse as measured can beat: the points that come before,
 * and of those equal to it none. */
size_t
fl_pareto_sure(const double *a, const double *b, size_t n, struct fl_pareto_errors se, double p,
    size_t *front)
{
	struct point *q = fl_alloc(n, sizeof *q);
	size_t points = sorted(a, b, n, q), found = 0;

	for (size_t k = 0; k < points; k++) {
		size_t i = q[k].i, before = 0;

		for (; before < k; before++) {
			size_t j = q[before].i;

			if (b[j] <= b[i] && (a[j] < a[i] || b[j] < b[i]) &&
			    no_worse(a[j], se.a[j], a[i], se.a[i]) *
				    no_worse(b[j], se.b[j], b[i], se.b[i]) >= p)
				break;
		}
		if (before == k)
			front[found++] = i;
	}
	free(q);
	return found;
}

size_t
fl_pareto_best(const double *b, const size_t *front, size_t n)
{
	size_t best = front[0];

	for (size_t i = 1; i < n; i++)
		if (b[front[i]] < b[best])
			best = front[i];
	return best;
}
