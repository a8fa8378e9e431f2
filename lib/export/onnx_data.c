/* SPDX-License-Identifier: Apache-2.0 */
/* The data file: tensors one behind the other, zeros between them. Rows are made a block at a time. */
#include <stdlib.h>

#include "base/alloc.h"
#include "base/dtype.h"
#include "base/progress.h"
#include "export/onnx_impl.h"
#include "model/rope_of.h"

enum { BLOCK_BYTES = 4 << 20 };

struct writing {
	const struct fl_model *m;
	struct fl_output *out;
	struct fl_err *err;
};

static int
put(const struct writing *w, const void *data, size_t n)
{
	fl_progress_add(n);
	return fl_output_write(w->out, data, n, w->err);
}

/* So many rows of that size are made at once. */
static size_t
rows_at_once(size_t rows, size_t row_size)
{
	size_t n = BLOCK_BYTES / row_size;

	return n < 1 ? 1 : n < rows ? n : rows;
}

static int
put_values(const struct writing *w, const struct fl_matrix *m)
{
	size_t block = rows_at_once(m->rows, m->cols * sizeof(float));
	float *room = fl_alloc(block * m->cols, sizeof *room);
	int bad = 0;

	for (size_t first = 0; first < m->rows && !bad; first += block) {
		size_t n = block < m->rows - first ? block : m->rows - first;

		fl_matrix_rows_f32(m, first, n, room);
		bad = put(w, room, n * m->cols * sizeof *room);
	}
	free(room);
	return bad;
}

/* The bytes of both formats are the same: of 4 bits the earlier weight in the lower half of a byte, and
 * what is added to a weight, 8 or 128, is what is subtracted where no zero point is given. */
static int
put_packed(const struct writing *w, const struct fl_matrix *m)
{
	size_t row = fl_matrix_row_size(m), block = rows_at_once(m->rows, row);
	int bad = 0;

	for (size_t first = 0; first < m->rows && !bad; first += block) {
		size_t n = block < m->rows - first ? block : m->rows - first;

		bad = put(w, (const char *)m->data + first * row, n * row);
	}
	return bad;
}

static int
put_scales(const struct writing *w, const struct fl_matrix *m)
{
	size_t cols = m->cols / FL_MATRIX_GROUP, block = rows_at_once(m->rows, cols * sizeof(float));
	float *room = fl_alloc(block * cols, sizeof *room);
	int bad = 0;

	for (size_t first = 0; first < m->rows && !bad; first += block) {
		size_t n = block < m->rows - first ? block : m->rows - first;

		fl_dtype_to_f32(room, (const char *)m->scales + first * cols * 2, FL_BF16, n * cols);
		bad = put(w, room, n * cols * sizeof *room);
	}
	free(room);
	return bad;
}

/* Half of the rotations: its cosines or its sines. */
static int
put_angles(const struct writing *w, enum fl_onnx_what what)
{
	const struct fl_config *c = &w->m->config;
	size_t n = (size_t)c->head_dim / 2, positions = (size_t)c->context;
	float *table = fl_rope_of_config(c, positions, positions);
	int bad = 0;

	for (size_t p = 0; p < positions && !bad; p++)
		bad = put(w, table + 2 * n * p + (what == FL_ONNX_SIN ? n : 0), n * sizeof *table);
	free(table);
	return bad;
}

static int
put_piece(const struct writing *w, const struct fl_onnx_piece *p)
{
	switch (p->what) {
	case FL_ONNX_VALUES: return put_values(w, p->matrix);
	case FL_ONNX_PACKED: return put_packed(w, p->matrix);
	case FL_ONNX_SCALES: return put_scales(w, p->matrix);
	case FL_ONNX_VECTOR: return put(w, p->vector, p->size);
	case FL_ONNX_COS:
	case FL_ONNX_SIN: return put_angles(w, p->what);
	}
	fl_bug("a piece of kind %d", (int)p->what);
}

static int
put_zeros(const struct writing *w, uint64_t n)
{
	static const char zeros[4096];

	return n ? put(w, zeros, n) : 0;
}

int
fl_onnx_data_write(const struct fl_onnx_graph *g, const struct fl_model *m, struct fl_output *out,
    struct fl_err *err)
{
	const struct writing w = { m, out, err };
	uint64_t at = 0;
	int bad = 0;

	fl_progress_begin("writing", "B", g->size);
	for (size_t i = 0; i < g->n && !bad; i++) {
		const struct fl_onnx_piece *p = &g->piece[i];

		bad = put_zeros(&w, p->offset - at) < 0 || put_piece(&w, p) < 0;
		at = p->offset + p->size;
	}
	fl_progress_end();
	return bad ? -1 : 0;
}
