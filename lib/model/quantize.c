/* SPDX-License-Identifier: Apache-2.0 */
#include "model/quantize.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "model/basis.h"
#include "model/bits.h"
#include "model/rotate.h"

const char *const fl_quantize_methods[] = { "mse", "rtn", "calib", "gptq", NULL };

/* The sums of squares of what meets the columns of a weight: `row` of the metric returned. A tied
 * embedding meets its input as the head; FL_METRICS: nothing. */
static enum fl_metric
input_of(const struct fl_config *c, const struct fl_weight *w, int *row)
{
	if (w->role == FL_O || w->role == FL_DOWN) {
		*row = w->layer;
		return w->role == FL_O ? FL_ATTN_SUM_SQ : FL_FFN_SUM_SQ;
	}
	*row = fl_weight_site(c, w);
	return w->role == FL_EMBED && !c->tied ? FL_METRICS : FL_DIM_OUT_SUM_SQ;
}

static int
find_energy(struct fl_step *step, const struct fl_config *c, const struct fl_weight *w,
    const struct fl_metrics *m, struct fl_err *err)
{
	int row;
	enum fl_metric which = input_of(c, w, &row);
	size_t rows, cols;

	if (which == FL_METRICS)
		return 0;
	if (which == FL_DIM_OUT_SUM_SQ && step->basis) {
		if (fl_metrics_need_moment(m, FL_DIM_MOMENT, "--method calib with --rotate", err) < 0)
			return -1;
		step->energy = fl_basis_energy(step->basis, step->norm, err);
		return step->energy ? 0 : -1;
	}
	if (fl_metrics_need(m, which, "--method calib", err) < 0)
		return -1;
	fl_metric_shape(m, which, &rows, &cols);
	step->energy = m->sum[which] + (size_t)row * cols;
	return 0;
}

static int
find_moments(struct fl_step *step, const struct fl_config *c, const struct fl_weight *w, const struct fl_metrics *m,
    struct fl_err *err)
{
	const enum fl_moment moment[FL_METRICS] = { [FL_ATTN_SUM_SQ] = FL_ATTN_MOMENT, [FL_FFN_SUM_SQ] = FL_FFN_MOMENT,
		[FL_DIM_OUT_SUM_SQ] = step->basis ? FL_DIM_MOMENT : FL_DIM_OUT_MOMENT };
	int site;
	enum fl_metric which = input_of(c, w, &site);

	if (which == FL_METRICS)
		return 0;
	if (fl_metrics_need_moment(m, moment[which], "--method gptq", err) < 0)
		return -1;
	step->moments = &m->moment[moment[which]];
	step->site = (size_t)site;
	return 0;
}

static int
plan_matrix(struct fl_plan *plan, size_t i, const char *method, const struct fl_metrics *metrics, bool negative,
    struct fl_err *err)
{
	const struct fl_weight *w = &plan->inventory->weight[i];
	struct fl_step *step = &plan->step[i];

	step->bits = fl_weight_bits(&plan->out, w->role, w->layer);
	if (!step->bits)
		return 0;
	step->kind = FL_STEP_QUANTIZE;
	step->how.search = strcmp(method, "rtn") != 0;
	step->how.negative = negative;
	if (strcmp(method, "gptq") == 0)
		return find_moments(step, &plan->in, w, metrics, err);
	return strcmp(method, "calib") == 0 ? find_energy(step, &plan->in, w, metrics, err) : 0;
}

/* By the product of their weights in all norms, the largest first: those alike share a group. */
static void
choose_order(struct fl_keep *k, const struct fl_metrics *metrics)
{
	size_t sites, n;
	double *size;

	fl_metric_shape(metrics, FL_DIM_WEIGHT, &sites, &n);
	size = fl_alloc(n, sizeof *size);
	for (size_t i = 0; i < n; i++)
		for (size_t s = 0; s < sites; s++) /* where there is no norm they are 0, all alike */
			size[i] += log(fabs(metrics->sum[FL_DIM_WEIGHT][s * n + i]) + 1e-9);
	*k = (struct fl_keep){ fl_alloc(n, sizeof *k->index), n, true };
	for (size_t i = 0; i < n; i++) {
		size_t before = 0;

		for (size_t j = 0; j < n; j++)
			before += size[j] > size[i] || (size[j] == size[i] && j < i);
		k->index[before] = (uint32_t)i;
	}
	free(size);
}

static void
order_dimensions(struct fl_plan *plan, const struct fl_metrics *metrics)
{
	choose_order(&plan->width, metrics);
	for (size_t i = 0; i < plan->inventory->n; i++)
		fl_plan_keep(plan, i);
}

/* The model stays what it was but for rounding, and tied if it was. */
static int
rotate(struct fl_plan *plan, const struct fl_metrics *metrics, struct fl_err *err)
{
	bool tied = plan->in.tied;

	if (fl_metrics_need(metrics, FL_DIM_WEIGHT, "--rotate", err) < 0)
		return -1;
	if (tied)
		order_dimensions(plan, metrics);
	else
		fl_rotate_steps(plan, fl_basis_hadamard(metrics), false);
	fl_json_set(plan->kept, "basis", fl_json_new_str(tied ? "order" : "hadamard"));
	fl_note("the %d dimensions of the residual stream are %s", plan->in.width,
	    tied ? "put in order, since the embedding is tied" : "mixed");
	return 0;
}

/* Metrics that are there for a rotation alone may lack what calib needs of them. */
static const char *
usual_method(const struct fl_config *in, const struct fl_metrics *m, bool rotated)
{
	bool mixed = rotated && !in->tied;

	if (!m || (rotated && !(mixed ? fl_moments_any(&m->moment[FL_DIM_MOMENT]) : m->sum[FL_DIM_OUT_SUM_SQ] != NULL)))
		return "mse";
	return "calib";
}

static struct fl_plan *
plan_matrices(const struct fl_config *in, const char *what, const struct fl_quant *q,
    const struct fl_metrics *metrics, const struct fl_quantize_opts *opts, struct fl_err *err)
{
	struct fl_plan *plan = fl_plan_new(in, what);
	const char *method = opts->method ? opts->method : usual_method(in, metrics, opts->rotate);
	int bad;

	plan->kept = fl_json_new_object();
	fl_json_set(plan->kept, "method", fl_json_new_str(method));
	fl_note("scales by %s", method);
	bad = opts->rotate ? rotate(plan, metrics, err) : 0;
	plan->out.quant = *q;
	fl_json_del(plan->out.json, "quantization_config"); /* of which nothing was quantized */
	for (size_t i = 0; i < plan->inventory->n && !bad; i++)
		bad = plan_matrix(plan, i, method, metrics, opts->negative, err);
	if (!bad)
		return plan;
	fl_plan_free(plan);
	return NULL;
}

struct fl_plan *
fl_plan_quantize(const struct fl_config *in, const char *what, const struct fl_metrics *metrics,
    const struct fl_quantize_opts *opts, struct fl_err *err)
{
	struct fl_quant q;

	if (fl_bits_choose(in, what, opts->head, opts->embed, &q, err) < 0 ||
	    (metrics && fl_metrics_check(metrics, in, opts->force, what, err) < 0))
		return NULL;
	return plan_matrices(in, what, &q, metrics, opts, err);
}
