/* SPDX-License-Identifier: Apache-2.0 */
#include "compute/fake_quant.h"

#include <math.h>

#include "base/parallel.h"
#include "compute/matrix.h"
#include "compute/vec.h"

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

/* Adding and subtracting 1.5 * 2^23 rounds to the nearest integer, ties to even. */
FL_CLONES static void
fake_row(float *out, const float *x, size_t n)
{
	const float round = 0x1.8p23f;
	float low = 0, high = 0, scale, inverse, zero;

	for (size_t i = 0; i < n; i++) {
		low = x[i] < low ? x[i] : low;
		high = x[i] > high ? x[i] : high;
	}
	scale = (high - low) / 255;
	if (!(scale > 0)) {
		memmove(out, x, n * sizeof *x);
		return;
	}
	inverse = 1 / scale;
	zero = nearbyintf(-128 - low * inverse);
	zero = zero < -128 ? -128 : zero > 127 ? 127 : zero;
	for (size_t i = 0; i < n; i++) {
		float q = x[i] * inverse + round - round + zero;

		q = q < -128 ? -128 : q > 127 ? 127 : q;
		out[i] = (q - zero) * scale;
	}
}

static void
rows_tile(void *ctx, size_t tile, int thread)
{
	const struct job *j = ctx;
	size_t last = (tile + 1) * j->tile_rows;

	(void)thread;
	for (size_t r = tile * j->tile_rows; r < last && r < j->rows; r++)
		fake_row(j->out + r * j->n, j->in + r * j->n, j->n);
}

void
fl_fake_quant_rows(float *out, const float *x, size_t rows, size_t n)
{
	run(&(struct job){ .out = out, .in = x, .rows = rows, .n = n }, rows_tile);
}
