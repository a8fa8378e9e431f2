/* SPDX-License-Identifier: Apache-2.0 */
#include "search/costs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

#define USUAL .02

/* The best change of one cost, rest[n] being what the others leave of each total, taken as 1. */
static double
step(const double *share, size_t terms, const double *rest, size_t n, double cost, double *square)
{
	double slope = 0;

	*square = 0;
	for (size_t i = 0; i < n; i++) {
		slope += share[i * terms] * rest[i];
		*square += share[i * terms] * share[i * terms];
	}
	return *square > 0 ? fmax(slope / *square, -cost) : 0;
}

/* One cost after the other until they stay. */
void
fl_costs_fit(const double *x, size_t terms, const double *log_total, const double *noise, size_t n, double *cost)
{
	double *share = fl_alloc(n * terms, sizeof *share), *rest = fl_alloc(n, sizeof *rest), moved = 1;

	memset(cost, 0, terms * sizeof *cost);
	for (size_t i = 0; i < n; i++) {
		rest[i] = noise ? 1 / hypot(1, noise[i] / USUAL) : 1;
		for (size_t k = 0; k < terms; k++)
			share[i * terms + k] = rest[i] * x[i * terms + k] * exp(-log_total[i]);
	}
	for (int round = 0; round < 5000 && moved > 1e-9; round++) {
		moved = 0;
		for (size_t k = 0; k < terms; k++) {
			double square, by = step(share + k, terms, rest, n, cost[k], &square);

			cost[k] += by;
			for (size_t i = 0; i < n; i++)
				rest[i] -= by * share[i * terms + k];
			moved = fmax(moved, fabs(by) * sqrt(square / (double)n));
		}
	}
	free(share);
	free(rest);
}

double
fl_costs_log(const double *cost, const double *x, size_t terms)
{
	double sum = 0;

	for (size_t k = 0; k < terms; k++)
		sum += cost[k] * x[k];
	return sum > 0 ? log(sum) : 0;
}
