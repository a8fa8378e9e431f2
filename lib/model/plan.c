/* SPDX-License-Identifier: Apache-2.0 */
/* One pass over the input. A step that writes more than one tensor (the integers, scales and shape
 * of a quantized matrix; an embedding and its copy) writes the first as it goes and the others to a
 * temporary file that is appended when the tensor ends: the container wants them one after the
 * other, and holding them would not be bounded. */
#include "model/plan.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/parallel.h"
#include "base/progress.h"
#include "io/history.h"
#include "io/spill.h"

enum {
	BLOCK = 4 << 20, /* bytes of input rows in flight */
	TILE = 16,	 /* rows done by one thread at a time */
	MAX_OUT = 3,
};

struct fl_plan *
fl_plan_new(const struct fl_config *in, const char *what)
{
	struct fl_plan *p = fl_alloc(1, sizeof *p);

	fl_config_copy(&p->in, in);
	fl_config_copy(&p->out, in);
	p->inventory = fl_inventory_new(in, what);
	p->step = fl_alloc(p->inventory->n, sizeof *p->step);
	for (size_t i = 0; i < p->inventory->n; i++)
		p->step[i].layer = p->inventory->weight[i].layer;
	p->ffn = fl_alloc((size_t)in->layers, sizeof *p->ffn);
	return p;
}

void
fl_plan_free(struct fl_plan *p)
{
	if (!p)
		return;
	for (int i = 0; i < p->in.layers; i++)
		free(p->ffn[i].index);
	free(p->ffn);
	free(p->width.index);
	free(p->step);
	fl_inventory_free(p->inventory);
	fl_config_free(&p->in);
	fl_config_free(&p->out);
	if (p->kept)
		fl_json_free(p->kept);
	free(p);
}

/* One tensor of the input on its way: what is written, and how rows get there. */
struct passage {
	const char *name; /* of the tensor that is read */
	const struct fl_step *step;
	struct fl_tensor in; /* its name is the reader's and not used */
	struct fl_tensor out[MAX_OUT];
	int outs;
	size_t rows, cols; /* of the input */
	size_t out_rows, out_cols;
};

static size_t
kept(const struct fl_keep *k, size_t all)
{
	return k ? k->n : all;
}

static void
add_out(struct passage *s, enum fl_role role, enum fl_part part, enum fl_dtype dtype, int ndim,
    const uint64_t *shape)
{
	char *name = fl_weight_name(role, s->step->layer, part);

	if (fl_tensor_init(&s->out[s->outs++], name, dtype, ndim, shape) < 0)
		fl_bug("'%s' has a shape out of range", name);
}

static void
passage_begin(struct passage *s, const struct fl_plan *p, const struct fl_tensor *t, size_t index)
{
	const struct fl_weight *w = &p->inventory->weight[index];
	bool vector = t->ndim == 1;
	uint64_t rows, cols;

	*s = (struct passage){ .name = w->tensor.name, .step = &p->step[index], .in = *t };
	s->rows = vector ? 1 : t->shape[0];
	s->cols = t->shape[t->ndim - 1];
	s->out_rows = rows = vector ? 1 : kept(s->step->rows, s->rows);
	s->out_cols = cols = kept(s->step->cols, s->cols);
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
	}
}

static void
passage_end(struct passage *s)
{
	for (int i = 0; i < s->outs; i++)
		free((char *)s->out[i].name);
}

/* A block of rows, in and out. */
struct block {
	const struct passage *s;
	const char *src;	/* the first of the input rows in hand */
	size_t first;		/* its number */
	const uint32_t *index;	/* kept rows among them, or NULL: all */
	size_t n;		/* rows to make */
	char *out[2];		/* where they go: integers and scales, or the copy */
	struct fl_quant_how how;
	float *weight;		/* cols, for how; or NULL */
	float *scratch;		/* cols floats a thread, rounded up */
	atomic_bool bad;	/* a weight that is to be quantized is not finite */
};

static size_t
scratch_size(size_t cols)
{
	return (cols + 15) / 16 * 16;
}

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

