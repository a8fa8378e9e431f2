/* SPDX-License-Identifier: Apache-2.0 */
#include "model/drop.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/progress.h"
#include "base/size.h"
#include "model/forward.h"
#include "model/score.h"

/* The first stage of a round, and how few candidates are tried on all tokens: as measured in tests/bench/README.md. */
enum { FIRST_TOKENS = 256, FEWEST = 4 };

struct dropping {
	const struct fl_model *m;
	const struct fl_windows *w;
	size_t count; /* windows */
	enum fl_metric which;
	struct fl_forward *f;
	enum fl_leave part, leave[FL_ARCH_LAYERS];
	bool candidate[FL_ARCH_LAYERS]; /* of this round, not given up yet */
	float *stream; /* [rows, D] before the part that is tried */
	double *nats;  /* [rows] */
};

/* Windows [first, end) of a round, on which so many candidates are tried. */
struct stage {
	size_t first, end;
	int candidates;
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

/* The stage after s, which is zeroed but for its candidates before the first: each has twice the tokens of all before it
 * together, and half the candidates. False after the last. */
static bool
next_stage(const struct dropping *d, struct stage *s)
{
	size_t end = s->end ? 2 * s->end : fl_ceil_div(FIRST_TOKENS, d->w->context);

	if (s->end == d->count)
		return false;
	if (s->end && s->candidates > FEWEST)
		s->candidates = s->candidates / 2 > FEWEST ? (s->candidates + 1) / 2 : FEWEST;
	s->first = s->end;
	s->end = fl_min(end, d->count);
	return true;
}

/* Adds to sum[l] the nats without l, for all candidates l. */
static int
try_batch(struct dropping *d, const struct fl_batch *b, double *sum, struct fl_err *err)
{
	int layers = d->m->config.layers, at = 0;
	size_t size = b->windows * b->length * (size_t)d->m->config.width * sizeof *d->stream;
	float *x = fl_forward_stream(d->f);

	if (fl_forward_begin(d->f, b->id, b->windows, b->length, err) < 0)
		return -1;
	for (int l = 0; l < layers; l++) {
		if (!d->candidate[l])
			continue;
		fl_forward_layers(d->f, at, l);
		at = l;
		memcpy(d->stream, x, size);
		d->leave[l] = d->part;
		fl_forward_layers(d->f, l, layers);
		sum[l] += total(d, b);
		d->leave[l] = FL_LEAVE_NOTHING;
		memcpy(x, d->stream, size);
		fl_progress_add(b->windows * b->length);
	}
	return 0;
}

static int
try_stage(struct dropping *d, const struct stage *s, double *sum, struct fl_err *err)
{
	struct fl_batch b = { .first = s->first };
	int bad = 0;

	while (!bad && fl_windows_next(d->w, s->end, &b))
		bad = try_batch(d, &b, sum, err);
	fl_batch_free(&b);
	for (int l = 0; l < d->m->config.layers && !bad; l++) {
		if (d->candidate[l])
			sum[l] = fmax(sum[l], DBL_MIN); /* 0 would read as not tried */
		if (!isfinite(sum[l]))
			bad = fl_err_data(err, "'%s': without %slayer %d the loss is not finite", fl_model_name(d->m),
			    d->part == FL_LEAVE_LAYER ? "" : "the attention of ", l);
	}
	return bad;
}

/* Gives all candidates up but the `keep` with the least sum: of these losses nothing is left. */
static void
keep_best(struct dropping *d, double *sum, int keep)
{
	int layers = d->m->config.layers;
	double all[FL_ARCH_LAYERS];

	memcpy(all, sum, (size_t)layers * sizeof *all);
	memset(d->candidate, 0, sizeof d->candidate);
	memset(sum, 0, (size_t)layers * sizeof *sum);
	while (keep-- > 0) {
		int l = fl_score_least(all, layers);

		d->candidate[l] = true;
		sum[l] = all[l];
		all[l] = 0;
	}
}

/* Tokens of all trials of a round that begins with n candidates. */
static uint64_t
round_tokens(const struct dropping *d, int n)
{
	struct stage s = { .candidates = n };
	uint64_t tokens = 0;

	while (next_stage(d, &s))
		tokens += (uint64_t)s.candidates * (s.end - s.first) * d->w->context;
	return tokens;
}

/* loss[l] := mean nats without l, of those that are not given up. */
static int
try_all(struct dropping *d, int parts, double *loss, struct fl_err *err)
{
	double tokens = (double)(d->count * (fl_windows_at(d->w, 0).length - 1));
	struct stage s = { .candidates = parts };

	for (int l = 0; l < d->m->config.layers; l++)
		d->candidate[l] = may_go(d, l);
	while (next_stage(d, &s)) {
		if (s.first)
			keep_best(d, loss, s.candidates);
		if (try_stage(d, &s, loss, err) < 0)
			return -1;
	}
	for (int l = 0; l < d->m->config.layers; l++)
		loss[l] /= tokens;
	return 0;
}

static int
run(struct dropping *d, int parts, int rounds, double *loss, struct fl_err *err)
{
	int layers = d->m->config.layers, bad = 0, l;
	char what[64]; /* for fl_progress_begin() */

	for (int r = 0; r < rounds && !bad; r++, loss += layers) {
		snprintf(what, sizeof what, "%s, round %d of %d", fl_metric_name(d->which), r + 1, rounds);
		fl_progress_begin(what, "tokens", round_tokens(d, parts - r));
		bad = try_all(d, parts - r, loss, err);
		fl_progress_end();
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
	struct dropping d = { .m = m, .w = w, .count = count, .which = which,
		.part = which == FL_LAYER_DROP_LOSS ? FL_LEAVE_LAYER : FL_LEAVE_ATTENTION };
	int parts, bad;

	if (check_rounds(&d, rounds, &parts, err) < 0)
		return -1;
	d.f = fl_forward_new(m, rows, 0, NULL);
	fl_forward_leave(d.f, d.leave);
	d.stream = fl_alloc_aligned(rows, (size_t)m->config.width * sizeof *d.stream, "the activations");
	d.nats = fl_alloc(rows, sizeof *d.nats);
	bad = run(&d, parts, rounds, fl_metrics_make(out, which), err);
	fl_forward_free(d.f);
	free(d.stream);
	free(d.nats);
	return bad;
}
