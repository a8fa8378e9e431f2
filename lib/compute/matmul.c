/* SPDX-License-Identifier: Apache-2.0 */
#include "compute/matmul.h"

#include "base/parallel.h"
#include "base/size.h"
#include "compute/vec.h"

/* A tile of C: large enough that packing A and B costs little beside multiplying them. */
enum { TILE_M = 512, TILE_N = 512, LANES = 16, FEW = 8, ROUND = 1 << 15 };

struct job {
	struct fl_product p;
	const uint16_t *a, *b; /* what stands for p.a and p.b in bf16; NULL: f32 */
	size_t tile_m, tile_n, tiles_m;
};

/* `total` in equal parts of at most `most`, each a multiple of `unit` but the last. */
static size_t
part(size_t total, size_t most, size_t unit)
{
	size_t parts = (total + most - 1) / most, each = (total + parts - 1) / parts;

	return (each + unit - 1) / unit * unit;
}

FL_CLONES static void
round_row(uint16_t *restrict out, const float *restrict x, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint32_t u;

		memcpy(&u, x + i, sizeof u);
		out[i] = (uint16_t)((u + 0x7fff + (u >> 16 & 1)) >> 16);
	}
}

struct rounding {
	const float *x;
	uint16_t *out;
	size_t rows, cols, ld, tile_rows;
};

static void
round_tile(void *ctx, size_t tile, int thread)
{
	const struct rounding *r = ctx;
	size_t last = (tile + 1) * r->tile_rows;

	(void)thread;
	for (size_t i = tile * r->tile_rows; i < last && i < r->rows; i++)
		round_row(r->out + i * r->cols, r->x + i * r->ld, r->cols);
}

/* A matrix, packed; a NaN may become an infinity, and is seen as such in the loss. */
static const uint16_t *
round_matrix(uint16_t *out, const float *x, size_t rows, size_t cols, size_t ld)
{
	struct rounding r = { x, out, rows, cols, ld, (ROUND + cols - 1) / cols };

	fl_parallel((rows + r.tile_rows - 1) / r.tile_rows, round_tile, &r);
	return out;
}

/* Both operands, once, in room that stays the calling thread's. */
static void
round_operands(struct job *j, struct fl_scratch *scratch)
{
	struct fl_product *p = &j->p;
	uint16_t *a = (uint16_t *)fl_scratch_get(scratch, 0, ((p->m + p->n) * p->k + 1) / 2);
	size_t rows_a = p->trans_a ? p->k : p->m, cols_a = p->trans_a ? p->m : p->k;
	size_t rows_b = p->trans ? p->n : p->k, cols_b = p->trans ? p->k : p->n;

	j->a = round_matrix(a, p->a, rows_a, cols_a, p->lda);
	j->b = round_matrix(a + p->m * p->k, p->b, rows_b, cols_b, p->ldb);
	p->lda = cols_a;
	p->ldb = cols_b;
}

static void
product_tile(void *ctx, size_t tile, int thread)
{
	const struct job *j = ctx;
	struct fl_product p = j->p;
	size_t i = tile % j->tiles_m * j->tile_m, n = tile / j->tiles_m * j->tile_n;
	size_t a = p.trans_a ? i : i * p.lda, b = p.trans ? n * p.ldb : n;

	(void)thread;
	p.c += i * p.ldc + n;
	p.m = p.m - i < j->tile_m ? p.m - i : j->tile_m;
	p.n = p.n - n < j->tile_n ? p.n - n : j->tile_n;
	if (j->a) {
		fl_bgemm(&p, j->a + a, j->b + b);
		return;
	}
	p.a += a;
	p.b += b;
	fl_sgemm(&p);
}

void
fl_matmul(const struct fl_product *p, bool bf16, struct fl_scratch *s)
{
	struct job j = { .p = *p };

	if (p->m == 0 || p->n == 0)
		return;
	if (bf16)
		round_operands(&j, s);
	j.tile_n = part(p->n, TILE_N, LANES);
	j.tile_m = part(p->m, TILE_M, LANES);
	if (fl_ceil_div(p->m, j.tile_m) * fl_ceil_div(p->n, j.tile_n) < FEW)
		j.tile_m = part(p->m, (j.tile_m + 3) / 4, LANES);
	j.tiles_m = fl_ceil_div(p->m, j.tile_m);
	fl_parallel(j.tiles_m * fl_ceil_div(p->n, j.tile_n), product_tile, &j);
}