static void
make_rows(void *ctx, size_t tile, int thread)
{
	struct block *b = ctx;
	const struct passage *s = b->s;
	size_t size = fl_dtype_size(s->in.dtype), end = (tile + 1) * TILE < b->n ? (tile + 1) * TILE : b->n;
	size_t out0 = s->outs ? fl_tensor_row_size(&s->out[0]) : 0;

	for (size_t i = tile * TILE; i < end; i++) {
		size_t row = b->index ? b->index[i] - b->first : i;
		const char *src = b->src + row * s->cols * size;

		if (s->step->kind == FL_STEP_QUANTIZE) {
			float *x = b->scratch + (size_t)thread * scratch_size(s->cols);

			fl_dtype_to_f32(x, src, s->in.dtype, s->cols);
			if (fl_quant_row(x, s->cols, s->step->bits, &b->how,
				(uint32_t *)(void *)(b->out[0] + i * out0),
				(uint16_t *)(void *)(b->out[1] + i * fl_tensor_row_size(&s->out[1]))) < 0)
				b->bad = true;
		} else {
			gather(b->out[0] + i * out0, src, s->step->cols, s->cols, size);
		}
	}
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

/* Rows [first, first + rows) of the input are at src: makes and writes what becomes of them. */
static int
write_block(const struct passage *s, struct block *b, const char *src, size_t first, size_t rows,
    size_t *next_kept, FILE *side, struct fl_writer *out, struct fl_err *err)
{
	const struct fl_keep *k = s->in.ndim > 1 ? s->step->rows : NULL;
	size_t out0 = fl_tensor_row_size(&s->out[0]);

	b->src = src;
	b->first = first;
	b->index = k ? k->index + *next_kept : NULL;
	b->n = rows;
	if (k) {
		for (b->n = 0; *next_kept < k->n && k->index[*next_kept] < first + rows; ++*next_kept)
			b->n++;
	} else if (s->step->kind == FL_STEP_COPY && !s->step->cols) {
		if (side && spill(side, src, rows * out0, err) < 0)
			return -1;
		return fl_writer_put(out, src, rows * out0, err);
	}
	if (b->n == 0)
		return 0;
	fl_parallel((b->n + TILE - 1) / TILE, make_rows, b);
	if (b->bad)
		return fl_err_data(err, "'%s' holds a weight that is not finite", s->name);
	if (fl_writer_put(out, b->out[0], b->n * out0, err) < 0)
		return -1;
	if (!side)
		return 0;
	if (s->step->kind == FL_STEP_QUANTIZE)
		return spill(side, b->out[1], b->n * fl_tensor_row_size(&s->out[1]), err);
	return spill(side, b->out[0], b->n * out0, err);
}

static void
prepare_rounding(const struct passage *s, struct block *b)
{
	b->scratch = fl_alloc_aligned((size_t)fl_parallel_threads() * scratch_size(s->cols), sizeof(float),
	    s->in.name);
	b->how = s->step->how;
	if (!s->step->energy)
		return;
	b->how.weight = b->weight = fl_alloc(s->cols, sizeof *b->weight);
	fl_quant_weights(b->weight, s->step->energy, s->cols);
}

static int
stream_rows(const struct passage *s, struct fl_reader *in, struct fl_writer *out, FILE *side,
    struct fl_err *err)
{
	size_t row_size = fl_tensor_row_size(&s->in), at_once = row_size ? BLOCK / row_size : 1;
	size_t next_kept = 0, rows = s->rows;
	struct block b = { .s = s };
	int bad = 0;

	if (at_once == 0)
		at_once = 1;
	if (at_once > rows)
		at_once = rows;
	for (int i = 0; i < s->outs && i < 2; i++)
		b.out[i] = fl_alloc_aligned(at_once, fl_tensor_row_size(&s->out[i]), s->out[i].name);
	if (s->step->kind == FL_STEP_QUANTIZE)
		prepare_rounding(s, &b);
	for (size_t first = 0; first < rows && !bad; first += at_once) {
		size_t n = rows - first < at_once ? rows - first : at_once;
		const char *src = fl_reader_take(in, n * row_size, err);

		bad = !src || write_block(s, &b, src, first, n, &next_kept, side, out, err) < 0;
		fl_progress_add(n * row_size);
	}
	free(b.out[0]);
	free(b.out[1]);
	free(b.weight);
	free(b.scratch);
	return bad ? -1 : 0;
}

static int
stream_tensor(const struct passage *s, struct fl_reader *in, struct fl_writer *out, struct fl_err *err)
{
	FILE *side = NULL;
	char *buf = NULL;
	int bad;

	if (s->outs == 0)
		return 0;
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

/* A weights file: announces what it will hold. A file of which nothing is left is not written. */
static int
begin_weights(struct fl_plan *p, const struct fl_item *file, struct passage **s, struct fl_writer *out,
    struct fl_err *err)
{
	struct fl_tensor *all = fl_alloc(file->n * MAX_OUT, sizeof *all);
	size_t n = 0, index;
	uint64_t bytes = 0;
	int got = 0;

	free(*s);
	*s = fl_alloc(file->n, sizeof **s);
	for (size_t i = 0; i < file->n; i++) {
		got = fl_inventory_tick(p->inventory, &file->tensor[i], &index, err);
		if (got < 0)
			break;
		if (got)
			passage_begin(&(*s)[i], p, &file->tensor[i], index);
		for (int k = 0; k < (*s)[i].outs; k++)
			all[n++] = (*s)[i].out[k];
		bytes += file->tensor[i].size;
	}
	fl_progress_begin(file->name, "B", bytes);
	if (got >= 0 && n > 0)
		got = fl_writer_weights(out, file->name, all, n, file->metadata, err);
	free(all);
	return got < 0 ? -1 : 0;
}

int
fl_plan_run(struct fl_plan *p, struct fl_reader *in, struct fl_writer *out, struct fl_err *err)
{
	struct fl_json *config = fl_config_json(&p->out);
	struct passage *s = NULL;
	struct fl_item item;
	size_t tensor = 0, tensors = 0;
	int got, bad = fl_writer_config(out, config, err);

	fl_json_free(config);
	while (!bad && (got = fl_reader_next(in, &item, err)) != 0) {
		if (got < 0)
			bad = -1;
		else if (item.kind == FL_ITEM_MEMBER)
			bad = fl_writer_member(out, item.name, item.data, item.size, err);
		else if (item.kind == FL_ITEM_WEIGHTS) {
			bad = begin_weights(p, &item, &s, out, err);
			tensor = 0;
			tensors = item.n;
		} else {
			bad = stream_tensor(&s[tensor], in, out, err);
			passage_end(&s[tensor++]);
		}
	}
	fl_progress_end();
	for (; tensor < tensors; tensor++)
		passage_end(&s[tensor]);
	free(s);
	return bad ? -1 : fl_inventory_done(p->inventory, err);
}

int
fl_plan_apply(struct fl_plan *p, struct fl_reader *in, const struct fl_sink *sink,
    const struct fl_json *arguments, struct fl_err *err)
{
	struct fl_writer *out = fl_writer_open(sink->output, sink->zstd, err);

	if (!out)
		return -1;
	if (fl_plan_run(p, in, out, err) == 0 &&
	    (sink->no_history || fl_history_write(out, in, sink->tool, arguments, p->kept, err) == 0))
		return fl_writer_commit(out, err);
	fl_writer_abandon(out);
	return -1;
}
