/* SPDX-License-Identifier: Apache-2.0 */
#include "search/rank.h"

#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"

/* Kendall --------------------------------------------------------------------------------------- */

/* Over pairs of rows: agreements less disagreements, those not tied in x, those not tied in y. */
struct pairs {
	double agree, apart_x, apart_y;
};

static int
sign(double a, double b)
{
	return (a > b) - (a < b);
}

/* The pairs of which row i is one. */
static struct pairs
pairs_of(const double *x, const double *y, size_t n, size_t i)
{
	struct pairs p = { 0 };

	for (size_t j = 0; j < n; j++) {
		int dx = sign(x[i], x[j]), dy = sign(y[i], y[j]);

		p.agree += dx * dy;
		p.apart_x += dx * dx;
		p.apart_y += dy * dy;
	}
	return p;
}

static struct pairs
less(struct pairs a, struct pairs b)
{
	return (struct pairs){ a.agree - b.agree, a.apart_x - b.apart_x, a.apart_y - b.apart_y };
}

/* Every pair is of two rows. */
static struct pairs
all_pairs(const double *x, const double *y, size_t n)
{
	struct pairs all = { 0 };

	for (size_t i = 0; i < n; i++) {
		struct pairs p = pairs_of(x, y, n, i);

		all.agree += p.agree / 2;
		all.apart_x += p.apart_x / 2;
		all.apart_y += p.apart_y / 2;
	}
	return all;
}

/* The counts are whole, so equal rankings give 1 and no number beyond it. */
static double
tau(struct pairs p)
{
	return p.apart_x > 0 && p.apart_y > 0 ? p.agree / sqrt(p.apart_x * p.apart_y) : NAN;
}

double
fl_rank_tau(const double *x, const double *y, size_t n)
{
	return tau(all_pairs(x, y, n));
}

double
fl_rank_tau_se(const double *x, const double *y, size_t n)
{
	struct pairs all = all_pairs(x, y, n);
	double mean = 0, squares = 0;

	for (size_t i = 0; i < n; i++) {
		double t = tau(less(all, pairs_of(x, y, n, i))), d = t - mean;

		mean += d / (double)(i + 1);
		squares += d * (t - mean);
	}
	return n > 1 ? sqrt((double)(n - 1) / (double)n * squares) : NAN;
}

/* Spearman -------------------------------------------------------------------------------------- */

struct value {
	double v;
	size_t i;
};

static int
by_value(const void *a, const void *b)
{
	const struct value *p = a, *q = b;

	return sign(p->v, q->v);
}

static void
ranks(const double *x, size_t n, double *rank)
{
	struct value *order = fl_alloc(n, sizeof *order);

	for (size_t i = 0; i < n; i++)
		order[i] = (struct value){ x[i], i };
	qsort(order, n, sizeof *order, by_value);
	for (size_t i = 0, end; i < n; i = end) {
		for (end = i; end < n && order[end].v == order[i].v; end++)
			;
		for (size_t k = i; k < end; k++)
			rank[order[k].i] = (double)(i + end - 1) / 2;
	}
	free(order);
}

double
fl_rank_rho(const double *x, const double *y, size_t n)
{
	double *a = fl_alloc(n, sizeof *a), *b = fl_alloc(n, sizeof *b);
	double mean = ((double)n - 1) / 2, ab = 0, aa = 0, bb = 0;

	ranks(x, n, a);
	ranks(y, n, b);
	for (size_t i = 0; i < n; i++) {
		ab += (a[i] - mean) * (b[i] - mean);
		aa += (a[i] - mean) * (a[i] - mean);
		bb += (b[i] - mean) * (b[i] - mean);
	}
	free(a);
	free(b);
	return aa > 0 && bb > 0 ? ab / sqrt(aa * bb) : NAN;
}
