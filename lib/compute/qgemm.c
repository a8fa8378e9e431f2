/* SPDX-License-Identifier: Apache-2.0 */
#include "compute/qgemm.h"

#include "base/parallel.h"
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

	while (!fl_qgemms[i]->usable()) /* the best first: who asks the processor itself takes a while */
		i--;
	return fl_qgemms[i];
}

/* A tile is some rows times some panels: half of a usual second-level cache for the rows, which all panels
 * meet, a quarter for the panels, which all rows meet. And there are enough of them to keep some threads
 * busy. */
enum { ROWS_BYTES = 512 << 10, PANELS_BYTES = 256 << 10, TILES = 32, BLOCK = 12 /* rows of several kernels' tiles */ };

struct job {
	const struct fl_qgemm *kernels;
	const struct fl_qrows *a;
	const struct fl_gemm_out *out;
	size_t rows, row_tiles;
	size_t panels; /* a tile */
};

static size_t
ceil_div(size_t a, size_t b)
{
	return (a + b - 1) / b;
}

static size_t
min(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t
tiles_of(const struct job *j, const struct fl_gemm_out *out)
{
	return ceil_div(ceil_div(out->w->rows, FL_PANEL), j->panels) * j->row_tiles;
}

static void
multiply_tile(void *ctx, size_t tile, int thread)
{
	const struct job *j = ctx;
	const struct fl_gemm_out *out = j->out;
	const struct fl_matrix *w;
	size_t row, panel, at;

	(void)thread;
	for (; tile >= tiles_of(j, out); out++)
		tile -= tiles_of(j, out);
	w = out->w;
	row = tile % j->row_tiles * j->rows;
	panel = tile / j->row_tiles * j->panels;
	at = panel * FL_PANEL;
	(w->kind == FL_MATRIX_PANELS4 ? j->kernels->int4 : j->kernels->int8)(out->c + row * w->rows + at, w->rows,
	    j->a, row, min(j->rows, j->a->rows - row), (const unsigned char *)w->data + panel * fl_panels_one(w),
	    min(j->panels * FL_PANEL, w->rows - at));
}

/* Sizes of tiles depend on the sizes of the work alone. */
static void
choose_tiles(struct job *j, size_t n)
{
	size_t most = ROWS_BYTES / j->a->cols / BLOCK * BLOCK, panels = 0, largest = 1;

	j->row_tiles = ceil_div(j->a->rows, most > BLOCK ? most : BLOCK);
	j->rows = ceil_div(ceil_div(j->a->rows, j->row_tiles), BLOCK) * BLOCK;
	j->row_tiles = ceil_div(j->a->rows, j->rows);
	for (size_t i = 0; i < n; i++) {
		size_t one = fl_panels_one(j->out[i].w);

		panels += ceil_div(j->out[i].w->rows, FL_PANEL);
		largest = one > largest ? one : largest;
	}
	j->panels = min(PANELS_BYTES / largest, panels * j->row_tiles / TILES);
	if (j->panels == 0)
		j->panels = 1;
}

void
fl_qgemm(const struct fl_gemm_out *out, size_t n, const struct fl_qrows *a, const struct fl_qgemm *kernels)
{
	struct job j = { .kernels = kernels ? kernels : fl_qgemm_best(), .a = a, .out = out };
	size_t tiles = 0;

	if (a->rows == 0)
		return;
	choose_tiles(&j, n);
	for (size_t i = 0; i < n; i++)
		tiles += tiles_of(&j, &out[i]);
	fl_parallel(tiles, multiply_tile, &j);
}
