/* SPDX-License-Identifier: Apache-2.0 */
#include "model/plan.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/progress.h"
#include "io/history.h"
#include "model/basis.h"
#include "model/idle.h"
#include "model/passage.h"
#include "model/unpack.h"

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
	p->factor = fl_alloc(1, sizeof *p->factor);
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
	fl_gptq_free(p->factor->gptq);
	free(p->factor);
	fl_basis_free(p->basis);
	fl_inventory_free(p->inventory);
	fl_config_free(&p->in);
	fl_config_free(&p->out);
	if (p->kept)
		fl_json_free(p->kept);
	free(p);
}

static const struct fl_keep *
keep_of(const struct fl_plan *p, enum fl_axis axis, int layer)
{
	const struct fl_keep *k = axis == FL_AXIS_WIDTH ? &p->width : axis == FL_AXIS_FFN ? &p->ffn[layer] : NULL;

	return k && k->index ? k : NULL;
}

void
fl_plan_keep(struct fl_plan *p, size_t i)
{
	const struct fl_weight *w = &p->inventory->weight[i];

	p->step[i].rows = keep_of(p, fl_roles[w->role].rows, w->layer);
	p->step[i].cols = keep_of(p, fl_roles[w->role].cols, w->layer);
}

/* A run through the whole checkpoint. */
struct run {
	struct fl_plan *p;
	struct fl_reader *in;
	struct fl_writer *out;
	struct fl_passage *s;	   /* of the tensors of the file at hand */
	size_t tensor, tensors;	   /* the next of them, and how many */
	FILE *kept;		   /* half of a matrix that is being unpacked */
	struct fl_inventory *idle; /* of the result; NULL once its idle attention is written */
	struct fl_err *err;
};

static int
unpack(struct run *r, const struct fl_passage *s)
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
	bad = fl_unpack(m, m.cols / fl_weight_group(&r->p->in, w->role), r->kept, w->part == FL_PART_PACKED, r->in,
	    s->out[0].dtype, r->out, r->err);
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
		fl_passage_end(&r->s[r->tensor++]);
	free(r->s);
	r->s = NULL;
}

/* A weights file: announces what it will hold. One of which nothing is left is not written: the index says so. */
static int
begin_file(struct run *r, const struct fl_item *file)
{
	struct fl_tensor *all = fl_alloc(file->n * FL_PASSAGE_OUT + (r->idle ? r->idle->n : 0), sizeof *all);
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
			fl_passage_begin(&r->s[i], r->p, &file->tensor[i], index);
		for (int k = 0; k < r->s[i].outs; k++)
			all[n++] = r->s[i].out[k];
		bytes += file->tensor[i].size;
	}
	n += list_idle(r, all + n);
	fl_progress_begin(file->name, "B", bytes);
	if (got >= 0 && n > 0)
		got = fl_writer_weights(r->out, file->name, all, n, file->metadata, r->err);
	free(all);
	return got < 0 ? -1 : 0;
}

static int
run_tensor(struct run *r)
{
	struct fl_passage *s = &r->s[r->tensor];
	bool packed = s->step && s->step->kind == FL_STEP_UNPACK;
	int bad = packed ? unpack(r, s) : fl_passage_stream(s, r->in, r->out, r->err);

	fl_passage_end(&r->s[r->tensor++]);
	return bad;
}

static int
run_item(struct run *r, const struct fl_item *item)
{
	if (item->kind == FL_ITEM_MEMBER && r->p->member)
		return r->p->member(r->p->ctx, item, r->out, r->err);
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
	if (!bad && p->member)
		bad = p->member(p->ctx, NULL, out, err);
	return bad ? -1 : fl_inventory_done(p->inventory, in, err);
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
