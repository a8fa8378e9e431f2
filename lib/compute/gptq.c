/* SPDX-License-Identifier: Apache-2.0 */
/* With J the matrix that reverses an order and J H J = L L', H = R R' with R = J L J, so U = R^-1 = J L^-1 J: one
 * factorization and the inverse of a triangle, no inverse of H.
 *
 * What a column hands on goes to the columns of its group at once, to the others of its block with the group, and to
 * all beyond with the block, as products of matrices. */
#include "compute/gptq.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/dtype.h"
#include "base/linalg.h"
#include "base/parallel.h"
#include "compute/gram.h"
#include "compute/sgemm.h"
#include "compute/vec.h"

enum { GROUP = FL_MATRIX_GROUP, BLOCK = 4 * GROUP, COLUMNS = 128 };

struct fl_gptq {
	size_t n;
	float *u;     /* [n,n], zeros below the diagonal */
	float *pivot;  /* [n], 1 / U_jj */
	float *weight; /* [n], of columns, where scales are searched for */
};

/* J H J in place of H, both lower triangles. */
static void
turn_around(double *h, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j <= i && i + j < n - 1; j++) {
			double *other = h + (n - 1 - j) * n + n - 1 - i, x = *other;

			*other = h[i * n + j];
			h[i * n + j] = x;
		}
}

struct inversion {
	const double *root;
	struct fl_gptq *g;
};

/* Columns of L^-1 become those of U from the other end. */
static void
invert_columns(void *ctx, size_t tile, int thread)
{
	const struct inversion *job = ctx;
	size_t n = job->g->n, first = tile * COLUMNS, cols = n - first < COLUMNS ? n - first : COLUMNS, rows = n - first;
	double *x = fl_alloc(rows * cols, sizeof *x);

	(void)thread;
	fl_cholesky_columns(job->root, n, first, cols, x);
	for (size_t i = 0; i < rows; i++) {
		float *u = job->g->u + (rows - 1 - i) * n + n - first - cols;

		for (size_t j = 0; j < cols; j++)
			u[cols - 1 - j] = (float)x[i * cols + j];
	}
	free(x);
}

/* From the diagonal of C. */
static void
weigh(struct fl_gptq *g, const char *moment)
{
	double *energy = fl_alloc(g->n, sizeof *energy);

	for (size_t j = 0; j < g->n; j++) {
		float x;

		memcpy(&x, moment + (fl_gram_row(j) + j) * sizeof x, sizeof x);
		energy[j] = x;
	}
	fl_quant_weights(g->weight, energy, g->n);
	free(energy);
}

struct fl_gptq *
fl_gptq_new(const void *moment, size_t n)
{
	struct fl_gptq *g = NULL;
	double *root = fl_alloc_aligned(n * n, sizeof *root, "the moments of a layer");

	if (fl_gram_load(root, moment, n, 0.01) < 0) {
		free(root);
		return NULL;
	}
	turn_around(root, n);
	if (fl_cholesky_in_place(root, n) == 0) {
		g = fl_alloc(1, sizeof *g);
		g->n = n;
		g->u = fl_alloc_aligned(n * n, sizeof *g->u, "the moments of a layer");
		g->pivot = fl_alloc(n, sizeof *g->pivot);
		fl_parallel((n + COLUMNS - 1) / COLUMNS, invert_columns, &(struct inversion){ root, g });
		for (size_t j = 0; j < n; j++)
			g->pivot[j] = 1 / g->u[j * n + j];
		g->weight = fl_alloc(n, sizeof *g->weight);
		weigh(g, moment);
	}
	free(root);
	return g;
}

void
fl_gptq_free(struct fl_gptq *g)
{
	if (!g)
		return;
	free(g->u);
	free(g->pivot);
	free(g->weight);
	free(g);
}

/* Rows --------------------------------------------------------------------------------------------- */

/* A group of columns of up to FL_GPTQ_ROWS rows. */
struct group {
	float w[FL_GPTQ_ROWS * GROUP], weight[FL_GPTQ_ROWS * GROUP];
	uint16_t scale[FL_GPTQ_ROWS];
	uint32_t q[GROUP], words[FL_GPTQ_ROWS * GROUP / 4]; /* words: not used */
};

/* One group of one row: q + zero; miss is less what the columns to come are to make up for. */
FL_CLONES static void
compensate_group(const float *u, size_t n, const float *pivot, float *w, float s, int bits, uint32_t *q, float *miss)
{
	const float shift = 12582912, low = (float)-(1 << (bits - 1)), high = -low - 1;

	for (int i = 0; i < GROUP; i++, u += n) {
		float x = w[i] / s + shift - shift, m;

		x = x < low ? low : x;
		x = x > high ? high : x;
		q[i] = (uint32_t)(int32_t)(x - low);
		miss[i] = m = (x * s - w[i]) * pivot[i];
		for (int k = 0; k < GROUP; k++)
			w[k] += m * u[k];
	}
}

/* Columns [from, end) of w take over what k columns from `first` on missed. */
static void
hand_on(const struct fl_gptq *g, float *w, size_t rows, const float *miss, size_t first, size_t k, size_t from, size_t end)
{
	if (from < end)
		fl_sgemm(&(struct fl_product){ .m = rows, .n = end - from, .k = k, .a = miss, .lda = BLOCK,
		    .b = g->u + first * g->n + from, .ldb = g->n, .beta = 1, .c = w + from, .ldc = g->n });
}

static int
round_columns(const struct fl_gptq *g, struct group *x, const float *w, size_t rows, size_t at, int bits,
    const struct fl_quant_how *how, uint32_t *packed, uint16_t *scale, float *miss)
{
	size_t words = fl_quant_words(g->n, bits), groups = g->n / GROUP;
	const struct fl_quant_how weighted = { how->search, how->negative, x->weight };

	for (size_t r = 0; r < rows; r++) {
		memcpy(x->w + r * GROUP, w + r * g->n + at, GROUP * sizeof *w);
		memcpy(x->weight + r * GROUP, g->weight + at, GROUP * sizeof *w);
	}
	if (fl_quant_row(x->w, rows * GROUP, bits, &weighted, x->words, x->scale) < 0)
		return -1;
	for (size_t r = 0; r < rows; r++) {
		compensate_group(g->u + at * g->n + at, g->n, g->pivot + at, x->w + r * GROUP, fl_bf16_to_f32(x->scale[r]), bits,
		    x->q, miss + r * BLOCK);
		fl_quant_pack(x->q, bits, packed + r * words + fl_quant_words(at, bits));
		scale[r * groups + at / GROUP] = x->scale[r];
	}
	return 0;
}

int
fl_gptq_rows(const struct fl_gptq *g, float *w, size_t rows, int bits, const struct fl_quant_how *how, uint32_t *packed,
    uint16_t *scale)
{
	_Alignas(64) struct group x;
	_Alignas(64) float miss[FL_GPTQ_ROWS * BLOCK];

	for (size_t first = 0; first < g->n; first += BLOCK) {
		size_t end = g->n - first < BLOCK ? g->n : first + BLOCK;

		for (size_t at = first; at < end; at += GROUP) {
			float *m = miss + (at - first);

			if (round_columns(g, &x, w, rows, at, bits, how, packed, scale, m) < 0)
				return -1;
			hand_on(g, w, rows, m, at, GROUP, at + GROUP, end);
		}
		hand_on(g, w, rows, miss, first, end - first, end, g->n);
	}
	return 0;
}
