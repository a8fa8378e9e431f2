/* SPDX-License-Identifier: Apache-2.0 */
/* attend.h -- what attention does with one block of keys, for each instruction set; private to compute/.
 *
 * Rows are queries that see the same keys, ATTEND_ROWS of them together; keys come in strips of
 * FL_STRIP. A block has at most ATTEND_KEYS keys and its scores are [rows, ATTEND_KEYS]. dim is the
 * length of a head. Layouts:
 *
 *     q     [rows / ATTEND_ROWS, dim, ATTEND_ROWS]		k	[strips, dim, FL_STRIP]
 *     q8    [rows / ATTEND_ROWS, words, ATTEND_ROWS, 4]	k8	[strips, words, FL_STRIP, 4]
 *     v, out [.., dim]
 *
 * of 8 bits four neighbours of dim make a word, the last filled up with zeros. Rows and strips are
 * whole; what stands in their last places is computed and not used. */
#ifndef FL_COMPUTE_ATTEND_H
#define FL_COMPUTE_ATTEND_H

#include <stddef.h>
#include <stdint.h>

#include "compute/isa.h"
#include "compute/kv.h"

enum { ATTEND_ROWS = 4, ATTEND_KEYS = 256 };

/* Queries of 8 bits: x ~ scale (q - zero), sum the sum of q over dim. */
struct fl_queries8 {
	const uint8_t *q;
	const float *scale;
	const int32_t *zero, *sum;
};

/* Keys of 8 bits: x ~ scale (k - zero), rest the sum of k over dim less dim * zero. Then
 *
 *     sum (q - zero_q) (k - zero_k) = sum q k - sum_q zero_k - zero_q rest_k
 *
 * in integers that do not overflow up to a dim of 2^14. */
struct fl_keys8 {
	const int8_t *k;
	const float *scale;
	const int32_t *zero, *rest;
};

/* Values of 8 bits, [keys, dim]: x ~ scale (v - zero), one scale and zero a key. */
struct fl_values8 {
	const int8_t *v;
	const float *scale, *zero;
};

struct fl_attend {
	const char *name;
	enum fl_isa isa;
	int offset;	      /* added to the 8-bit q, its zero and, dim times, its sum: what bytes dot8 takes */

	/* score = q k */
	void (*scores)(float *score, const float *q, const float *k, size_t rows, size_t strips, size_t dim);
	void (*scores8)(float *score, const struct fl_queries8 *q, const struct fl_keys8 *k, size_t rows,
	    size_t strips, size_t words);

	/* One row: scores outside [from, to) become 0, those inside e^(score - max) where max, and what was
	 * summed up under the max before, are brought up to date. from < to. */
	void (*soften)(float *score, size_t from, size_t to, size_t keys, float *max, float *sum, float *out,
	    size_t dim);

	/* out += score v, v's rows ldv apart */
	void (*values)(float *out, const float *score, const float *v, size_t ldv, size_t rows, size_t keys,
	    size_t dim);

	/* The same, of few rows; score is spoilt. */
	void (*values8)(float *out, float *score, const struct fl_values8 *v, size_t rows, size_t keys, size_t dim);

	/* n values of one row: out = scale (v - zero) */
	void (*widen)(float *out, const int8_t *v, float scale, float zero, size_t n);
};

/* All there are in this program, the best last; NULL ends them. The first is plain C. */
extern const struct fl_attend *const fl_attends[];
const struct fl_attend *fl_attend_best(void); /* of those usable here */

extern const struct fl_attend fl_attend_portable, fl_attend_avx2, fl_attend_avx512, fl_attend_neon;

#endif
