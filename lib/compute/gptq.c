/* SPDX-License-Identifier: Apache-2.0 */
/* With J the matrix that reverses an order and J H J = L L', H = R R' with R = J L J, so U = R^-1 = J L^-1 J: one
 * factorization and the inverse of a triangle, no inverse of H. H is loaded reversed.
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
	uint32_t *order; /* [n], the column that is rounded first, second, ... */
	float *u;     /* [n,n] of columns in that order, zeros below the diagonal */
	float *pivot;  /* [n], 1 / U_jj */
	float *weight; /* [n], of columns as they are, where scales are searched for */
};

struct column {
	double energy;
	uint32_t at;
};

static int
by_energy(const void *x, const void *y)
{
	const struct column *a = x, *b = y;

	return a->energy != b->energy ? (a->energy < b->energy ? 1 : -1) : (a->at > b->at) - (a->at < b->at);
}

/* The order of columns, and where each of them is from its other end. */
static void
choose_order(const double *energy, size_t n, uint32_t *order, uint32_t *place)
{
	struct column *c = fl_alloc(n, sizeof *c);

	for (uint32_t j = 0; j < n; j++)
		c[j] = (struct column){ energy[j], j };
	qsort(c, n, sizeof *c, by_energy);
	for (size_t j = 0; j < n; j++) {
		order[j] = c[j].at;
		place[c[j].at] = (uint32_t)(n - 1 - j);
	}
	free(c);
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

/* From the Cholesky factor of J H J. */
static struct fl_gptq *
new_factor(const double *root, size_t n)
{
	struct fl_gptq *g = fl_alloc(1, sizeof *g);

	g->n = n;
	g->u = fl_alloc_aligned(n * n, sizeof *g->u, "the moments of a layer");
	g->pivot = fl_alloc(n, sizeof *g->pivot);
	fl_parallel((n + COLUMNS - 1) / COLUMNS, invert_columns, &(struct inversion){ root, g });
	for (size_t j = 0; j < n; j++)
		g->pivot[j] = 1 / g->u[j * n + j];
	return g;
}

struct fl_gptq *
fl_gptq_new(const void *moment, size_t n)
{
	double *root = fl_alloc_aligned(n * n, sizeof *root, "the moments of a layer"), *energy = fl_alloc(n, sizeof *energy);
	uint32_t *order = fl_alloc(n, sizeof *order), *place = fl_alloc(n, sizeof *place);
	struct fl_gptq *g = NULL;

	fl_gram_diagonal(energy, moment, n);
	choose_order(energy, n, order, place);
	if (fl_gram_load(root, moment, n, 0.01, place) == 0 && fl_cholesky_in_place(root, n) == 0) {
		g = new_factor(root, n);
		g->order = order;
		g->weight = fl_alloc(n, sizeof *g->weight);
		fl_quant_weights(g->weight, energy, n);
	} else {
		free(order);
	}
	free(root);
	free(energy);
	free(place);
	return g;
}

void
fl_gptq_free(struct fl_gptq *g)
{
	if (!g)
		return;
	free(g->order);
	free(g->u);
	free(g->pivot);
	free(g->weight);
	free(g);
}

/* Rows --------------------------------------------------------------------------------------------- */

/* Rows on their way. */
struct rows {
	size_t n;
	float *w;	/* [n, columns] in the order in which they are rounded, */
	float *scale;	/* the same of the scales, */
	uint8_t *q;	/* and of integers, q + zero */
	float *miss;	/* [n, BLOCK], less what the columns to come are to make up for */
};

/* GROUP columns of one row. */
FL_CLONES static void
compensate_group(const float *u, size_t n, const float *pivot, float *w, const float *s, int bits, uint8_t *q, float *miss)
{
	const float shift = 12582912, low = (float)-(1 << (bits - 1)), high = -low - 1;

	for (int i = 0; i < GROUP; i++, u += n) {
		float x = w[i] / s[i] + shift - shift, m;

		x = x < low ? low : x;
		x = x > high ? high : x;
		q[i] = (uint8_t)(int32_t)(x - low);
		miss[i] = m = (x * s[i] - w[i]) * pivot[i];
		for (int k = 0; k < GROUP; k++)
			w[k] += m * u[k];
	}
}

/* Columns [from, end) take over what k columns from `first` on missed. */
static void
hand_on(const struct fl_gptq *g, struct rows *x, size_t first, size_t at, size_t k, size_t from, size_t end)
{
	if (from < end)
		fl_sgemm(&(struct fl_product){ .m = x->n, .n = end - from, .k = k, .a = x->miss + (at - first), .lda = BLOCK,
		    .b = g->u + at * g->n + from, .ldb = g->n, .beta = 1, .c = x->w + from, .ldc = g->n });
}

static void
round_columns(const struct fl_gptq *g, struct rows *x, int bits)
{
	for (size_t first = 0; first < g->n; first += BLOCK) {
		size_t end = g->n - first < BLOCK ? g->n : first + BLOCK;

		for (size_t at = first; at < end; at += GROUP) {
			for (size_t r = 0; r < x->n; r++)
				compensate_group(g->u + at * g->n + at, g->n, g->pivot + at, x->w + r * g->n + at,
				    x->scale + r * g->n + at, bits, x->q + r * g->n + at, x->miss + r * BLOCK + (at - first));
			hand_on(g, x, first, at, GROUP, at + GROUP, end);
		}
		hand_on(g, x, first, first, end - first, end, g->n);
	}
}

/* Columns in the order in which they are rounded; packed is room for integers that are not used. */
static int
take_rows(const struct fl_gptq *g, struct rows *x, const float *w, int bits, const struct fl_quant_how *how,
    uint32_t *packed, uint16_t *scale)
{
	const struct fl_quant_how weighted = { how->search, how->negative, g->weight };
	size_t groups = g->n / GROUP;

	for (size_t r = 0; r < x->n; r++, w += g->n, scale += groups) {
		if (fl_quant_row(w, g->n, bits, &weighted, packed, scale) < 0)
			return -1;
		for (size_t j = 0; j < g->n; j++) {
			x->w[r * g->n + j] = w[g->order[j]];
			x->scale[r * g->n + j] = fl_bf16_to_f32(scale[g->order[j] / GROUP]);
		}
	}
	return 0;
}

static void
pack_rows(const struct fl_gptq *g, const struct rows *x, int bits, uint32_t *packed)
{
	uint32_t *q = fl_alloc(g->n, sizeof *q);

	for (size_t r = 0; r < x->n; r++) {
		for (size_t j = 0; j < g->n; j++)
			q[g->order[j]] = x->q[r * g->n + j];
		for (size_t j = 0; j < g->n; j += GROUP, packed += fl_quant_words(GROUP, bits))
			fl_quant_pack(q + j, bits, packed);
	}
	free(q);
}

int
fl_gptq_rows(const struct fl_gptq *g, const float *w, size_t rows, int bits, const struct fl_quant_how *how,
    uint32_t *packed, uint16_t *scale)
{
	struct rows x = { .n = rows };
	int bad;

	x.w = fl_alloc(rows * g->n, sizeof *x.w);
	x.scale = fl_alloc(rows * g->n, sizeof *x.scale);
	x.q = fl_alloc(rows * g->n, sizeof *x.q);
	x.miss = fl_alloc(rows * BLOCK, sizeof *x.miss);
	bad = take_rows(g, &x, w, bits, how, packed, scale);
	if (!bad) {
		round_columns(g, &x, bits);
		pack_rows(g, &x, bits, packed);
	}
	free(x.w);
	free(x.scale);
	free(x.q);
	free(x.miss);
	return bad;
}
