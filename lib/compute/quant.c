/* SPDX-License-Identifier: Apache-2.0 */
/* The search: the error as a function of the scale has many minima, one for about every set of q. So a
 * grid of scales around the plain one finds the right valley, and alternating least squares goes down
 * in it: the best s for given q is sum weight q w / sum weight q^2, the best q for given s is w / s
 * rounded. Against a scan of every bf16 scale, on normally distributed weights, the sum of squares
 * left over is 0.25 % too large; plain rounding's is 22 %. */
#include "compute/quant.h"

#include <math.h>

#include "base/dtype.h"
#include "compute/vec.h"

/* The smallest normal bf16: a group of zeros, or of almost nothing, gets this scale and all q = 0. */
static const float least = 0x1p-126f;

/* The largest magnitude of a group; no finite number if there is a weight that is none. Magnitudes are
 * in the order of their bits, and integers vectorise. */
FL_INLINE float
top_of(const float *w)
{
	int32_t bits[FL_MATRIX_GROUP], most = 0;
	float top;

	memcpy(bits, w, sizeof bits);
	for (int i = 0; i < FL_MATRIX_GROUP; i++) {
		int32_t a = bits[i] & INT32_MAX;

		most = a > most ? a : most;
	}
	memcpy(&top, &most, sizeof top);
	return top;
}

/* The range is one longer below zero than above. Half a step past the largest positive q clips by no
 * more than rounding does anyway, and uses the whole range. */
static float
plain_scale(float top, int bits)
{
	float s = fl_bf16_to_f32(fl_f32_to_bf16(top / ((float)(1 << (bits - 1)) - 0.5f)));

	return s >= least ? s : least;
}

/* q + zero of one group. Adding and taking away 1.5 * 2^23 rounds to the nearest integer, ties to
 * even, for any |x| below 2^22; |w / s| is at most about 1.2 zero. Written so that it vectorises. */
FL_INLINE void
round_group(const float *restrict w, float s, int zero, uint32_t *restrict q)
{
	const float shift = 12582912, low = (float)-zero, high = (float)(zero - 1);

	for (int i = 0; i < FL_MATRIX_GROUP; i++) {
		float x = w[i] / s + shift - shift;

		x = x < low ? low : x;
		x = x > high ? high : x;
		q[i] = (uint32_t)(int32_t)(x - low);
	}
}

/* Searching ------------------------------------------------------------------------------------ */

typedef uint32_t words __attribute__((vector_size(64)));

/* A group a lane, so that sums over a group need nothing from another lane. */
struct batch {
	fl_vec w[FL_MATRIX_GROUP], weight[FL_MATRIX_GROUP]; /* member i of every group */
	fl_vec top;
	float low, high; /* of q */
};

/* Lane k is group k of n; no others have weights. */
static void
load(struct batch *b, const float *w, const float *weight, const float *top, size_t n, int bits)
{
	float x[FL_LANES] = { 0 }, y[FL_LANES] = { 0 };

	for (size_t k = 0; k < n; k++)
		y[k] = 1;
	for (size_t i = 0; i < FL_MATRIX_GROUP; i++) {
		for (size_t k = 0; k < n; k++)
			x[k] = w[k * FL_MATRIX_GROUP + i];
		for (size_t k = 0; weight && k < n; k++)
			y[k] = weight[k * FL_MATRIX_GROUP + i];
		fl_vec_load(&b->w[i], x);
		fl_vec_load(&b->weight[i], y);
	}
	fl_vec_load(&b->top, top);
	b->low = (float)-(1 << (bits - 1));
	b->high = -b->low - 1;
}

/* Here w times 1/s will do: it may differ from w / s in the last place, where two q are as good. */
FL_INLINE void
quantize(fl_vec *q, const fl_vec *w, const fl_vec *inverse, float low, float high)
{
	const float shift = 12582912;
	fl_vec x = *w * *inverse + shift - shift;
	float r[FL_LANES];

	memcpy(r, &x, sizeof r);
	for (int k = 0; k < FL_LANES; k++) {
		r[k] = r[k] < low ? low : r[k];
		r[k] = r[k] > high ? high : r[k];
	}
	memcpy(q, r, sizeof r);
}

