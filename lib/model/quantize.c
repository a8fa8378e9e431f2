/* SPDX-License-Identifier: Apache-2.0 */
#include "model/quantize.h"

#include <string.h>

#include "model/bits.h"

const char *const fl_quantize_methods[] = { "mse", "rtn", "calib", "gptq", NULL };

bool
fl_quantize_measured(const char *method)
{
	return strcmp(method, "calib") == 0 || strcmp(method, "gptq") == 0;
}

/* The sums of squares of what meets the columns of a weight: `row` of the metric returned. A tied
 * embedding meets its input as the head; FL_METRICS: nothing. */
static enum fl_metric
input_of(const struct fl_config *c, const struct fl_weight *w, int *row)
{
	switch (w->role) {
	case FL_O: *row = w->layer; return FL_ATTN_SUM_SQ;
	case FL_DOWN: *row = w->layer; return FL_FFN_SUM_SQ;
	case FL_GATE:
	case FL_UP: *row = 2 * w->layer + 1; return FL_DIM_OUT_SUM_SQ;
	case FL_EMBED:
		if (!c->tied)
			return FL_METRICS;
		/* fallthrough */
	case FL_HEAD: *row = 2 * c->layers; return FL_DIM_OUT_SUM_SQ;
	default: *row = 2 * w->layer; return FL_DIM_OUT_SUM_SQ;
	}
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
	if (!m->sum[which])
		return fl_err_data(err, "the method 'calib' needs '%s', which the metrics do not have",
		    fl_metric_name(which));
	fl_metric_shape(m, which, &rows, &cols);
	step->energy = m->sum[which] + (size_t)row * cols;
	return 0;
}

static int
find_moments(struct fl_step *step, const struct fl_config *c, const struct fl_weight *w, const struct fl_metrics *m,
    struct fl_err *err)
{
	static const enum fl_moment moment[FL_METRICS] = { [FL_ATTN_SUM_SQ] = FL_ATTN_MOMENT,
		[FL_FFN_SUM_SQ] = FL_FFN_MOMENT, [FL_DIM_OUT_SUM_SQ] = FL_DIM_OUT_MOMENT };
	int site;
	enum fl_metric which = input_of(c, w, &site);

	if (which == FL_METRICS)
		return 0;
	step->moments = &m->moment[moment[which]];
	step->site = (size_t)site;
	return fl_metrics_need_moment(m, moment[which], "the method 'gptq'", err);
}

static int
plan_matrix(struct fl_plan *plan, size_t i, const struct fl_metrics *metrics,
    const struct fl_quantize_opts *opts, struct fl_err *err)
{
	const struct fl_weight *w = &plan->inventory->weight[i];
	struct fl_step *step = &plan->step[i];

	step->bits = fl_role_bits(&plan->out, w->role);
	if (!step->bits)
		return 0;
	step->kind = FL_STEP_QUANTIZE;
	step->how.search = strcmp(opts->method, "rtn") != 0;
	step->how.negative = opts->negative;
	if (!metrics)
		return 0;
	return strcmp(opts->method, "gptq") == 0 ? find_moments(step, &plan->in, w, metrics, err) :
						   find_energy(step, &plan->in, w, metrics, err);
}

static struct fl_plan *
plan_matrices(const struct fl_config *in, const char *what, const struct fl_quant *q,
    const struct fl_metrics *metrics, const struct fl_quantize_opts *opts, struct fl_err *err)
{
	struct fl_plan *plan = fl_plan_new(in, what);

	plan->out.quant = *q;
	for (size_t i = 0; i < plan->inventory->n; i++)
		if (plan_matrix(plan, i, metrics, opts, err) < 0) {
			fl_plan_free(plan);
			return NULL;
		}
	return plan;
}

struct fl_plan *
fl_plan_quantize(const struct fl_config *in, const char *what, const struct fl_metrics *metrics,
    const struct fl_quantize_opts *opts, struct fl_err *err)
{
	bool measured = fl_quantize_measured(opts->method);
	struct fl_quant q;

	if (fl_bits_choose(in, what, opts->head, opts->embed, &q, err) < 0 ||
	    (measured && fl_metrics_check(metrics, in, opts->force, what, err) < 0))
		return NULL;
	return plan_matrices(in, what, &q, measured ? metrics : NULL, opts, err);
}
