/* SPDX-License-Identifier: Apache-2.0 */
#include "base/rng.h"

#include <math.h>

static uint64_t
splitmix(uint64_t *x)
{
	uint64_t z = *x += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static uint64_t
rotate(uint64_t x, int k)
{
	return x << k | x >> (64 - k);
}

struct fl_rng
fl_rng_new(uint64_t seed, uint64_t stream)
{
	struct fl_rng r;
	uint64_t x = stream;

	x = seed ^ splitmix(&x);
	for (int i = 0; i < 4; i++)
		r.s[i] = splitmix(&x);
	return r;
}

uint64_t
fl_rng_u64(struct fl_rng *r)
{
	uint64_t *s = r->s, result = rotate(s[1] * 5, 7) * 9, t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotate(s[3], 45);
	return result;
}

double
fl_rng_unit(struct fl_rng *r)
{
	return (double)(fl_rng_u64(r) >> 11) * 0x1p-53;
}

uint64_t
fl_rng_below(struct fl_rng *r, uint64_t bound)
{
	uint64_t skip = -bound % bound, x; /* 2^64 mod bound values would be drawn too often */

	do
		x = fl_rng_u64(r);
	while (x < skip);
	return x % bound;
}

/* log x = e log 2 + 2 atanh((m-1)/(m+1)), x = m 2^e, m in [sqrt 1/2, sqrt 2): the series ends below
 * 2^-60. Not libm's, whose last bit depends on the CPU; this one has no freedom in rounding. */
static double
logarithm(double x)
{
	int e;
	double m = frexp(x, &e), z, sum = 0;

	if (m < 0.70710678118654752440) {
		m *= 2;
		e--;
	}
	z = (m - 1) / (m + 1);
	for (int k = 23; k > 0; k -= 2)
		sum = sum * z * z + 1.0 / k;
	return e * 0.69314718055994530942 + 2 * z * sum;
}

double
fl_rng_normal(struct fl_rng *r)
{
	/* Marsaglia's polar method (1964). */
	double u, v, s;

	do {
		u = 2 * fl_rng_unit(r) - 1;
		v = 2 * fl_rng_unit(r) - 1;
		s = u * u + v * v;
	} while (s >= 1 || s == 0);
	return u * sqrt(-2 * logarithm(s) / s);
}
