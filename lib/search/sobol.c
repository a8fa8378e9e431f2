/* SPDX-License-Identifier: Apache-2.0 */
#include "search/sobol.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/rng.h"

enum { BITS = 32 };

struct fl_sobol {
	int dims;
	uint32_t index;
	struct axis {
		uint32_t x;	  /* the coordinate of the next point; the highest bit is digit 1 */
		uint32_t v[BITS]; /* direction numbers */
	} axis[];
};

/* With the polynomial z^s + a_1 z^(s-1) + ... + a_(s-1) z + 1 the direction numbers obey
 * v_k = a_1 v_(k-1) ^ ... ^ a_(s-1) v_(k-s+1) ^ v_(k-s) ^ (v_(k-s) >> s). Returns what follows the
 * dimension's entry in the table. */
static const uint16_t *
directions(uint32_t *v, const uint16_t *entry)
{
	unsigned poly = *entry++;
	int s = 0;

	while (poly >> (s + 1))
		s++;
	for (int k = 0; k < s; k++)
		v[k] = (uint32_t)*entry++ << (BITS - 1 - k);
	for (int k = s; k < BITS; k++) {
		v[k] = v[k - s] ^ v[k - s] >> s;
		for (int i = 1; i < s; i++)
			if (poly >> (s - i) & 1)
				v[k] ^= v[k - i];
	}
	return entry;
}

/* Digit i of L v is the parity of row i of L and v: row i has a 1 in column i and random digits in
 * the columns of higher digits. */
static void
scramble_axis(struct axis *a, struct fl_rng rng)
{
	uint32_t row[BITS];

	for (int i = 0; i < BITS; i++) {
		uint32_t diagonal = 1u << (BITS - 1 - i), higher = ~(diagonal | (diagonal - 1));

		row[i] = diagonal | ((uint32_t)fl_rng_u64(&rng) & higher);
	}
	for (int k = 0; k < BITS; k++) {
		uint32_t v = 0;

		for (int i = 0; i < BITS; i++)
			v |= (uint32_t)__builtin_parity(row[i] & a->v[k]) << (BITS - 1 - i);
		a->v[k] = v;
	}
	a->x = (uint32_t)(fl_rng_u64(&rng) >> 32);
}

struct fl_sobol *
fl_sobol_new(int dims, bool scramble, uint64_t seed)
{
	struct fl_sobol *s;
	const uint16_t *entry = fl_sobol_table;

	if (dims < 1 || dims > FL_SOBOL_DIMS)
		fl_bug("a Sobol sequence of %d dimensions", dims);
	s = fl_alloc(1, sizeof *s + (size_t)dims * sizeof *s->axis);
	s->dims = dims;
	for (int d = 0; d < dims; d++) {
		if (d == 0) /* van der Corput's sequence, which no polynomial makes */
			for (int k = 0; k < BITS; k++)
				s->axis[0].v[k] = 1u << (BITS - 1 - k);
		else
			entry = directions(s->axis[d].v, entry);
		if (scramble)
			scramble_axis(&s->axis[d], fl_rng_new(seed, (uint64_t)d));
	}
	return s;
}

void
fl_sobol_free(struct fl_sobol *s)
{
	free(s);
}

/* In Gray code order (Antonov and Saleev, 1979) a step changes one digit of the index. */
void
fl_sobol_next(struct fl_sobol *s, double *x)
{
	int digit = s->index == UINT32_MAX ? BITS - 1 : __builtin_ctz(~s->index);

	for (int d = 0; d < s->dims; d++) {
		x[d] = s->axis[d].x * 0x1p-32;
		s->axis[d].x ^= s->axis[d].v[digit];
	}
	s->index++;
}
