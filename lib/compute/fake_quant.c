/* SPDX-License-Identifier: Apache-2.0 */
#include "compute/fake_quant.h"

#include <math.h>
#include <string.h>

#include "base/parallel.h"
#include "compute/int8_row.h"
#include "compute/matrix.h"

enum { TILE = 1 << 14 /* floats a tile */ };

struct job {
	float *out;
	const float *in;
	size_t rows, n, tile_rows;
	int bits;
	const struct fl_quant_how *how;
	struct fl_scratch *scratch;
};

static void
run(struct job *j, void (*tile)(void *ctx, size_t tile, int thread))
{
	j->tile_rows = (TILE + j->n - 1) / j->n;
	fl_parallel((j->rows + j->tile_rows - 1) / j->tile_rows, tile, j);
}

static void
weights_tile(void *ctx, size_t tile, int thread)
{
	const struct job *j = ctx;
	size_t words = fl_quant_words(j->n, j->bits), last = (tile + 1) * j->tile_rows;
	uint32_t *packed = (uint32_t *)fl_scratch_get(j->scratch, thread, words + j->n / FL_MATRIX_GROUP);
	uint16_t *scale = (uint16_t *)(packed + words);
	struct fl_matrix row = { j->bits == 4 ? FL_MATRIX_INT4 : FL_MATRIX_INT8, 1, j->n, packed, scale };

	for (size_t r = tile * j->tile_rows; r < last && r < j->rows; r++) {
		float *out = j->out + r * j->n;

		if (fl_quant_row(j->in + r * j->n, j->n, j->bits, j->how, packed, scale) == 0)
			fl_matrix_rows_f32(&row, 0, 1, out);
		else
			for (size_t i = 0; i < j->n; i++)
				out[i] = NAN;
	}
}

void
fl_fake_quant_weights(float *out, const float *w, size_t rows, size_t n, int bits,
    const struct fl_quant_how *how, struct fl_scratch *s)
{
	run(&(struct job){ out, w, rows, n, 0, bits, how, s }, weights_tile);
}

static void
rows_tile(void *ctx, size_t tile, int thread)
{
	const struct job *j = ctx;
	size_t last = (tile + 1) * j->tile_rows;

	(void)thread;
	for (size_t r = tile * j->tile_rows; r < last && r < j->rows; r++) {
		const float *x = j->in + r * j->n;
		float *out = j->out + r * j->n, scale, zero;

		if (fl_int8_range(x, j->n, &scale, &zero))
			fl_int8_round_trip(out, x, j->n, scale, zero);
		else
			memmove(out, x, j->n * sizeof *x);
	}
}

void
fl_fake_quant_rows(float *out, const float *x, size_t rows, size_t n)
{
	run(&(struct job){ .out = out, .in = x, .rows = rows, .n = n }, rows_tile);
}
