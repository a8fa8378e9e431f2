/* SPDX-License-Identifier: Apache-2.0 */
/* A step that writes more than one tensor (the integers, scales and shape of a quantized matrix; an embedding
 * and its copy) writes the first as it goes and the others to a temporary file that is appended when the tensor
 * ends: the container wants them one after the other, and holding them would not be bounded. */
#include "model/passage.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/parallel.h"
#include "base/progress.h"
#include "base/size.h"
#include "io/spill.h"
#include "model/basis.h"
#include "model/rework.h"
#include "model/rounding.h"

enum {
	BLOCK = 4 << 20, /* bytes of input rows in flight */
	TILE = 16,	 /* rows done by one thread at a time */
	REWORKED = 128,	 /* the same where they are multiplied by a matrix, four times as many in flight at least */
};

static size_t
kept(const struct fl_keep *k, size_t all)
{
	return k ? k->n : all;
}

static void
add_out(struct fl_passage *s, enum fl_role role, enum fl_part part, enum fl_dtype dtype, int ndim,
    const uint64_t *shape)
{
	char *name = fl_weight_name(role, s->step->layer, part);

	if (fl_tensor_init(&s->out[s->outs++], name, dtype, ndim, shape) < 0)
		fl_bug("'%s' has a shape out of range", name);
}

/* Of the integers and the scales of a matrix, is this the part that comes second? */
static bool
completes(const struct fl_plan *p, size_t index)
{
	/* The two are neighbours in the inventory. */
	switch (p->inventory->weight[index].part) {
	case FL_PART_PACKED: return p->inventory->seen[index + 1];
	case FL_PART_SCALE: return p->inventory->seen[index - 1];
	default: return false;
	}
}

void
fl_passage_begin(struct fl_passage *s, const struct fl_plan *p, const struct fl_tensor *t, size_t index)
{
	const struct fl_weight *w = &p->inventory->weight[index];
	bool vector = t->ndim == 1;
	uint64_t rows, cols;

	*s = (struct fl_passage){ .weight = w, .step = &p->step[index], .factor = p->factor, .in = *t };
	s->rows = vector ? 1 : t->shape[0];
	s->cols = t->shape[t->ndim - 1];
	s->out_rows = rows = vector ? 1 : kept(s->step->rows, s->rows);
	s->out_cols = cols = kept(s->step->cols, s->cols);
	if (s->step->side == FL_SIDE_WRITES)
		s->out_rows = rows = fl_basis_size(s->step->basis);
	else if (s->step->side != FL_SIDE_NONE)
		s->out_cols = cols = fl_basis_size(s->step->basis);
	if (s->step->kind == FL_STEP_QUANTIZE) {
		add_out(s, w->role, FL_PART_PACKED, FL_I32, 2,
		    (uint64_t[]){ rows, fl_quant_words(cols, s->step->bits) });
		add_out(s, w->role, FL_PART_SCALE, FL_BF16, 2, (uint64_t[]){ rows, cols / FL_MATRIX_GROUP });
		add_out(s, w->role, FL_PART_SHAPE, FL_I64, 1, (uint64_t[]){ 2 });
	} else if (s->step->kind == FL_STEP_COPY) {
		const uint64_t shape[] = { vector ? cols : rows, cols };

		add_out(s, w->role, w->part, t->dtype, t->ndim, shape);
		if (s->step->copy_as_head)
			add_out(s, FL_HEAD, w->part, t->dtype, t->ndim, shape);
	} else if (s->step->kind == FL_STEP_UNPACK && completes(p, index)) {
		add_out(s, w->role, FL_PART_WEIGHT, p->out.dtype, 2,
		    (uint64_t[]){ rows, fl_axis_size(&p->in, fl_roles[w->role].cols) });
	}
}

void
fl_passage_end(struct fl_passage *s)
{
	for (int i = 0; i < s->outs; i++)
		free((char *)s->out[i].name);
}

