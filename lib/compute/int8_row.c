/* SPDX-License-Identifier: Apache-2.0 */
#include "compute/int8_row.h"

#include <math.h>

#include "compute/vec.h"

enum { AT_ONCE = 4 /* vectors */ };

/* Of a vector, into the largest x and the largest -x so far; odd stays 0 as long as all are numbers. */
FL_INLINE void
take_extremes(const fl_vec *v, fl_vec *most, fl_vec *least, fl_vec *odd)
{
	fl_vec minus = -*v;

	fl_vec_max(most, v);
	fl_vec_max(least, &minus);
	*odd += *v - *v;
}

/* Of n values and 0; no numbers where one is infinite or none. */
FL_CLONES static void
extremes(const float *x, size_t n, float *low, float *high)
{
	fl_vec most[AT_ONCE] = { 0 }, least[AT_ONCE] = { 0 }, odd[AT_ONCE] = { 0 }, v;
	size_t i = 0;

	for (; i + AT_ONCE * FL_LANES <= n; i += AT_ONCE * FL_LANES)
		for (size_t k = 0; k < AT_ONCE; k++) { /* independent of one another, as a maximum takes a while */
			fl_vec_load(&v, x + i + k * FL_LANES);
			take_extremes(&v, &most[k], &least[k], &odd[k]);
		}
	for (; i < n; i += FL_LANES) {
		fl_vec_load_part(&v, x + i, n - i < FL_LANES ? n - i : FL_LANES);
		take_extremes(&v, &most[0], &least[0], &odd[0]);
	}
	for (size_t k = 1; k < AT_ONCE; k++) {
		fl_vec_max(&most[0], &most[k]);
		fl_vec_max(&least[0], &least[k]);
		odd[0] += odd[k];
	}
	*low = *high = fl_vec_sum(&odd[0]);
	for (i = 0; i < FL_LANES; i++) {
		*low = -least[0][i] < *low ? -least[0][i] : *low;
		*high = most[0][i] > *high ? most[0][i] : *high;
	}
}

bool
fl_int8_range(const float *x, size_t n, float *scale, float *zero)
{
	float low, high;

	extremes(x, n, &low, &high);
	*scale = (high - low) / 255;
	if (!(*scale > 0x1p-120f && *scale < INFINITY)) {
		*scale = 1;
		*zero = -128;
		return false;
	}
	*zero = fminf(fmaxf(nearbyintf(-128 - low * (1 / *scale)), -128), 127);
	return true;
}

/* Adding and subtracting 1.5 * 2^23 rounds to the nearest integer, ties to even. */
FL_INLINE float
rounded(float x, float inverse, float zero)
{
	const float round = 0x1.8p23f;
	float q = x * inverse + round - round + zero;

	q = q > -128 ? q : -128;
	return q < 127 ? q : 127;
}

/* rounded() of whole vectors, and of what is left over. */
FL_CLONES static void
round_all(int8_t *q, const float *x, size_t n, float inverse, float zero)
{
	const float round = 0x1.8p23f;
	size_t i = 0;

	for (; i + AT_ONCE * FL_LANES <= n; i += AT_ONCE * FL_LANES) {
		int32_t whole[AT_ONCE * FL_LANES];

		for (size_t k = 0; k < AT_ONCE * FL_LANES; k += FL_LANES) {
			fl_vec v, low = (fl_vec){ 0 } - 128, most = (fl_vec){ 0 } - 127;
			fl_ivec w;

			fl_vec_load(&v, x + i + k);
			v = v * inverse + round - round + zero;
			fl_vec_max(&low, &v);
			low = -low;
			fl_vec_max(&low, &most);
			w = -__builtin_convertvector(low, fl_ivec);
			memcpy(whole + k, &w, sizeof w);
		}
		for (size_t k = 0; k < AT_ONCE * FL_LANES; k++)
			q[i + k] = (int8_t)whole[k];
	}
	for (; i < n; i++)
		q[i] = (int8_t)rounded(x[i], inverse, zero);
}

void
fl_int8_round(int8_t *q, const float *x, size_t n, float scale, float zero)
{
	round_all(q, x, n, 1 / scale, zero);
}

FL_CLONES static void
round_trip(float *out, const float *x, size_t n, float scale, float inverse, float zero)
{
	for (size_t i = 0; i < n; i++)
		out[i] = (rounded(x[i], inverse, zero) - zero) * scale;
}

void
fl_int8_round_trip(float *out, const float *x, size_t n, float scale, float zero)
{
	round_trip(out, x, n, scale, 1 / scale, zero);
}
