/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/trace.h"

#include "base/str.h"
#include "base/tsv.h"
#include "compute/panels.h"
#include "measure/limits.h"
#include "model/cost.h"

static const char *const names[FL_WORKS] = { "gemm", "head", "attention", "norm", "rope", "activation", "other" };

/* --- on paper --- */

static double
linear_bytes(const struct fl_model *m)
{
	double sum = 0;

	for (int l = 0; l < m->config.layers; l++) {
		const struct fl_layer *w = &m->layer[l];
		const struct fl_matrix *all[] = { &w->q, &w->k, &w->v, &w->o, &w->gate, &w->up, &w->down };

		for (size_t i = 0; i < sizeof all / sizeof *all; i++)
			if (all[i]->data)
				sum += (double)fl_matrix_size(all[i]);
	}
	return sum;
}

/* Bytes of the cache that tokens first .. last-1 need, computed together. */
static double
cache_bytes(const struct fl_config *c, const struct fl_measure_opts *o, size_t first, size_t last)
{
	size_t slots = 0;

	for (int l = 0; l < c->layers; l++) {
		size_t window = (size_t)c->window + last - first - 1;

		if (c->pattern[l] != 's')
			slots += c->pattern[l] == 'w' && window < last ? window : last;
	}
	return (double)(slots * fl_kv_slot_bytes(o->cache.kind, (size_t)c->kv_heads, (size_t)c->head_dim));
}

/* Products of weights like w. */
static void
add_products(struct fl_demand *d, const struct fl_matrix *w, double operations)
{
	*(fl_panels_are(w) ? &d->int8 : &d->f32) += operations;
}

/* Tokens first .. last-1 computed together. Scores of 8 bits are integers, the sums of values are not. */
static void
add_tokens(const struct fl_model *m, const struct fl_measure_opts *o, size_t first, size_t last,
    struct fl_demand work[FL_WORKS])
{
	double attention = (double)fl_cost_attention(&m->config, first, last);
	double scores = o->cache.kind == FL_KV_INT8 ? attention / 2 : 0;

	add_products(&work[FL_WORK_GEMM], &m->layer[0].down, (double)((last - first) * fl_cost_linear(&m->config)));
	work[FL_WORK_GEMM].bytes += linear_bytes(m);
	work[FL_WORK_ATTENTION].int8 += scores;
	work[FL_WORK_ATTENTION].f32 += attention - scores;
	work[FL_WORK_ATTENTION].bytes += cache_bytes(&m->config, o, first, last);
}

static void
add_head(const struct fl_model *m, struct fl_demand work[FL_WORKS])
{
	add_products(&work[FL_WORK_HEAD], &m->head, (double)fl_cost_head(&m->config));
	work[FL_WORK_HEAD].bytes += (double)fl_matrix_size(&m->head);
}

void
fl_demand_prefill(const struct fl_model *m, const struct fl_measure_opts *o, size_t n,
    struct fl_demand work[FL_WORKS])
{
	size_t chunk = (size_t)o->chunk;

	for (int i = 0; i < FL_WORKS; i++)
		work[i] = (struct fl_demand){ 0 };
	for (size_t at = 0; at < n; at += chunk)
		add_tokens(m, o, at, n - at < chunk ? n : at + chunk, work);
	add_head(m, work);
}

void
fl_demand_decode(const struct fl_model *m, const struct fl_measure_opts *o, size_t n,
    struct fl_demand work[FL_WORKS])
{
	size_t tokens = (size_t)o->tokens;

	for (int i = 0; i < FL_WORKS; i++)
		work[i] = (struct fl_demand){ 0 };
	for (size_t i = 0; i < tokens; i++) {
		add_tokens(m, o, n + i, n + i + 1, work);
		add_head(m, work);
	}
	for (int i = 0; i < FL_WORKS; i++) {
		work[i].int8 /= (double)tokens;
		work[i].f32 /= (double)tokens;
		work[i].bytes /= (double)tokens;
	}
}

/* --- the table --- */

struct table {
	const struct fl_model *model;
	const struct fl_measure_opts *opts;
	struct fl_limits limits;
	FILE *out;
	bool json, begun;
};

static void
print(struct table *t, const char *phase, const char *operator, double seconds, double share,
    const struct fl_demand *d, const char *limit, double fraction)
{
	struct fl_row row = { 0 };

	fl_row_str(&row, "phase", phase);
	fl_row_str(&row, "operator", operator);
	fl_row_real(&row, "seconds", seconds);
	fl_row_real(&row, "share", share);
	fl_row_real(&row, "int8_op", d->int8);
	fl_row_real(&row, "f32_flop", d->f32);
	fl_row_real(&row, "bytes", d->bytes);
	fl_row_str(&row, "limit", limit);
	fl_row_real(&row, "fraction", fraction);
	fl_row_print(&row, t->out, !t->begun, t->json);
	fl_row_free(&row);
	t->begun = true;
}

/* The seconds that d takes at the machine's limits, and which of them says so. */
static double
at_best(const struct fl_demand *d, const struct fl_limits *l, const char **limit)
{
	double int8 = d->int8 / l->int8, f32 = d->f32 / l->f32, memory = d->bytes / l->memory;

	if (int8 + f32 + memory <= 0)
		*limit = "none";
	else if (memory > int8 + f32)
		*limit = "memory";
	else
		*limit = int8 > f32 ? "int8" : "f32";
	return memory > int8 + f32 ? memory : int8 + f32;
}

/* `parts`: of the trace's time, one is wanted. */
static void
print_phase(struct table *t, const char *phase, const struct fl_trace *trace, int parts,
    const struct fl_demand work[FL_WORKS])
{
	struct fl_demand sum = { 0 };
	double all = 0, best = 0;
	const char *limit;

	for (int i = 0; i < FL_WORKS; i++)
		all += trace->seconds[i] / parts;
	for (int i = 0; i < FL_WORKS; i++) {
		double seconds = trace->seconds[i] / parts, least = at_best(&work[i], &t->limits, &limit);

		print(t, phase, names[i], seconds, seconds / all, &work[i], limit, least > 0 ? least / seconds : 0);
		best += least;
		sum.int8 += work[i].int8, sum.f32 += work[i].f32, sum.bytes += work[i].bytes;
	}
	at_best(&sum, &t->limits, &limit);
	print(t, phase, "all", all, 1, &sum, limit, best / all);
}

static void
print_length(struct table *t, const char *what, int n, const struct fl_repeats *r, int tokens)
{
	struct fl_demand work[FL_WORKS];
	struct fl_str phase = { 0 };

	fl_str_printf(&phase, "%s_%d", what, n);
	if (tokens)
		fl_demand_decode(t->model, t->opts, (size_t)n, work);
	else
		fl_demand_prefill(t->model, t->opts, (size_t)n, work);
	print_phase(t, phase.data, &r->trace, tokens ? r->n * tokens : r->n, work);
	fl_str_free(&phase);
}

void
fl_trace_print(const struct fl_model *m, const struct fl_measure_opts *o, const struct fl_measured *x, bool json,
    FILE *out)
{
	struct table t = { m, o, x->limits, out, json, false };
	struct fl_demand second = { t.limits.int8, t.limits.f32, t.limits.memory };

	print(&t, "machine", t.limits.kernels, 1, 1, &second, "none", 1);
	for (size_t i = 0; i < o->prefills; i++)
		print_length(&t, "ttft", o->prefill[i], &x->ttft[i], 0);
	for (size_t i = 0; i < o->decodes; i++)
		print_length(&t, "decode", o->decode[i], &x->decode[i], o->tokens);
}
