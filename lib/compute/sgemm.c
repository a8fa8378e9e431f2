/* SPDX-License-Identifier: Apache-2.0 */
#include "compute/sgemm.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/dtype.h"
#include "compute/vec.h"

#ifdef FL_PORTABLE
const char fl_sgemm_name[] = "portable";
#else
const char fl_sgemm_name[] = "onednn";
#endif

/* A strip of C, 16 columns wide, is made from a packed strip of B (one vector for each of up to DEPTH
 * values of k), six rows at a time: six accumulators, one vector of B and one broadcast fit the
 * registers of every machine in question. */
enum { ROWS = 6, DEPTH = 256 };

static void
pack(float *strip, const struct fl_product *p, size_t j0, size_t nj, size_t k0, size_t nk)
{
	for (size_t k = 0; k < nk; k++)
		for (size_t j = 0; j < FL_LANES; j++) {
			size_t at = p->trans ? (j0 + j) * p->ldb + k0 + k : (k0 + k) * p->ldb + j0 + j;

			strip[k * FL_LANES + j] = j < nj ? p->b[at] : 0;
		}
}

FL_INLINE void
rows_times_strip(const struct fl_product *p, const float *strip, size_t i0, size_t rows, size_t j0,
    size_t nj, size_t k0, size_t nk)
{
	size_t row = p->trans_a ? 1 : p->lda, depth = p->trans_a ? p->lda : 1;
	const float *a = p->a + i0 * row + k0 * depth;
	fl_vec acc[ROWS] = { { 0 } };

	for (size_t k = 0; k < nk; k++) {
		fl_vec b;

		fl_vec_load(&b, strip + k * FL_LANES);
		for (size_t i = 0; i < rows; i++)
			acc[i] += a[i * row + k * depth] * b;
	}
	for (size_t i = 0; i < rows; i++) {
		float *c = p->c + (i0 + i) * p->ldc + j0;
		bool add = k0 > 0 || p->beta != 0;

		for (size_t j = 0; j < nj; j++)
			c[j] = add ? c[j] + acc[i][j] : acc[i][j];
	}
}

FL_CLONES static void
strip_product(const struct fl_product *p, const float *strip, size_t j0, size_t nj, size_t k0,
    size_t nk)
{
	size_t i = 0;

	for (; i + ROWS <= p->m; i += ROWS)
		rows_times_strip(p, strip, i, ROWS, j0, nj, k0, nk);
	for (; i < p->m; i++)
		rows_times_strip(p, strip, i, 1, j0, nj, k0, nk);
}

void
fl_sgemm_portable(const struct fl_product *p)
{
	_Alignas(64) float strip[DEPTH * FL_LANES];

	for (size_t j = 0; j < p->n; j += FL_LANES) {
		size_t nj = p->n - j < FL_LANES ? p->n - j : FL_LANES;

		for (size_t k = 0; k < p->k; k += DEPTH) {
			size_t nk = p->k - k < DEPTH ? p->k - k : DEPTH;

			pack(strip, p, j, nj, k, nk);
			strip_product(p, strip, j, nj, k, nk);
		}
	}
}

static float *
widen(const uint16_t *x, size_t rows, size_t cols, size_t ld)
{
	float *out = fl_alloc(rows * cols, sizeof *out);

	for (size_t i = 0; i < rows; i++)
		for (size_t j = 0; j < cols; j++)
			out[i * cols + j] = fl_bf16_to_f32(x[i * ld + j]);
	return out;
}

void
fl_bgemm_widened(const struct fl_product *p, const uint16_t *a, const uint16_t *b)
{
	struct fl_product q = *p;
	float *wide_a, *wide_b;

	q.lda = p->trans_a ? p->m : p->k;
	q.ldb = p->trans ? p->k : p->n;
	q.a = wide_a = widen(a, p->trans_a ? p->k : p->m, q.lda, p->lda);
	q.b = wide_b = widen(b, p->trans ? p->n : p->k, q.ldb, p->ldb);
	fl_sgemm(&q);
	free(wide_a);
	free(wide_b);
}
