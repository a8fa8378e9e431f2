/* SPDX-License-Identifier: Apache-2.0 */
#include "compute/matmul.h"

#include "base/parallel.h"

/* A tile of C: large enough that packing A and B costs little beside multiplying them. */
enum { TILE_M = 512, TILE_N = 512, LANES = 16, FEW = 8 };

struct job {
	const struct fl_product *p;
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

static void
product_tile(void *ctx, size_t tile, int thread)
{
	const struct job *j = ctx;
	struct fl_product p = *j->p;
	size_t i = tile % j->tiles_m * j->tile_m, n = tile / j->tiles_m * j->tile_n;

	(void)thread;
	p.a += p.trans_a ? i : i * p.lda;
	p.b += p.trans ? n * p.ldb : n;
	p.c += i * p.ldc + n;
	p.m = p.m - i < j->tile_m ? p.m - i : j->tile_m;
	p.n = p.n - n < j->tile_n ? p.n - n : j->tile_n;
	fl_sgemm(&p);
}

void
fl_matmul(const struct fl_product *p)
{
	struct job j = { .p = p };

	if (p->m == 0 || p->n == 0)
		return;
	j.tile_n = part(p->n, TILE_N, LANES);
	j.tile_m = part(p->m, TILE_M, LANES);
	if (ceil_div(p->m, j.tile_m) * ceil_div(p->n, j.tile_n) < FEW)
		j.tile_m = part(p->m, (j.tile_m + 3) / 4, LANES);
	j.tiles_m = ceil_div(p->m, j.tile_m);
	fl_parallel(j.tiles_m * ceil_div(p->n, j.tile_n), product_tile, &j);
}
