/* SPDX-License-Identifier: Apache-2.0 */
#include "search/ehvi.h"

#include <cerf.h>
#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "search/pareto.h"

static const double log_sqrt_2pi = 0.91893853320467274178, sqrt_half = 0.70710678118654752440;

/* The staircase ---------------------------------------------------------------------------------- */

struct fl_steps
fl_steps_new(const double *a, const double *b, size_t n, double ref_a, double ref_b)
{
	size_t *front = fl_alloc(n, sizeof *front), points = fl_pareto(a, b, n, front);
	struct fl_steps s = { 0, fl_alloc(points, sizeof *s.a), fl_alloc(points, sizeof *s.b), ref_a, ref_b };

	for (size_t i = 0; i < points; i++) {
		size_t p = front[i];

		if (a[p] >= ref_a || b[p] >= ref_b || (s.n && b[p] >= s.b[s.n - 1]))
			continue;
		s.a[s.n] = a[p];
		s.b[s.n++] = b[p];
	}
	free(front);
	return s;
}

void
fl_steps_free(struct fl_steps *s)
{
	free(s->a);
	free(s->b);
	*s = (struct fl_steps){ 0 };
}

/* Cell i, 0 .. n: a from the point before it to the next, b below the point before it. */
static double
left(const struct fl_steps *s, size_t i)
{
	return i ? s->a[i - 1] : -INFINITY;
}

static double
right(const struct fl_steps *s, size_t i)
{
	return i < s->n ? s->a[i] : s->ref_a;
}

static double
top(const struct fl_steps *s, size_t i)
{
	return i ? s->b[i - 1] : s->ref_b;
}

double
fl_steps_gain(const struct fl_steps *s, double a, double b)
{
	double sum = 0;

	for (size_t i = 0; i <= s->n; i++)
		sum += fmax(0, right(s, i) - fmax(left(s, i), a)) * fmax(0, top(s, i) - b);
	return sum;
}

/* The expectation -------------------------------------------------------------------------------- */

/* E[max(0, z + N)] = phi(z) + z Phi(z). */
static double
h(double z)
{
	if (z > 8)
		return z;
	if (z < -38)
		return 0;
	return exp(-.5 * z * z - log_sqrt_2pi) + z * .5 * erfc(-z * sqrt_half);
}

double
fl_ehvi(const struct fl_steps *s, double mean_a, double sd_a, double mean_b, double sd_b)
{
	double sum = 0, before = 0;

	for (size_t i = 0; i <= s->n; i++) {
		double upto = h((right(s, i) - mean_a) / sd_a);

		sum += (upto - before) * h((top(s, i) - mean_b) / sd_b);
		before = upto;
	}
	return sum * sd_a * sd_b;
}

/* ln(1 - e^x), x < 0. */
static double
log1mexp(double x)
{
	return x > -M_LN2 ? log(-expm1(x)) : log1p(-exp(x));
}

/* Below -1, where phi(z) and z Phi(z) nearly cancel, phi(z) (1 - sqrt(pi/2) |z| erfcx(|z| / sqrt 2)). */
double
fl_ehvi_log_h(double z)
{
	double gauss = -.5 * z * z - log_sqrt_2pi;

	if (z > -1)
		return log(exp(gauss) + z * .5 * erfc(-z * sqrt_half));
	if (z > -1e6)
		return gauss + log1mexp(log(sqrt(M_PI_2) * erfcx(-z * sqrt_half) * -z));
	return gauss - 2 * log(-z);
}

/* ln(e^x + e^y). */
static double
log_add(double x, double y)
{
	double most = fmax(x, y);

	return most == -INFINITY ? most : most + log1p(exp(fmin(x, y) - most));
}

double
fl_ehvi_log(const struct fl_steps *s, double mean_a, double sd_a, double mean_b, double sd_b)
{
	double plain = fl_ehvi(s, mean_a, sd_a, mean_b, sd_b), sum = -INFINITY, before = -INFINITY;

	if (plain > 1e-200)
		return log(plain);
	for (size_t i = 0; i <= s->n; i++) {
		double upto = fl_ehvi_log_h((right(s, i) - mean_a) / sd_a);

		if (upto > before)
			sum = log_add(sum, upto + log1mexp(before - upto) +
			    fl_ehvi_log_h((top(s, i) - mean_b) / sd_b));
		before = upto;
	}
	return sum + log(sd_a) + log(sd_b);
}
