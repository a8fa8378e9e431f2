/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/native.h"

#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/progress.h"
#include "base/rng.h"
#include "measure/memory.h"
#include "model/sample.h"

static int
ascending(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

void
fl_repeats_finish(struct fl_repeats *r)
{
	size_t n = (size_t)r->n;
	double mean = 0, squares = 0;

	if (!n)
		return;
	qsort(r->each, n, sizeof *r->each, ascending);
	r->median = (r->each[(n - 1) / 2] + r->each[n / 2]) / 2;
	for (size_t i = 0; i < n; i++)
		mean += r->each[i] / (double)n;
	for (size_t i = 0; i < n; i++)
		squares += (r->each[i] - mean) * (r->each[i] - mean);
	r->sd = n > 1 ? sqrt(squares / (double)(n - 1)) : 0;
}

/* One length: prompts of it are measured, or the decode rate after it. */
struct step {
	int length;
	bool decode;
	struct fl_repeats *out;
};

struct run {
	const struct fl_model *model;
	const struct fl_measure_opts *opts;
	struct fl_forward *forward;
	struct fl_sampler greedy;
	uint32_t *prompt; /* as long as the longest */
	uint32_t token;	  /* that follows what is in the cache */
	struct step *step;
	size_t steps;
	bool counts; /* this round */
	struct fl_probe *probe; /* in turn with them; NULL: no trace */
};

/* The clock of a measurement, and with it the one that tells kinds of work apart. */
static double
begin(struct run *r, const struct step *s)
{
	if (r->counts && r->opts->trace)
		fl_forward_trace(r->forward, &s->out->trace);
	return fl_clock();
}

static double
end(struct run *r, const struct step *s, double start)
{
	double taken = fl_clock() - start;

	if (r->counts && r->opts->trace)
		fl_trace_lap(&s->out->trace, FL_WORK_OTHER);
	fl_forward_trace(r->forward, NULL);
	return taken;
}

static int
next(struct run *r, struct fl_err *err)
{
	return fl_sample(&r->greedy, fl_forward_last(r->forward), (size_t)r->model->config.vocab, &r->token,
	    err);
}

/* Fills the cache up to n tokens, from what is in it if that is no more. */
static int
fill(struct run *r, size_t n, struct fl_err *err)
{
	size_t depth = fl_forward_depth(r->forward);

	if (depth > n) {
		fl_forward_reset(r->forward);
		depth = 0;
	}
	if (depth == 0)
		r->token = r->prompt[0];
	if (depth == n)
		return 0;
	if (fl_forward_append(r->forward, r->prompt + depth, n - depth, err) < 0)
		return -1;
	return next(r, err);
}

static int
prefill(struct run *r, const struct step *s, double *taken, struct fl_err *err)
{
	double start = begin(r, s);

	fl_forward_reset(r->forward);
	if (fill(r, (size_t)s->length, err) < 0)
		return -1;
	*taken = end(r, s, start);
	return 0;
}

static int
generate(struct run *r, const struct step *s, double *rate, struct fl_err *err)
{
	double taken = 0;

	if (fill(r, (size_t)s->length, err) < 0)
		return -1;
	for (int i = 0; i < r->opts->tokens; i++) {
		double start;

		if (r->counts && r->probe)
			fl_probe_read(r->probe);
		start = begin(r, s);
		if (fl_forward_append(r->forward, &r->token, 1, err) < 0 || next(r, err) < 0)
			return -1;
		taken += end(r, s, start);
	}
	*rate = r->opts->tokens / taken;
	return 0;
}

/* A measurement that fails ends the run. */
static int
round_of_all(struct run *r, struct fl_err *err)
{
	double x;

	for (const struct step *s = r->step; s < r->step + r->steps; s++) {
		if (r->counts && r->probe)
			fl_probe_run(r->probe);
		if ((s->decode ? generate : prefill)(r, s, &x, err) < 0)
			return -1;
		if (r->counts)
			s->out->each[s->out->n++] = x;
		fl_progress_add(1);
	}
	return 0;
}

/* Of equal lengths the prompt goes first: what it leaves is what the decode rate needs. */
static int
by_length(const void *a, const void *b)
{
	const struct step *x = a, *y = b;

	return x->length != y->length ? (x->length > y->length) - (x->length < y->length) : x->decode - y->decode;
}

static void
plan(struct run *r, struct fl_measured *out)
{
	const struct fl_measure_opts *o = r->opts;

	r->step = fl_alloc(o->prefills + o->decodes, sizeof *r->step);
	for (size_t i = 0; i < o->prefills; i++)
		r->step[r->steps++] = (struct step){ o->prefill[i], false, &out->ttft[i] };
	for (size_t i = 0; i < o->decodes; i++)
		r->step[r->steps++] = (struct step){ o->decode[i], true, &out->decode[i] };
	for (size_t i = 0; i < r->steps; i++)
		r->step[i].out->each = fl_alloc((size_t)o->repeat, sizeof(double));
	qsort(r->step, r->steps, sizeof *r->step, by_length);
}

int
fl_measure_longest(const struct fl_measure_opts *o)
{
	int n = 1;

	for (size_t i = 0; i < o->prefills; i++)
		n = o->prefill[i] > n ? o->prefill[i] : n;
	for (size_t i = 0; i < o->decodes; i++)
		n = o->decode[i] + o->tokens > n ? o->decode[i] + o->tokens : n;
	return n;
}

static uint32_t *
make_prompt(size_t n, int vocab)
{
	struct fl_rng rng = fl_rng_new(0, 0);
	uint32_t *id = fl_alloc(n, sizeof *id);

	for (size_t i = 0; i < n; i++)
		id[i] = (uint32_t)fl_rng_below(&rng, (uint64_t)vocab);
	return id;
}

int
fl_measure_native(const struct fl_model *m, const struct fl_measure_opts *o,
    struct fl_measured *out, struct fl_err *err)
{
	size_t positions = (size_t)fl_measure_longest(o); /* of the cache */
	size_t rows = (size_t)o->chunk < positions ? (size_t)o->chunk : positions;
	struct run r = { .model = m, .opts = o, .forward = fl_forward_new_cached(m, rows, positions, &o->cache),
		.greedy = fl_sampler_new(0, 1, 0), .prompt = make_prompt(positions, m->config.vocab),
		.probe = o->trace ? fl_probe_new() : NULL };
	int bad = 0;

	out->ttft = fl_alloc(o->prefills, sizeof *out->ttft);
	out->decode = fl_alloc(o->decodes, sizeof *out->decode);
	out->cache_bytes = fl_forward_cache_bytes(r.forward);
	plan(&r, out);
	fl_progress_begin("measuring", "runs", (uint64_t)(o->warmup + o->repeat) * r.steps);
	for (int i = 0; i < o->warmup + o->repeat && !bad; i++) {
		r.counts = i >= o->warmup;
		bad = round_of_all(&r, err);
	}
	fl_progress_end();
	for (size_t i = 0; i < r.steps; i++)
		fl_repeats_finish(r.step[i].out);
	if (r.probe && !bad)
		out->limits = fl_probe_limits(r.probe, false);
	out->peak_bytes = fl_memory_peak();
	fl_probe_free(r.probe);
	fl_forward_free(r.forward);
	free(r.prompt);
	free(r.step);
	return bad;
}

void
fl_measured_free(struct fl_measured *m, const struct fl_measure_opts *o)
{
	for (size_t i = 0; i < o->prefills; i++)
		free(m->ttft[i].each);
	for (size_t i = 0; i < o->decodes; i++)
		free(m->decode[i].each);
	free(m->ttft);
	free(m->decode);
	*m = (struct fl_measured){ 0 };
}