/* A block of rows, in and out. */
struct block {
	const struct fl_passage *s;
	const char *src;	/* the first of the input rows in hand */
	size_t first;		/* its number */
	const uint32_t *index;	/* kept rows among them, or NULL: all */
	size_t n;		/* rows to make */
	char *out[2];		/* where they go: integers and scales, or the copy */
	float *scratch;		/* scratch_size floats a thread */
	size_t scratch_size;
	size_t tile;		/* rows done by one thread at a time */
	struct fl_rework *rework; /* or NULL */
	float *held;		/* the rows of the result that rework held; NULL: none, or not all of them are there */
	struct fl_rounding *rounding; /* or NULL */
	atomic_bool bad;	/* a weight that is to be quantized is not finite */
};

static void
gather(char *dst, const char *src, const struct fl_keep *k, size_t cols, size_t size)
{
	if (!k) {
		memcpy(dst, src, cols * size);
		return;
	}
	for (size_t i = 0; i < k->n;) { /* kept members come in runs */
		size_t run = 1;

		while (i + run < k->n && k->index[i + run] == k->index[i] + run)
			run++;
		memcpy(dst + i * size, src + k->index[i] * size, run * size);
		i += run;
	}
}

/* Where the input row is of which row i of the block is made. */
static const char *
source(const struct block *b, size_t i)
{
	size_t row = b->index ? b->index[i] - b->first : i;

	return b->src + row * fl_tensor_row_size(&b->s->in);
}

/* Where row i of the block goes in output k. */
static void *
target(const struct block *b, int k, size_t i)
{
	return b->out[k] + i * fl_tensor_row_size(&b->s->out[k]);
}

/* x [n, out_cols], which may be changed, becomes the rows of the block from `first` on. */
static void
store_rows(struct block *b, size_t first, float *x, size_t n)
{
	const struct fl_passage *s = b->s;

	if (!b->rounding)
		fl_dtype_from_f32(target(b, 0, first), s->in.dtype, x, n * s->out_cols);
	else if (fl_rounding_rows(b->rounding, x, n, target(b, 0, first), target(b, 1, first)) < 0)
		b->bad = true;
}

/* Are rows more than gathered? */
static bool
is_computed(const struct block *b)
{
	return b->rework || b->rounding;
}

/* Do rows wait until the matrix is whole? */
static bool
is_held(const struct block *b)
{
	return b->rework && fl_rework_holds(b->rework);
}

static void
compute_rows(struct block *b, size_t first, size_t n, int thread)
{
	const struct fl_passage *s = b->s;
	float *x = b->scratch + (size_t)thread * b->scratch_size, *y = x + b->tile * s->cols;
	size_t row[REWORKED];

	for (size_t i = 0; i < n; i++) {
		row[i] = b->index ? b->index[first + i] : b->first + first + i;
		fl_dtype_to_f32(x + i * s->cols, source(b, first + i), s->in.dtype, s->cols);
	}
	if (!b->rework) {
		store_rows(b, first, x, n);
		return;
	}
	fl_rework_rows(b->rework, x, n, row, is_held(b) ? NULL : y);
	if (!is_held(b))
		store_rows(b, first, y, n);
	if (s->step->copy_as_head) {
		fl_rework_head(b->rework, x, n, y);
		fl_dtype_from_f32(target(b, 1, first), s->in.dtype, y, n * s->out_cols);
	}
}

static void
gather_rows(const struct block *b, size_t first, size_t n)
{
	const struct fl_passage *s = b->s;

	for (size_t i = first; i < first + n; i++)
		gather(target(b, 0, i), source(b, i), s->step->cols, s->cols, fl_dtype_size(s->in.dtype));
}

static void
make_rows(void *ctx, size_t tile, int thread)
{
	struct block *b = ctx;
	size_t first = tile * b->tile, n = fl_min(b->tile, b->n - first);

	if (b->held)
		store_rows(b, first, b->held + (b->first + first) * b->s->out_cols, n);
	else if (is_computed(b))
		compute_rows(b, first, n, thread);
	else
		gather_rows(b, first, n);
}

