/* SPDX-License-Identifier: Apache-2.0 */
#include "compute/matmul.h"

#include "base/parallel.h"
#include "compute/vec.h"

/* A tile of C: large enough that packing A and B costs little beside multiplying them. */
enum { TILE_M = 512, TILE_N = 512, LANES = 16, FEW = 8 };

struct job {
	const struct fl_product *p;
	struct fl_scratch *scratch; /* NULL: f32 */
	size_t tile_m, tile_n, tiles_m;
};

/* `total` in equal parts of at most `most`, each a multiple of `unit` but the last. */
static size_t
part(size_t total, size_t most, size_t unit)
{
	size_t parts = (total + most - 1) / most, each = (total + parts - 1) / parts;

	return (each + unit - 1) / unit * unit;
}

static size_t
ceil_div(size_t a, size_t b)
{
	return (a + b - 1) / b;
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

/* A tile's operand, packed; a NaN may become an infinity, and is seen as such in the loss. */
static uint16_t *
round_matrix(uint16_t *out, const float *x, size_t rows, size_t cols, size_t ld)
{
	for (size_t i = 0; i < rows; i++)
		round_row(out + i * cols, x + i * ld, cols);
	return out;
}

static void
product_bf16(struct fl_product p, struct fl_scratch *scratch, int thread)
{
	uint16_t *a = (uint16_t *)fl_scratch_get(scratch, thread, ((p.m + p.n) * p.k + 1) / 2);
	uint16_t *b = a + p.m * p.k;

	if (p.trans_a)
		round_matrix(a, p.a, p.k, p.m, p.lda);
	else
		round_matrix(a, p.a, p.m, p.k, p.lda);
	if (p.trans)
		round_matrix(b, p.b, p.n, p.k, p.ldb);
	else
		round_matrix(b, p.b, p.k, p.n, p.ldb);
	p.lda = p.trans_a ? p.m : p.k;
	p.ldb = p.trans ? p.k : p.n;
	fl_bgemm(&p, a, b);
}

static void
product_tile(void *ctx, size_t tile, int thread)
{
	const struct job *j = ctx;
	struct fl_product p = *j->p;
	size_t i = tile % j->tiles_m * j->tile_m, n = tile / j->tiles_m * j->tile_n;

	p.a += p.trans_a ? i : i * p.lda;
	p.b += p.trans ? n * p.ldb : n;
	p.c += i * p.ldc + n;
	p.m = p.m - i < j->tile_m ? p.m - i : j->tile_m;
	p.n = p.n - n < j->tile_n ? p.n - n : j->tile_n;
	if (j->scratch)
		product_bf16(p, j->scratch, thread);
	else
		fl_sgemm(&p);
}

void
fl_matmul(const struct fl_product *p, bool bf16, struct fl_scratch *s)
{
	struct job j = { .p = p, .scratch = bf16 ? s : NULL };

	if (p->m == 0 || p->n == 0)
		return;
	j.tile_n = part(p->n, TILE_N, LANES);
	j.tile_m = part(p->m, TILE_M, LANES);
	if (ceil_div(p->m, j.tile_m) * ceil_div(p->n, j.tile_n) < FEW)
		j.tile_m = part(p->m, (j.tile_m + 3) / 4, LANES);
	j.tiles_m = ceil_div(p->m, j.tile_m);
	fl_parallel(j.tiles_m * ceil_div(p->n, j.tile_n), product_tile, &j);
}
