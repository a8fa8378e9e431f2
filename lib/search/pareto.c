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

/* By rising a a point is on the frontier if its b is below all before it, or it equals the last. */
size_t
fl_pareto(const double *a, const double *b, size_t n, size_t *front)
{
	struct point *p = fl_alloc(n, sizeof *p), last = { NAN, INFINITY, 0 };
	size_t points = 0, found = 0;

	for (size_t i = 0; i < n; i++)
		if (!isnan(a[i]) && !isnan(b[i]))
			p[points++] = (struct point){ a[i], b[i], i };
	qsort(p, points, sizeof *p, by_a_then_b);
	for (size_t i = 0; i < points; i++)
		if (p[i].b < last.b || (p[i].a == last.a && p[i].b == last.b)) {
			last = p[i];
			front[found++] = last.i;
		}
	free(p);
	return found;
}
