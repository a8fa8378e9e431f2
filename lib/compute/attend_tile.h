/* SPDX-License-Identifier: Apache-2.0 */
/* attend_tile.h -- the kernels of attend.h in the compiler's vectors of LANES floats; included once an
 * instruction set, by a file that defined before
 *
 *     TARGET	the attribute that allows its instructions
 *     LANES	floats of a vector
 *     SPAN	strips done at once, and WIDE, vectors of v done at once: what the registers hold
 *
 * and that defines dot4() and bytes() after. Everything is inlined: how vectors are passed depends on the
 * instruction set. */
#include <math.h>
#include <string.h>

#include "compute/vec.h"

#define INLINE static inline __attribute__((always_inline)) TARGET

enum { PARTS = FL_STRIP / LANES /* vectors of a strip */ };

/* How many bytes ahead of use a cache of 8 bits is fetched: for one query it comes from memory, and the machine's
 * own prefetching stops at each page. */
enum { AHEAD = 4096 };

typedef float vec __attribute__((vector_size(LANES * 4)));
typedef int32_t ivec __attribute__((vector_size(LANES * 4)));

INLINE void
load(vec *v, const float *p)
{
	memcpy(v, p, sizeof *v);
}

INLINE void
store(float *p, const vec *v)
{
	memcpy(p, v, sizeof *v);
}

/* e^x for x <= 0; a NaN stays one. */
INLINE void
exponential(vec *x)
{
	const float lowest = -87.3f;
	vec least = { 0 }, v;
	ivec in;

	least += lowest;
	in = ~(*x < least);
	v = (vec)((ivec)*x & in);
	*x = (vec)((ivec)FL_EXP(vec, ivec, v) & in);
}

/* --- scores --- */

INLINE void
score_cell(float *score, const float *q, const float *k, size_t dim, size_t strips)
{
	vec sum[ATTEND_ROWS][SPAN * PARTS] = { 0 };

	for (size_t d = 0; d < dim; d++) {
		vec x[SPAN * PARTS];

		FL_UNROLL
		for (size_t i = 0; i < strips * PARTS; i++)
			load(&x[i], k + (i / PARTS * dim + d) * FL_STRIP + i % PARTS * LANES);
		FL_UNROLL
		for (size_t r = 0; r < ATTEND_ROWS; r++)
			FL_UNROLL
			for (size_t i = 0; i < strips * PARTS; i++)
				sum[r][i] += x[i] * q[d * ATTEND_ROWS + r];
	}
	FL_UNROLL
	for (size_t r = 0; r < ATTEND_ROWS; r++)
		FL_UNROLL
		for (size_t i = 0; i < strips * PARTS; i++)
			store(score + r * ATTEND_KEYS + i * LANES, &sum[r][i]);
}

TARGET static void
scores(float *score, const float *q, const float *k, size_t rows, size_t strips, size_t dim)
{
	size_t s = 0;

	for (; s + SPAN <= strips; s += SPAN)
		for (size_t r = 0; r < rows; r += ATTEND_ROWS)
			score_cell(score + r * ATTEND_KEYS + s * FL_STRIP, q + r * dim, k + s * FL_STRIP * dim, dim,
			    SPAN);
	for (; s < strips; s++)
		for (size_t r = 0; r < rows; r += ATTEND_ROWS)
			score_cell(score + r * ATTEND_KEYS + s * FL_STRIP, q + r * dim, k + s * FL_STRIP * dim, dim, 1);
}

/* --- of 8 bits --- */

/* sum += q k, four bytes a lane; the same four of q for all of them. */
INLINE void dot4(ivec *sum, int32_t four, const ivec *k);

/* x = LANES bytes of p */
INLINE void bytes(ivec *x, const int8_t *p);

INLINE void
finish_cell8(float *score, ivec sum[ATTEND_ROWS][SPAN * PARTS], const struct fl_queries8 *q, size_t row,
    const struct fl_keys8 *k, size_t key, size_t strips)
{
	FL_UNROLL
	for (size_t i = 0; i < strips * PARTS; i++) {
		ivec zero, rest;
		vec scale;

		memcpy(&zero, k->zero + key + i * LANES, sizeof zero);
		memcpy(&rest, k->rest + key + i * LANES, sizeof rest);
		load(&scale, k->scale + key + i * LANES);
		FL_UNROLL
		for (size_t r = 0; r < ATTEND_ROWS; r++) {
			ivec whole = sum[r][i] - zero * q->sum[row + r] - rest * q->zero[row + r];
			vec x = __builtin_convertvector(whole, vec) * scale * q->scale[row + r];

			store(score + r * ATTEND_KEYS + i * LANES, &x);
		}
	}
}

