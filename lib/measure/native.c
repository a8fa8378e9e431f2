/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/native.h"

#include <math.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/progress.h"
#include "base/rng.h"
#include "model/sample.h"

/* Welford's recurrence: mean, and in sd the sum of squared deviations until the end. */
static void
add(struct fl_repeats *r, double x)
{
	double d = x - r->mean;

	r->n++;
	r->mean += d / r->n;
	r->sd += d * (x - r->mean);
}

static void
finish(struct fl_repeats *r, size_t n)
{
	for (size_t i = 0; i < n; i++)
		r[i].sd = r[i].n > 1 ? sqrt(r[i].sd / (r[i].n - 1)) : 0;
}

struct run {
	const struct fl_model *model;
	const struct fl_measure_opts *opts;
	struct fl_forward *forward;
	struct fl_sampler greedy;
	uint32_t *prompt; /* as long as the longest */
	struct fl_measured *out;
};

static int
next(struct run *r, uint32_t *token, struct fl_err *err)
{
	return fl_sample(&r->greedy, fl_forward_last(r->forward), (size_t)r->model->config.vocab, token,
	    err);
}

/* Fills an empty cache with n tokens; the token after them, and the seconds it took. */
static int
prefill(struct run *r, int n, uint32_t *token, double *taken, struct fl_err *err)
{
	double start = fl_clock();

	fl_forward_reset(r->forward);
	*token = r->prompt[0];
	if (n > 0 && fl_forward_append(r->forward, r->prompt, (size_t)n, err) < 0)
		return -1;
	if (n > 0 && next(r, token, err) < 0)
		return -1;
	*taken = fl_clock() - start;
	return 0;
}

static int
generate(struct run *r, uint32_t token, double *rate, struct fl_err *err)
{
	double start = fl_clock();

	for (int i = 0; i < r->opts->tokens; i++) {
		if (fl_forward_append(r->forward, &token, 1, err) < 0 || next(r, &token, err) < 0)
			return -1;
	}
	*rate = r->opts->tokens / (fl_clock() - start);
	return 0;
}

/* Every prompt length, then every depth. A measurement that fails ends the run. */
static int
round_of_all(struct run *r, bool counts, struct fl_err *err)
{
	const struct fl_measure_opts *o = r->opts;
	uint32_t token;
	double x;

	for (size_t i = 0; i < o->prefills; i++) {
		if (prefill(r, o->prefill[i], &token, &x, err) < 0)
			return -1;
		if (counts)
			add(&r->out->ttft[i], x);
		fl_progress_add(1);
	}
	for (size_t i = 0; i < o->decodes; i++) {
		if (prefill(r, o->decode[i], &token, &x, err) < 0 || generate(r, token, &x, err) < 0)
			return -1;
		if (counts)
			add(&r->out->decode[i], x);
		fl_progress_add(1);
	}
	return 0;
}

/* Positions of the cache: the longest prompt, or the deepest decode and what it generates. */
static size_t
longest(const struct fl_measure_opts *o)
{
	int n = 1;

	for (size_t i = 0; i < o->prefills; i++)
		n = o->prefill[i] > n ? o->prefill[i] : n;
	for (size_t i = 0; i < o->decodes; i++)
		n = o->decode[i] + o->tokens > n ? o->decode[i] + o->tokens : n;
	return (size_t)n;
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

static uint64_t
peak_bytes(void)
{
	struct rusage own;

	getrusage(RUSAGE_SELF, &own);
	return (uint64_t)own.ru_maxrss * 1024;
}

int
fl_measure_native(const struct fl_model *m, const struct fl_measure_opts *o,
    struct fl_measured *out, struct fl_err *err)
{
	size_t positions = longest(o), rounds = (size_t)(o->warmup + o->repeat);
	size_t rows = (size_t)o->chunk < positions ? (size_t)o->chunk : positions;
	struct run r = { m, o, fl_forward_new_cached(m, rows, positions, &o->cache),
		fl_sampler_new(0, 1, 0), make_prompt(positions, m->config.vocab), out };
	int bad = 0;

	*out = (struct fl_measured){ .ttft = fl_alloc(o->prefills, sizeof *out->ttft),
		.decode = fl_alloc(o->decodes, sizeof *out->decode),
		.cache_bytes = fl_forward_cache_bytes(r.forward) };
	fl_progress_begin("measuring", "runs", rounds * (o->prefills + o->decodes));
	for (size_t i = 0; i < rounds && !bad; i++)
		bad = round_of_all(&r, i >= (size_t)o->warmup, err);
	fl_progress_end();
	finish(out->ttft, o->prefills);
	finish(out->decode, o->decodes);
	out->peak_bytes = peak_bytes();
	fl_forward_free(r.forward);
	free(r.prompt);
	return bad;
}

void
fl_measured_free(struct fl_measured *m)
{
	free(m->ttft);
	free(m->decode);
	*m = (struct fl_measured){ 0 };
}
