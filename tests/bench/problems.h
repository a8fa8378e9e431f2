/* SPDX-License-Identifier: Apache-2.0 */
/* problems.h -- test problems of two objectives, both to be small, over [0, 1]^dims, with the reference points and
 * the largest hypervolumes that BoTorch states. (Zitzler, Deb and Thiele, 2000; Deb et al., 2005; Belakaria et
 * al., 2019, for Branin with Currin.) */
#ifndef FL_BENCH_PROBLEMS_H
#define FL_BENCH_PROBLEMS_H

#include <math.h>
#include <stddef.h>

struct problem {
	const char *name;
	int dims;
	double ref[2], most;
	void (*f)(const double *x, int dims, double *y);
};

static inline void
branin_currin(const double *x, int dims, double *y)
{
	double a = 15 * x[0] - 5, b = 15 * x[1], c = x[0];
	double branin = b - 5.1 * a * a / (4 * M_PI * M_PI) + 5 * a / M_PI - 6;

	(void)dims;
	y[0] = branin * branin + 10 * (1 - 1 / (8 * M_PI)) * cos(a) + 10;
	y[1] = (x[1] > 0 ? 1 - exp(-1 / (2 * x[1])) : 1) * (2300 * c * c * c + 1900 * c * c + 2092 * c + 60) /
	    (100 * c * c * c + 500 * c * c + 4 * c + 20);
}

static inline double
zdt_g(const double *x, int dims)
{
	double sum = 0;

	for (int i = 1; i < dims; i++)
		sum += x[i] / (dims - 1);
	return 1 + 9 * sum;
}

static inline void
zdt1(const double *x, int dims, double *y)
{
	double g = zdt_g(x, dims);

	y[0] = x[0];
	y[1] = g * (1 - sqrt(x[0] / g));
}

static inline void
zdt2(const double *x, int dims, double *y)
{
	double g = zdt_g(x, dims);

	y[0] = x[0];
	y[1] = g * (1 - x[0] / g * (x[0] / g));
}

static inline void
dtlz2(const double *x, int dims, double *y)
{
	double g = 0;

	for (int i = 1; i < dims; i++)
		g += (x[i] - .5) * (x[i] - .5);
	y[0] = (1 + g) * cos(M_PI / 2 * x[0]);
	y[1] = (1 + g) * sin(M_PI / 2 * x[0]);
}

static const struct problem problems[] = {
	{ "BraninCurrin", 2, { 18, 6 }, 59.36011874867746, branin_currin },
	{ "ZDT1", 6, { 11, 11 }, 120 + 2 / 3., zdt1 },
	{ "ZDT2", 6, { 11, 11 }, 120 + 1 / 3., zdt2 },
	{ "DTLZ2", 6, { 1.1, 1.1 }, 1.21 - M_PI / 4, dtlz2 },
};

#endif