INLINE void
score_cell8(float *score, const struct fl_queries8 *q, size_t row, const struct fl_keys8 *k, size_t key,
    size_t words, size_t strips)
{
	ivec sum[ATTEND_ROWS][SPAN * PARTS] = { 0 };
	const uint8_t *bytes = q->q + row * words * 4;
	const int8_t *keys = k->k + key * words * 4;

	for (size_t w = 0; w < words; w++) {
		ivec x[SPAN * PARTS];

		FL_UNROLL
		for (size_t i = 0; i < strips * PARTS; i++) {
			const int8_t *p = keys + ((i / PARTS * words + w) * FL_STRIP + i % PARTS * LANES) * 4;

			memcpy(&x[i], p, sizeof x[i]);
			if (i % PARTS == 0)
				__builtin_prefetch(p + AHEAD);
		}
		FL_UNROLL
		for (size_t r = 0; r < ATTEND_ROWS; r++) {
			int32_t four;

			memcpy(&four, bytes + (w * ATTEND_ROWS + r) * 4, sizeof four);
			FL_UNROLL
			for (size_t i = 0; i < strips * PARTS; i++)
				dot4(&sum[r][i], four, &x[i]);
		}
	}
	finish_cell8(score, sum, q, row, k, key, strips);
}

TARGET static void
scores8(float *score, const struct fl_queries8 *q, const struct fl_keys8 *k, size_t rows, size_t strips,
    size_t words)
{
	size_t s = 0;

	for (; s + SPAN <= strips; s += SPAN)
		for (size_t r = 0; r < rows; r += ATTEND_ROWS)
			score_cell8(score + r * ATTEND_KEYS + s * FL_STRIP, q, r, k, s * FL_STRIP, words, SPAN);
	for (; s < strips; s++)
		for (size_t r = 0; r < rows; r += ATTEND_ROWS)
			score_cell8(score + r * ATTEND_KEYS + s * FL_STRIP, q, r, k, s * FL_STRIP, words, 1);
}

INLINE void
load8(vec *x, const int8_t *p)
{
	ivec whole;

	bytes(&whole, p);
	*x = __builtin_convertvector(whole, vec);
}

TARGET static void
widen(float *out, const int8_t *v, float scale, float zero, size_t n)
{
	size_t i = 0;

	for (; i + LANES <= n; i += LANES) {
		vec x;

		load8(&x, v + i);
		x = (x - zero) * scale;
		store(out + i, &x);
	}
	for (; i < n; i++)
		out[i] = ((float)v[i] - zero) * scale;
}

/* --- from scores to weights --- */

INLINE void
largest(float *max, const float *s, size_t keys)
{
	vec most, x;

	load(&most, s);
	for (size_t j = LANES; j < keys; j += LANES) {
		ivec more;

		load(&x, s + j);
		more = x > most;
		most = (vec)(((ivec)x & more) | ((ivec)most & ~more));
	}
	for (size_t i = 0; i < LANES; i++)
		*max = most[i] > *max ? most[i] : *max;
}

/* Vectors may reach beyond keys: strips are whole. */
TARGET static void
soften(float *score, size_t from, size_t to, size_t keys, float *max, float *sum, float *out, size_t dim)
{
	size_t end = (keys + FL_STRIP - 1) / FL_STRIP * FL_STRIP;
	float before = *max;
	vec all = { 0 }, x;

	for (size_t j = 0; j < from; j++)
		score[j] = -INFINITY;
	for (size_t j = to; j < end; j++)
		score[j] = -INFINITY;
	largest(max, score, end);
	if (*max > before) {
		vec back = { 0 };

		back += before - *max;
		exponential(&back);
		*sum *= back[0];
		for (size_t i = 0; i < dim; i++)
			out[i] *= back[0];
	}
	for (size_t j = 0; j < end; j += LANES) {
		load(&x, score + j);
		x -= *max;
		exponential(&x);
		store(score + j, &x);
		all += x;
	}
	for (size_t half = LANES / 2; half > 0; half /= 2)
		for (size_t i = 0; i < half; i++)
			all[i] += all[i + half];
	*sum += all[0];
}

/* --- weighted values --- */

INLINE void
value_cell(float *out, const float *score, const float *v, size_t ldv, size_t keys, size_t dim,
    size_t width)
{
	vec sum[ATTEND_ROWS][WIDE], x[WIDE];

	FL_UNROLL
	for (size_t r = 0; r < ATTEND_ROWS; r++)
		FL_UNROLL
		for (size_t i = 0; i < width; i++)
			load(&sum[r][i], out + r * dim + i * LANES);
	for (size_t j = 0; j < keys; j++) {
		FL_UNROLL
		for (size_t i = 0; i < width; i++)
			load(&x[i], v + j * ldv + i * LANES);
		FL_UNROLL
		for (size_t r = 0; r < ATTEND_ROWS; r++)
			FL_UNROLL
			for (size_t i = 0; i < width; i++)
				sum[r][i] += x[i] * score[r * ATTEND_KEYS + j];
	}
	FL_UNROLL
	for (size_t r = 0; r < ATTEND_ROWS; r++)
		FL_UNROLL
		for (size_t i = 0; i < width; i++)
			store(out + r * dim + i * LANES, &sum[r][i]);
}

