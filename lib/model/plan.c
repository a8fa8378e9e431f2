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
#include "model/idle.h"
#include "model/unpack.h"

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
	const struct fl_weight *weight; /* what is read */
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

static void
passage_begin(struct passage *s, const struct fl_plan *p, const struct fl_tensor *t, size_t index)
{
	const struct fl_weight *w = &p->inventory->weight[index];
	bool vector = t->ndim == 1;
	uint64_t rows, cols;

	*s = (struct passage){ .weight = w, .step = &p->step[index], .in = *t };
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
	} else if (s->step->kind == FL_STEP_UNPACK && completes(p, index)) {
		add_out(s, w->role, FL_PART_WEIGHT, p->out.dtype, 2,
		    (uint64_t[]){ rows, fl_axis_size(&p->in, fl_roles[w->role].cols) });
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
		return fl_err_data(err, "'%s' holds a weight that is not finite",
		    s->weight->tensor.name);
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

/* A run through the whole checkpoint. */
struct run {
	struct fl_plan *p;
	struct fl_reader *in;
	struct fl_writer *out;
	struct passage *s;	   /* of the tensors of the file at hand */
	size_t tensor, tensors;	   /* the next of them, and how many */
	FILE *kept;		   /* half of a matrix that is being unpacked */
	struct fl_inventory *idle; /* of the result; NULL once its idle attention is written */
	struct fl_err *err;
};

static int
unpack(struct run *r, const struct passage *s)
{
	const struct fl_weight *w = s->weight;
	struct fl_matrix m = { .kind = s->step->bits == 4 ? FL_MATRIX_INT4 : FL_MATRIX_INT8 };
	int bad;

	if (w->part == FL_PART_SHAPE)
		return 0;
	if (s->outs == 0) {
		if (r->kept)
			fl_bug("'%s' begins inside another", w->tensor.name);
		r->kept = fl_unpack_keep(r->in, s->in.size, r->err);
		return r->kept ? 0 : -1;
	}
	m.rows = s->out[0].shape[0];
	m.cols = s->out[0].shape[1];
	bad = fl_unpack(m, r->kept, w->part == FL_PART_PACKED, r->in, s->out[0].dtype, r->out, r->err);
	fclose(r->kept);
	r->kept = NULL;
	return bad;
}

/* Adds the idle attention to the tensors of a file; returns how many. */
static size_t
list_idle(const struct run *r, struct fl_tensor *all)
{
	size_t n = 0;

	for (size_t i = 0; r->idle && i < r->idle->n; i++)
		if (fl_idle_is(&r->p->in, &r->p->out, &r->idle->weight[i]))
			all[n++] = r->idle->weight[i].tensor;
	return n;
}

/* Behind the last tensor of the first file. */
static int
write_idle(struct run *r)
{
	int bad = 0;

	for (size_t i = 0; i < r->idle->n && !bad; i++)
		if (fl_idle_is(&r->p->in, &r->p->out, &r->idle->weight[i]))
			bad = fl_idle_put(&r->p->out, &r->idle->weight[i], r->out, r->err);
	fl_inventory_free(r->idle);
	r->idle = NULL;
	return bad;
}

static void
end_file(struct run *r)
{
	while (r->tensor < r->tensors)
		passage_end(&r->s[r->tensor++]);
	free(r->s);
	r->s = NULL;
}

/* A weights file: announces what it will hold. One of which nothing is left is written too: the names of
 * shards say how many there are. */
static int
begin_file(struct run *r, const struct fl_item *file)
{
	struct fl_tensor *all = fl_alloc(file->n * MAX_OUT + (r->idle ? r->idle->n : 0), sizeof *all);
	size_t n = 0, index;
	uint64_t bytes = 0;
	int got = 0;

	end_file(r);
	r->s = fl_alloc(file->n, sizeof *r->s);
	r->tensor = 0;
	r->tensors = file->n;
	for (size_t i = 0; i < file->n; i++) {
		got = fl_inventory_tick(r->p->inventory, &file->tensor[i], &index, r->err);
		if (got < 0)
			break;
		if (got)
			passage_begin(&r->s[i], r->p, &file->tensor[i], index);
		for (int k = 0; k < r->s[i].outs; k++)
			all[n++] = r->s[i].out[k];
		bytes += file->tensor[i].size;
	}
	n += list_idle(r, all + n);
	fl_progress_begin(file->name, "B", bytes);
	if (got >= 0)
		got = fl_writer_weights(r->out, file->name, all, n, file->metadata, r->err);
	free(all);
	return got < 0 ? -1 : 0;
}

static int
run_tensor(struct run *r)
{
	struct passage *s = &r->s[r->tensor];
	bool packed = s->step && s->step->kind == FL_STEP_UNPACK;
	int bad = packed ? unpack(r, s) : stream_tensor(s, r->in, r->out, r->err);

	passage_end(&r->s[r->tensor++]);
	return bad;
}

static int
run_item(struct run *r, const struct fl_item *item)
{
	if (item->kind == FL_ITEM_MEMBER)
		return fl_writer_member(r->out, item->name, item->data, item->size, r->err);
	if (item->kind == FL_ITEM_WEIGHTS ? begin_file(r, item) < 0 : run_tensor(r) < 0)
		return -1;
	return r->idle && r->tensor == r->tensors ? write_idle(r) : 0;
}

int
fl_plan_run(struct fl_plan *p, struct fl_reader *in, struct fl_writer *out, struct fl_err *err)
{
	struct fl_json *config = fl_config_json(&p->out);
	struct run r = { .p = p, .in = in, .out = out, .idle = fl_inventory_new(&p->out, ""), .err = err };
	struct fl_item item;
	int got, bad = fl_writer_config(out, config, err);

	fl_json_free(config);
	while (!bad && (got = fl_reader_next(in, &item, err)) != 0)
		bad = got < 0 ? -1 : run_item(&r, &item);
	fl_progress_end();
	end_file(&r);
	fl_inventory_free(r.idle);
	if (r.kept)
		fclose(r.kept);
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