/* To bf16. */
FL_INLINE void
round_scales(fl_vec *s)
{
	words bits = (words)*s;

	*s = (fl_vec)((bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000u);
}

/* Of each lane a where the mask is set, else b. */
FL_INLINE void
choose(fl_vec *out, const fl_ivec *mask, const fl_vec *a, const fl_vec *b)
{
	*out = (fl_vec)(((fl_ivec)*a & *mask) | ((fl_ivec)*b & ~*mask));
}

/* Of each lane, s, as bf16, instead of the best scale so far if its error is below `error`. */
FL_INLINE void
consider(const struct batch *b, fl_vec *s, fl_vec *best, fl_vec *error)
{
	fl_vec sum = { 0 }, inverse, q, d;
	fl_ivec better;

	round_scales(s);
	inverse = 1 / *s;
	for (int i = 0; i < FL_MATRIX_GROUP; i++) {
		quantize(&q, &b->w[i], &inverse, b->low, b->high);
		d = q * *s - b->w[i];
		sum += b->weight[i] * d * d;
	}
	better = sum < *error;
	choose(best, &better, s, best);
	choose(error, &better, &sum, error);
}

/* The best scales for the q that s gives; no numbers where all q are 0. */
FL_INLINE void
fit(const struct batch *b, fl_vec *s)
{
	fl_vec above = { 0 }, below = { 0 }, inverse = 1 / *s, q;

	for (int i = 0; i < FL_MATRIX_GROUP; i++) {
		quantize(&q, &b->w[i], &inverse, b->low, b->high);
		above += b->weight[i] * q * b->w[i];
		below += b->weight[i] * q * q;
	}
	*s = above / below;
}

/* Scales from the largest |w| at 9 down to it at 5.4, plain rounding's 7.5 among them; of 8 bits, at
 * 128 down to 122. */
enum { STEPS = 13, FITS = 2 };

FL_CLONES static void
search(const struct batch *b, bool negative, float *best_scale, const float *least_error)
{
	const float first = b->high < 8 ? 54 : 1220, step = b->high < 8 ? 3 : 5;
	fl_vec s, best, error;

	fl_vec_load(&best, best_scale);
	fl_vec_load(&error, least_error);
	for (int i = 0; i < STEPS; i++) {
		s = b->top / ((first + (float)i * step) / 10);
		consider(b, &s, &best, &error);
		s = -s;
		if (negative)
			consider(b, &s, &best, &error);
	}
	for (int i = 0; i < FITS; i++) {
		s = best;
		fit(b, &s);
		consider(b, &s, &best, &error);
	}
	fl_vec_store(best_scale, &best);
}

/* Of weights so large or small that their squares might not be numbers, which no model has, the plain
 * scale stays: an error of 0 cannot be bettered. */
static void
search_scales(const float *w, size_t n, int bits, const struct fl_quant_how *how, size_t first,
    const float *top, float *scale)
{
	float error[FL_LANES] = { 0 };
	struct batch b;

	load(&b, w, how->weight ? how->weight + first : NULL, top, n, bits);
	for (size_t k = 0; k < n; k++)
		error[k] = top[k] > 0x1p-50f && top[k] < 0x1p50f ? INFINITY : 0;
	search(&b, how->negative, scale, error);
}

/* Rows ----------------------------------------------------------------------------------------- */

FL_INLINE uint32_t *
pack(uint32_t *packed, const uint32_t *q, int bits)
{
	int per_word = 32 / bits;

	for (int i = 0; i < FL_MATRIX_GROUP; i += per_word, packed++) {
		*packed = 0;
		for (int k = 0; k < per_word; k++)
			*packed |= q[i + k] << k * bits;
	}
	return packed;
}

FL_CLONES static void
tops_of(const float *w, size_t groups, float *top)
{
	for (size_t k = 0; k < groups; k++)
		top[k] = top_of(w + k * FL_MATRIX_GROUP);
}

FL_CLONES static void
round_groups(const float *w, size_t groups, const float *s, int bits, uint32_t *packed)
{
	uint32_t q[FL_MATRIX_GROUP];

	for (size_t k = 0; k < groups; k++) {
		round_group(w + k * FL_MATRIX_GROUP, s[k], 1 << (bits - 1), q);
		packed = bits == 4 ? pack(packed, q, 4) : pack(packed, q, 8); /* each unrolled */
	}
}

int
fl_quant_row(const float *w, size_t n, int bits, const struct fl_quant_how *how, uint32_t *packed,
    uint16_t *scale)
{
	const size_t at_once = (size_t)FL_LANES * FL_MATRIX_GROUP;

	for (size_t first = 0; first < n; first += at_once, w += at_once, scale += FL_LANES) {
		size_t groups = (n - first < at_once ? n - first : at_once) / FL_MATRIX_GROUP;
		float top[FL_LANES] = { 0 }, s[FL_LANES] = { 0 };

		tops_of(w, groups, top);
		for (size_t k = 0; k < groups; k++) {
			if (!isfinite(top[k]))
				return -1;
			s[k] = plain_scale(top[k], bits);
		}
		if (how->search)
			search_scales(w, groups, bits, how, first, top, s);
		for (size_t k = 0; k < groups; k++)
			scale[k] = fl_f32_to_bf16(s[k]);
		round_groups(w, groups, s, bits, packed);
		packed += fl_quant_words(groups * FL_MATRIX_GROUP, bits);
	}
	return 0;
}

void
fl_quant_pack(const uint32_t *q, int bits, uint32_t *packed)
{
	pack(packed, q, bits);
}

void
fl_quant_weights(float *weight, const double *energy, size_t n)
{
	double sum = 0, mean;

	for (size_t i = 0; i < n; i++)
		sum += energy[i];
	mean = sum > 0 ? sum / (double)n : 1;
	for (size_t i = 0; i < n; i++)
		weight[i] = (float)(energy[i] / mean + 0.01);
}