static int
spill(FILE *f, const void *data, size_t n, struct fl_err *err)
{
	if (fwrite(data, 1, n, f) != n)
		return fl_err_sys(err, "cannot write a temporary file");
	return 0;
}

static int
append_spilled(FILE *f, struct fl_writer *out, char *buf, size_t cap, struct fl_err *err)
{
	size_t n;

	if (fflush(f) != 0 || fseek(f, 0, SEEK_SET) != 0)
		return fl_err_sys(err, "cannot write a temporary file");
	while ((n = fread(buf, 1, cap, f)) > 0)
		if (fl_writer_put(out, buf, n, err) < 0)
			return -1;
	return ferror(f) ? fl_err_sys(err, "cannot read a temporary file") : 0;
}

/* Rows that one thread stores at a time. */
static size_t
stored_at_once(const struct fl_passage *s)
{
	return s->step->kind == FL_STEP_QUANTIZE && s->step->moments ? FL_GPTQ_ROWS : TILE;
}

/* Makes and writes the rows of the block. */
static int
write_block(struct block *b, FILE *side, struct fl_writer *out, struct fl_err *err)
{
	const struct fl_passage *s = b->s;
	int second = is_computed(b) ? 1 : 0; /* a copy that is not is the same rows again */

	if (b->n == 0)
		return 0;
	fl_parallel(fl_ceil_div(b->n, b->tile), make_rows, b);
	if (b->bad)
		return fl_err_data(err, "'%s' holds a weight that is not finite",
		    s->weight->tensor.name);
	if (is_held(b) && !b->held)
		return 0;
	if (fl_writer_put(out, b->out[0], b->n * fl_tensor_row_size(&s->out[0]), err) < 0)
		return -1;
	return side ? spill(side, b->out[second], b->n * fl_tensor_row_size(&s->out[second]), err) : 0;
}

/* Rows [first, first + rows) of the input are at src. */
static int
take_block(const struct fl_passage *s, struct block *b, const char *src, size_t first, size_t rows,
    size_t *next_kept, FILE *side, struct fl_writer *out, struct fl_err *err)
{
	const struct fl_keep *k = s->in.ndim > 1 && !is_held(b) ? s->step->rows : NULL;
	size_t size = rows * fl_tensor_row_size(&s->in);

	b->src = src;
	b->first = first;
	b->index = k ? k->index + *next_kept : NULL;
	b->n = rows;
	if (k) {
		for (b->n = 0; *next_kept < k->n && k->index[*next_kept] < first + rows; ++*next_kept)
			b->n++;
	} else if (!s->step->cols && !is_computed(b)) {
		if (side && spill(side, src, size, err) < 0)
			return -1;
		return fl_writer_put(out, src, size, err);
	}
	return write_block(b, side, out, err);
}

/* All rows were taken, and rework held them. */
static int
write_held(struct block *b, size_t at_once, FILE *side, struct fl_writer *out, struct fl_err *err)
{
	size_t rows = b->s->out_rows;
	int bad = 0;

	b->held = fl_rework_finish(b->rework);
	b->tile = stored_at_once(b->s);
	for (b->first = 0; b->first < rows && !bad; b->first += b->n) {
		b->n = fl_min(at_once, rows - b->first);
		bad = write_block(b, side, out, err);
	}
	return bad;
}

/* Of a norm: it must be the one that the basis was made with. */
static int
stream_norm(const struct fl_passage *s, struct fl_reader *in, struct fl_writer *out, struct fl_err *err)
{
	const double *was = fl_basis_was(s->step->basis, s->step->norm);
	const double *is = fl_basis_norm(s->step->basis, s->step->norm);
	const char *src = fl_reader_take(in, fl_tensor_row_size(&s->in), err);
	float *x = fl_alloc(s->cols, sizeof *x);
	char *made = fl_alloc(1, fl_tensor_row_size(&s->out[0]));
	int bad = src ? 0 : -1;

	if (src)
		fl_dtype_to_f32(x, src, s->in.dtype, s->cols);
	for (size_t j = 0; j < s->cols && !bad; j++)
		if (x[j] != was[j])
			bad = fl_err_data(err, "'%s' is not the norm of the model that the metrics were made with",
			    s->weight->tensor.name);
	for (size_t j = 0; j < s->out_cols; j++)
		x[j] = (float)is[j];
	fl_dtype_from_f32(made, s->in.dtype, x, s->out_cols);
	if (!bad)
		bad = fl_writer_put(out, made, fl_tensor_row_size(&s->out[0]), err);
	fl_progress_add(fl_tensor_row_size(&s->in));
	free(x);
	free(made);
	return bad;
}

