/* SPDX-License-Identifier: Apache-2.0 */
#include "compute/qgemm.h"

#include "base/parallel.h"
#include "base/size.h"
#include "compute/panels.h"

const struct fl_qgemm *const fl_qgemms[] = {
	&fl_qgemm_portable,
#ifdef __x86_64__
	&fl_qgemm_avx2,
	&fl_qgemm_avxvnni,
	&fl_qgemm_avx512,
#endif
#ifdef __aarch64__
	&fl_qgemm_dotprod,
	&fl_qgemm_i8mm,
#endif
	NULL,
};

const struct fl_qgemm *
fl_qgemm_best(void)
{
	size_t i = sizeof fl_qgemms / sizeof *fl_qgemms - 2;

	while (!fl_isa_has(fl_qgemms[i]->isa))
		i--;
	return fl_qgemms[i];
}

/* A tile is some rows times some panels. The panels stay in a usual second-level cache while the rows stream past
 * them; that pays from some rows on. Of small matrices there are enough tiles to keep some threads busy. */
enum { PANELS_BYTES = 576 << 10, MOST_ROWS = 192, LEAST_ROWS = 48, TILES = 32 };

struct job {
	const struct fl_qgemm *kernels;
	const struct fl_qrows *a;
	const struct fl_gemm_out *out;
	size_t rows, row_tiles;
	size_t panels; /* a tile */
	size_t tiles;  /* in all */
};

static size_t
tiles_of(const struct job *j, const struct fl_gemm_out *out)
{
	return fl_ceil_div(fl_ceil_div(out->w->rows, FL_PANEL), j->panels) * j->row_tiles;
}

struct place {
	const struct fl_gemm_out *out;
	size_t row, panel;
	const unsigned char *data; /* of the panel */
};

static struct place
place_of(const struct job *j, size_t tile)
{
	struct place p = { .out = j->out };

	for (; tile >= tiles_of(j, p.out); p.out++)
		tile -= tiles_of(j, p.out);
	p.row = tile % j->row_tiles * j->rows;
	p.panel = tile / j->row_tiles * j->panels;
	p.data = (const unsigned char *)p.out->w->data + p.panel * fl_panels_one(p.out->w);
	return p;
}

/* Threads take turns, so that the next tile of this one is likely the one that many further on. */
static const unsigned char *
after(const struct job *j, size_t tile)
{
	tile += (size_t)fl_parallel_threads();
	return place_of(j, tile < j->tiles ? tile : j->tiles - 1).data;
}

static void
multiply_tile(void *ctx, size_t tile, int thread)
{
	const struct job *j = ctx;
	struct place p = place_of(j, tile);
	const struct fl_matrix *w = p.out->w;
	size_t at = p.panel * FL_PANEL;

	(void)thread;
	(w->kind == FL_MATRIX_PANELS4 ? j->kernels->int4 : j->kernels->int8)(p.out->c + p.row * w->rows + at, w->rows,
	    j->a, p.row, fl_min(j->rows, j->a->rows - p.row), p.data, fl_min(j->panels * FL_PANEL, w->rows - at), after(j, tile));
}

static size_t
all_tiles(const struct job *j, size_t n)
{
	size_t tiles = 0;

	for (size_t i = 0; i < n; i++)
		tiles += tiles_of(j, &j->out[i]);
	return tiles;
}

static void
cut_rows(struct job *j, size_t rows)
{
	j->rows = fl_min(rows, j->a->rows);
	j->row_tiles = fl_ceil_div(j->a->rows, j->rows);
}

/* Sizes of tiles depend on the sizes of the work alone. */
static void
choose_tiles(struct job *j, size_t n)
{
	size_t largest = 1;

	for (size_t i = 0; i < n; i++)
		if (fl_panels_one(j->out[i].w) > largest)
			largest = fl_panels_one(j->out[i].w);
	j->panels = PANELS_BYTES / largest + 1;
	cut_rows(j, MOST_ROWS);
	while (all_tiles(j, n) < TILES && j->rows > LEAST_ROWS)
		cut_rows(j, j->rows / 2);
	while (all_tiles(j, n) < TILES && j->panels > 1)
		j->panels /= 2;
}

void
fl_qgemm(const struct fl_gemm_out *out, size_t n, const struct fl_qrows *a, const struct fl_qgemm *kernels)
{
	struct job j = { .kernels = kernels ? kernels : fl_qgemm_best(), .a = a, .out = out };

	if (a->rows == 0)
		return;
	choose_tiles(&j, n);
	j.tiles = all_tiles(&j, n);
	fl_parallel(j.tiles, multiply_tile, &j);
}
