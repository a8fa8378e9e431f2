/* SPDX-License-Identifier: Apache-2.0 */
#include "model/surgeon.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/dtype.h"
#include "base/progress.h"
#include "compute/obs.h"
#include "io/checkpoint.h"
#include "model/roles.h"

struct surgery {
	const struct fl_metrics *metrics;
	const bool *gone;
	size_t block, keep;
	struct fl_keep *ffn;
	struct fl_reader *reader;
	struct fl_inventory *inventory;
	struct fl_err *err;
};

/* The tensor that begins is down_proj of a layer. */
static int
choose(struct surgery *s, const struct fl_tensor *t, int layer)
{
	const struct fl_moments *m = &s->metrics->moment[FL_FFN_MOMENT];
	size_t rows = t->shape[0], n = t->shape[1];
	struct fl_keep *k = &s->ffn[layer];
	float *w = fl_alloc_aligned(rows, n * sizeof *w, "the weights of a layer");
	int bad = 0;

	for (size_t i = 0; i < rows && !bad; i++) {
		const char *src = fl_reader_take(s->reader, fl_tensor_row_size(t), s->err);

		bad = !src;
		if (src)
			fl_dtype_to_f32(w + i * n, src, t->dtype, n);
	}
	if (!bad) {
		k->n = s->keep;
		k->index = fl_alloc(k->n, sizeof *k->index);
		bad = fl_obs_choose(fl_moments_site(m, (size_t)layer), n, m->positions, w, rows, s->block, s->keep, k->index);
		fl_moments_done(m, (size_t)layer);
		if (bad)
			fl_err_data(s->err, "'%s' or the moments of its inputs are not finite, or these not positive",
			    t->name);
		fl_progress_add(1);
	}
	free(w);
	return bad ? -1 : 0;
}

static int
see_item(struct surgery *s, const struct fl_item *item)
{
	size_t index;
	int got;

	if (item->kind != FL_ITEM_TENSOR)
		return 0;
	got = fl_inventory_tick(s->inventory, item->tensor, &index, s->err);
	if (got > 0) {
		const struct fl_weight *w = &s->inventory->weight[index];

		if (w->role == FL_DOWN && !s->gone[w->layer])
			return choose(s, item->tensor, w->layer);
	}
	return got < 0 ? -1 : 0;
}

int
fl_surgeon_choose(const char *path, const struct fl_config *in, const struct fl_metrics *m, const bool *gone, int block,
    int keep, struct fl_keep *ffn, struct fl_err *err)
{
	struct surgery s = { m, gone, (size_t)block, (size_t)keep, ffn, NULL, NULL, err };
	struct fl_item item;
	int got = 1, bad = 0;

	if (!path)
		return fl_err_data(err,
		    "the score 'obs' reads the checkpoint twice: give it as a file or a directory, or take --score flash");
	s.reader = fl_reader_open(path, err);
	if (!s.reader)
		return -1;
	s.inventory = fl_inventory_new(in, fl_reader_name(s.reader));
	fl_progress_begin("choosing channels", "layers", (uint64_t)in->layers);
	while (!bad && (got = fl_reader_next(s.reader, &item, err)) > 0)
		bad = see_item(&s, &item);
	bad = bad || got < 0 || fl_inventory_done(s.inventory, s.reader, err) < 0;
	fl_progress_end();
	fl_inventory_free(s.inventory);
	fl_reader_close(s.reader);
	return bad ? -1 : 0;
}