TARGET static void
values(float *out, const float *score, const float *v, size_t ldv, size_t rows, size_t keys, size_t dim)
{
	size_t d = 0;

	for (; d + WIDE * LANES <= dim; d += WIDE * LANES)
		for (size_t r = 0; r < rows; r += ATTEND_ROWS)
			value_cell(out + r * dim + d, score + r * ATTEND_KEYS, v + d, ldv, keys, dim, WIDE);
	for (; d + LANES <= dim; d += LANES)
		for (size_t r = 0; r < rows; r += ATTEND_ROWS)
			value_cell(out + r * dim + d, score + r * ATTEND_KEYS, v + d, ldv, keys, dim, 1);
	for (; d < dim; d++)
		for (size_t r = 0; r < rows; r++)
			for (size_t j = 0; j < keys; j++)
				out[r * dim + d] += score[r * ATTEND_KEYS + j] * v[j * ldv + d];
}

/* --- of 8 bits: out += sum score scale v - sum score scale zero --- */

/* score := score scale; the sum of that times zero. */
INLINE float
weigh(float *score, const float *scale, const float *zero, size_t keys)
{
	vec all = { 0 }, s, c, z;
	float sum = 0;
	size_t j = 0;

	for (; j + LANES <= keys; j += LANES) {
		load(&s, score + j);
		load(&c, scale + j);
		load(&z, zero + j);
		s *= c;
		all += s * z;
		store(score + j, &s);
	}
	for (; j < keys; j++) {
		score[j] *= scale[j];
		sum += score[j] * zero[j];
	}
	for (size_t i = 0; i < LANES; i++)
		sum += all[i];
	return sum;
}

INLINE void
value_cell8(float *out, const float *score, const int8_t *v, const float *offset, size_t keys, size_t dim,
    size_t width)
{
	vec sum[ATTEND_ROWS][WIDE], x[WIDE];

	FL_UNROLL
	for (size_t r = 0; r < ATTEND_ROWS; r++)
		FL_UNROLL
		for (size_t i = 0; i < width; i++) {
			load(&sum[r][i], out + r * dim + i * LANES);
			sum[r][i] -= offset[r];
		}
	for (size_t j = 0; j < keys; j++) {
		FL_UNROLL
		for (size_t i = 0; i < width; i++)
			load8(&x[i], v + j * dim + i * LANES);
		__builtin_prefetch(v + j * dim + AHEAD);
		FL_UNROLL
		for (size_t r = 0; r < ATTEND_ROWS; r++)
			FL_UNROLL
			for (size_t i = 0; i < width; i++)
				sum[r][i] += x[i] * score[r * ATTEND_KEYS + j];
	}
	FL_UNROLL
	for (size_t r = 0; r < ATTEND_ROWS; r++)
		FL_UNROLL
		for (size_t i = 0; i < width; i++)
			store(out + r * dim + i * LANES, &sum[r][i]);
}

TARGET static void
values8(float *out, float *score, const struct fl_values8 *v, size_t rows, size_t keys, size_t dim)
{
	for (size_t r = 0; r < rows; r += ATTEND_ROWS, out += ATTEND_ROWS * dim, score += ATTEND_ROWS * ATTEND_KEYS) {
		float offset[ATTEND_ROWS];
		size_t d = 0;

		for (size_t i = 0; i < ATTEND_ROWS; i++)
			offset[i] = weigh(score + i * ATTEND_KEYS, v->scale, v->zero, keys);
		for (; d + WIDE * LANES <= dim; d += WIDE * LANES)
			value_cell8(out + d, score, v->v + d, offset, keys, dim, WIDE);
		for (; d + LANES <= dim; d += LANES)
			value_cell8(out + d, score, v->v + d, offset, keys, dim, 1);
		for (; d < dim; d++)
			for (size_t i = 0; i < ATTEND_ROWS; i++) {
				out[i * dim + d] -= offset[i];
				for (size_t j = 0; j < keys; j++)
					out[i * dim + d] += score[i * ATTEND_KEYS + j] * (float)v->v[j * dim + d];
			}
	}
}

#define KERNELS .scores = scores, .scores8 = scores8, .soften = soften, .values = values, .values8 = values8, \
	.widen = widen
