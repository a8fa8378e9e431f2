/* SPDX-License-Identifier: Apache-2.0 */
#include "compute/loss.h"

#include <math.h>
#include <stdbool.h>

#include "compute/vec.h"

FL_CLONES static void
largest(const float *z, size_t n, float *out)
{
	float lane[FL_LANES], most = z[0];
	fl_vec v, top = { 0 };
	size_t i = 0;

	top += most;
	for (; i + FL_LANES <= n; i += FL_LANES) {
		fl_vec_load(&v, z + i);
		fl_vec_max(&top, &v);
	}
	fl_vec_store(lane, &top);
	for (int k = 0; k < FL_LANES; k++)
		most = lane[k] > most ? lane[k] : most;
	for (; i < n; i++)
		most = z[i] > most ? z[i] : most;
	*out = most;
}

/* Sum of e^((z - most) / T): 64 of each lane in f32, then in double. */
FL_CLONES static void
sum_exp(const float *z, size_t n, float most, float inverse, double *out)
{
	enum { BLOCK = 64 * FL_LANES };
	double sum = 0;

	while (n >= FL_LANES) {
		size_t block = n < BLOCK ? n / FL_LANES * FL_LANES : BLOCK;
		fl_vec v, lanes = { 0 };

		for (size_t i = 0; i < block; i += FL_LANES) {
			fl_vec_load(&v, z + i);
			v = (v - most) * inverse;
			fl_vec_exp(&v);
			lanes += v;
		}
		sum += (double)fl_vec_sum(&lanes);
		z += block;
		n -= block;
	}
	for (; n > 0; z++, n--)
		sum += exp(((double)*z - (double)most) * (double)inverse);
	*out = sum;
}

/* Exponentials of differences from the largest cannot overflow. */
double
fl_log_sum_exp(const float *z, size_t n, float temperature)
{
	float most;
	double sum;

	largest(z, n, &most);
	sum_exp(z, n, most, 1 / temperature, &sum);
	return log(sum) + (double)most / (double)temperature;
}

double
fl_cross_entropy(const float *z, size_t n, size_t target)
{
	return fl_log_sum_exp(z, n, 1) - (double)z[target];
}

/* Whether one of x is not <= top. */
FL_CLONES static bool
any_above(const float *x, size_t n, float top)
{
	int above = 0;

	for (size_t i = 0; i < n; i++)
		above |= !(x[i] <= top);
	return above;
}

/* In most blocks nothing is larger than what was found before. */
size_t
fl_likeliest(const float *z, size_t n)
{
	enum { BLOCK = 256 };
	size_t best = 0;

	for (size_t i = 0; i < n; i += BLOCK) {
		size_t end = n - i < BLOCK ? n : i + BLOCK;

		if (!any_above(z + i, end - i, z[best]))
			continue;
		for (size_t k = i; k < end; k++) {
			if (isnan(z[k]))
				return n;
			best = z[k] > z[best] ? k : best;
		}
	}
	return best;
}
