/* SPDX-License-Identifier: Apache-2.0 */
#include "model/drop.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/progress.h"
#include "model/forward.h"
#include "model/score.h"

struct dropping {
	const struct fl_model *m;
	struct fl_forward *f;
	enum fl_leave part, leave[FL_ARCH_LAYERS];
	float *stream; /* [rows, D] before the part that is tried */
	double *nats;  /* [rows] */
};

static bool
may_go(const struct dropping *d, int l)
{
	return d->leave[l] == FL_LEAVE_NOTHING && (d->part == FL_LEAVE_LAYER || d->m->config.pattern[l] != 's');
}

/* Nats of a batch of which all layers are done. */
static double
total(struct dropping *d, const struct fl_batch *b)
{
	double sum = 0;

	fl_forward_nats(d->f, b->id, d->nats);
	for (size_t i = 0; i < b->windows; i++)
		for (size_t t = 0; t + 1 < b->length; t++)
			sum += d->nats[i * b->length + t];
	return sum;
}

/* Adds to sum[l] the nats without l, for all l that may go. */
static int
try_batch(struct dropping *d, const struct fl_batch *b, double *sum, struct fl_err *err)
{
	int layers = d->m->config.layers;
	size_t size = b->windows * b->length * (size_t)d->m->config.width * sizeof *d->stream;
	float *x = fl_forward_stream(d->f);

	if (fl_forward_begin(d->f, b->id, b->windows, b->length, err) < 0)
		return -1;
	for (int l = 0; l < layers; l++) {
		if (may_go(d, l)) {
			memcpy(d->stream, x, size);
			d->leave[l] = d->part;
			fl_forward_layers(d->f, l, layers);
			sum[l] += total(d, b);
			d->leave[l] = FL_LEAVE_NOTHING;
			memcpy(x, d->stream, size);
			fl_progress_add(b->windows * b->length);
		}
		if (l + 1 < layers)
			fl_forward_layers(d->f, l, l + 1);
	}
	return 0;
}

/* loss[l] := mean nats without l. A loss of 0 would read as not tried. */
static int
try_all(struct dropping *d, const struct fl_windows *w, size_t count, double *loss, struct fl_err *err)
{
	int layers = d->m->config.layers, bad = 0;
	struct fl_batch b = { 0 };
	double tokens = 0;

	while (!bad && fl_windows_next(w, count, &b)) {
		bad = try_batch(d, &b, loss, err);
		tokens += (double)(b.windows * (b.length - 1));
	}
	fl_batch_free(&b);
	for (int l = 0; l < layers && !bad; l++) {
		if (!may_go(d, l))
			continue;
		loss[l] = fmax(loss[l] / tokens, DBL_MIN);
		if (!isfinite(loss[l]))
			bad = fl_err_data(err, "'%s': without %slayer %d the loss is not finite", fl_model_name(d->m),
			    d->part == FL_LEAVE_LAYER ? "" : "the attention of ", l);
	}
	return bad;
}

static int
run(struct dropping *d, const struct fl_windows *w, size_t count, int rounds, double *loss, struct fl_err *err)
{
	int layers = d->m->config.layers, bad = 0, l;

	for (int r = 0; r < rounds && !bad; r++, loss += layers) {
		bad = try_all(d, w, count, loss, err);
		if (bad)
			break;
		l = fl_score_least(loss, layers);
		d->leave[l] = d->part;
		fl_note("%d of %d to go: %slayer %d, %.4f nats a token are left", r + 1, rounds,
		    d->part == FL_LEAVE_LAYER ? "" : "the attention of ", l, loss[l]);
	}
	return bad;
}

static int
check_rounds(const struct dropping *d, int rounds, int *parts, struct fl_err *err)
{
	bool whole = d->part == FL_LEAVE_LAYER;

	*parts = 0;
	for (int l = 0; l < d->m->config.layers; l++)
		*parts += may_go(d, l);
	if (rounds <= *parts - whole)
		return 0;
	return fl_err_data(err, "'%s' has %d %s: %d cannot go", fl_model_name(d->m), *parts,
	    whole ? "layers, of which one stays" : "layers with attention", rounds);
}

int
fl_drop(const struct fl_model *m, const struct fl_windows *w, size_t count, enum fl_metric which, int rounds,
    struct fl_metrics *out, struct fl_err *err)
{
	size_t rows = fl_windows_rows(w);
	struct dropping d = { .m = m, .part = which == FL_LAYER_DROP_LOSS ? FL_LEAVE_LAYER : FL_LEAVE_ATTENTION };
	uint64_t tries = 0;
	int parts, bad;

	if (check_rounds(&d, rounds, &parts, err) < 0)
		return -1;
	for (int r = 0; r < rounds; r++)
		tries += (uint64_t)(parts - r);
	d.f = fl_forward_new(m, rows, 0, NULL);
	fl_forward_leave(d.f, d.leave);
	d.stream = fl_alloc_aligned(rows, (size_t)m->config.width * sizeof *d.stream, "the activations");
	d.nats = fl_alloc(rows, sizeof *d.nats);
	fl_progress_begin(fl_metric_name(which), "tokens", tries * count * w->context);
	bad = run(&d, w, count, rounds, fl_metrics_make(out, which), err);
	fl_progress_end();
	fl_forward_free(d.f);
	free(d.stream);
	free(d.nats);
	return bad;
}