int
fl_passage_bad_moments(const struct fl_passage *s, struct fl_err *err)
{
	return fl_err_data(err, "the moments of the inputs of '%s' are not finite or not positive",
	    s->weight->tensor.name);
}

static int
prepare(const struct fl_passage *s, struct block *b, struct fl_err *err)
{
	if ((fl_rework_needed(s) && !(b->rework = fl_rework_new(s, err))) ||
	    (s->step->kind == FL_STEP_QUANTIZE && !(b->rounding = fl_rounding_new(s, err))))
		return -1;
	b->tile = b->rework ? REWORKED : stored_at_once(s);
	if (!is_computed(b))
		return 0;
	b->scratch_size = b->tile * (s->cols + (b->rework && !is_held(b) ? s->out_cols : 0));
	b->scratch = fl_alloc_aligned((size_t)fl_parallel_threads() * b->scratch_size, sizeof(float),
	    s->weight->tensor.name);
	return 0;
}

static int
stream_rows(const struct fl_passage *s, struct fl_reader *in, struct fl_writer *out, FILE *side,
    struct fl_err *err)
{
	size_t row_size = fl_tensor_row_size(&s->in), at_once = row_size ? BLOCK / row_size : 1;
	size_t next_kept = 0, rows = s->rows;
	struct block b = { .s = s };
	int bad;

	if (at_once == 0)
		at_once = 1;
	if (fl_rework_needed(s) && at_once < 4 * REWORKED)
		at_once = 4 * REWORKED;
	at_once = fl_min(at_once, rows);
	for (int i = 0; i < s->outs && i < 2; i++)
		b.out[i] = fl_alloc_aligned(at_once, fl_tensor_row_size(&s->out[i]), s->out[i].name);
	bad = prepare(s, &b, err);
	for (size_t first = 0; first < rows && !bad; first += at_once) {
		size_t n = fl_min(at_once, rows - first);
		const char *src = fl_reader_take(in, n * row_size, err);

		bad = !src || take_block(s, &b, src, first, n, &next_kept, side, out, err) < 0;
		fl_progress_add(n * row_size);
	}
	if (!bad && is_held(&b))
		bad = write_held(&b, at_once, side, out, err);
	free(b.out[0]);
	free(b.out[1]);
	free(b.scratch);
	fl_rework_free(b.rework);
	fl_rounding_free(b.rounding);
	return bad ? -1 : 0;
}

int
fl_passage_stream(const struct fl_passage *s, struct fl_reader *in, struct fl_writer *out, struct fl_err *err)
{
	FILE *side = NULL;
	char *buf = NULL;
	int bad;

	if (s->outs == 0)
		return 0;
	if (s->step->side == FL_SIDE_NORM)
		return stream_norm(s, in, out, err);
	if (s->outs > 1 && !(side = fl_spill(err)))
		return -1;
	bad = stream_rows(s, in, out, side, err);
	if (side && !bad) {
		buf = fl_alloc(BLOCK / 4, 1);
		bad = append_spilled(side, out, buf, BLOCK / 4, err);
	}
	if (!bad && s->step->kind == FL_STEP_QUANTIZE)
		bad = fl_writer_put(out, (int64_t[]){ (int64_t)s->out_rows, (int64_t)s->out_cols }, 16,
		    err);
	free(buf);
	if (side)
		fclose(side);
	return bad;
}
