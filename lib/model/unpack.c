/* SPDX-License-Identifier: Apache-2.0 */
#include "model/unpack.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/parallel.h"
#include "base/progress.h"
#include "io/spill.h"

enum { PIECE = 1 << 20 }; /* bytes, or numbers, at a time */

FILE *
fl_unpack_keep(struct fl_reader *in, size_t size, struct fl_err *err)
{
	FILE *f = fl_spill(err);

	for (size_t at = 0; f && at < size; at += PIECE) {
		size_t n = size - at < PIECE ? size - at : PIECE;
		const void *data = fl_reader_take(in, n, err);

		if (data && fwrite(data, 1, n, f) != n)
			fl_err_sys(err, "cannot write a temporary file");
		else if (data)
			continue;
		fclose(f);
		return NULL;
	}
	if (f && (fflush(f) != 0 || fseek(f, 0, SEEK_SET) != 0)) {
		fl_err_sys(err, "cannot write a temporary file");
		fclose(f);
		return NULL;
	}
	return f;
}

/* Some rows on their way. */
struct block {
	struct fl_matrix m;
	enum fl_dtype dtype;
	float *numbers;
	char *out;
};

static void
make_row(void *ctx, size_t row, int thread)
{
	const struct block *b = ctx;
	float *x = b->numbers + row * b->m.cols;

	(void)thread;
	fl_matrix_rows_f32(&b->m, row, 1, x);
	fl_dtype_from_f32(b->out + row * b->m.cols * fl_dtype_size(b->dtype), b->dtype, x, b->m.cols);
}

static int
make_rows(struct block *b, struct fl_writer *out, struct fl_err *err)
{
	fl_parallel(b->m.rows, make_row, b);
	return fl_writer_put(out, b->out, b->m.rows * b->m.cols * fl_dtype_size(b->dtype), err);
}

int
fl_unpack(struct fl_matrix m, size_t groups, FILE *kept, bool scales_kept, struct fl_reader *in,
    enum fl_dtype dtype, struct fl_writer *out, struct fl_err *err)
{
	size_t data = fl_matrix_row_size(&m), scales = groups * sizeof(uint16_t), rows = m.rows;
	size_t there = scales_kept ? scales : data, here = scales_kept ? data : scales;
	size_t at_once = PIECE / m.cols + 1, times = m.cols / FL_MATRIX_GROUP / groups;
	char *other = fl_alloc_aligned(at_once, there, "rows of a matrix");
	struct block b = { m, dtype, fl_alloc_aligned(at_once, m.cols * sizeof(float), "rows of a matrix"),
		fl_alloc_aligned(at_once, m.cols * fl_dtype_size(dtype), "rows of a matrix") };
	uint16_t *repeated = fl_alloc(at_once * groups * times, sizeof *repeated);
	int bad = 0;

	for (size_t first = 0; first < rows && !bad; first += at_once) {
		size_t n = rows - first < at_once ? rows - first : at_once;
		const void *mine = fl_reader_take(in, n * here, err);

		bad = mine ? 0 : -1;
		if (!bad && fread(other, there, n, kept) != n)
			bad = fl_err_sys(err, "cannot read a temporary file");
		b.m.rows = n;
		b.m.data = scales_kept ? mine : other;
		b.m.scales = repeated;
		if (!bad) {
			fl_matrix_repeat_scales(repeated, scales_kept ? other : mine, n * groups, times);
			bad = make_rows(&b, out, err);
		}
		fl_progress_add(n * here);
	}
	free(other);
	free(repeated);
	free(b.numbers);
	free(b.out);
	return bad;
}
