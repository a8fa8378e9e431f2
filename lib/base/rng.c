/* SPDX-License-Identifier: Apache-2.0 */
#include "base/rng.h"

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
