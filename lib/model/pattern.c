/* SPDX-License-Identifier: Apache-2.0 */
#include "model/pattern.h"

#include <string.h>

#include "model/score.h"

static int
check_pattern(const struct fl_config *in, const char *what, const struct fl_arch *target,
    struct fl_err *err)
{
	if (in->width != target->width || in->ffn != target->ffn)
		return fl_err_data(err, "'%s': the architecture has width %d and ffn %d, the model %d and %d", what,
		    target->width, target->ffn, in->width, in->ffn);
	if (in->layers != target->layers)
		return fl_err_data(err, "'%s': the architecture has %d letters, the model %d layers", what, target->layers,
		    in->layers);
	for (int l = 0; l < in->layers; l++)
		if (in->pattern[l] == 's' && target->pattern[l] != 's')
			return fl_err_data(err, "'%s': layer %d has no attention and cannot become '%c'",
			    what, l, target->pattern[l]);
	return 0;
}

int
fl_pattern_best(const struct fl_config *in, const struct fl_metrics *metrics, int n, struct fl_arch *out,
    struct fl_err *err)
{
	bool gone[FL_ARCH_LAYERS] = { 0 };

	if (fl_score_drops(metrics, FL_ATTN_DROP_LOSS, n, "--best", gone, err) < 0)
		return -1;
	fl_config_arch(in, out);
	for (int l = 0; l < in->layers; l++)
		if (gone[l])
			out->pattern[l] = 's';
	return 0;
}

static int
check_repair(const struct fl_config *in, const char *what, const struct fl_metrics *m, struct fl_err *err)
{
	if (fl_quant_any(&in->quant))
		return fl_err_data(err, "'%s' is quantized; repair first, then quantize", what);
	if (fl_metrics_need_moment(m, FL_FFN_MOMENT, "--repair", err) < 0)
		return -1;
	return fl_metrics_need_moment(m, FL_ATTN_ACROSS, "--repair", err);
}

/* Is there a layer l that has attention and will not? */
static bool
loses(const struct fl_config *in, const struct fl_arch *target, int l)
{
	return l < in->layers && in->pattern[l] != 's' && target->pattern[l] == 's';
}

struct fl_plan *
fl_plan_pattern(const struct fl_config *in, const char *what, const struct fl_arch *target,
    int window, const struct fl_metrics *repair, struct fl_err *err)
{
	struct fl_plan *plan;

	if (check_pattern(in, what, target, err) < 0 || (repair && check_repair(in, what, repair, err) < 0))
		return NULL;
	plan = fl_plan_new(in, what);
	memcpy(plan->out.pattern, target->pattern, (size_t)in->layers);
	plan->out.window = !fl_config_has(&plan->out, 'w') ? 0 :
	    window					   ? window :
	    in->window					   ? in->window :
							     FL_WINDOW;
	for (size_t i = 0; i < plan->inventory->n; i++) {
		const struct fl_weight *w = &plan->inventory->weight[i];

		if (fl_roles[w->role].attention && target->pattern[w->layer] == 's')
			plan->step[i].kind = FL_STEP_DROP;
		if (repair && w->role == FL_DOWN && loses(in, target, w->layer + 1)) {
			plan->step[i].moments = &repair->moment[FL_FFN_MOMENT];
			plan->step[i].site = (size_t)w->layer;
			plan->step[i].mend =
			    (struct fl_mend){ &repair->moment[FL_ATTN_ACROSS], (size_t)w->layer + 1, 1 };
		}
	}
	return plan;
}
