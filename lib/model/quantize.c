/* SPDX-License-Identifier: Apache-2.0 */
#include "model/quantize.h"

static int
choose_bits(const struct fl_config *in, const char *what, int head, int embed, struct fl_quant *q,
    struct fl_err *err)
{
	if (in->tied && head >= 0 && embed >= 0 && head != embed)
		return fl_err_data(err,
		    "'%s': head and embedding are tied, one tensor cannot have %d and %d bits "
		    "(fl-prune --untie parts them)", what, head, embed);
	q->linear = 4;
	if (in->tied)
		q->head = q->embed = head >= 0 ? head : embed >= 0 ? embed : 4;
	else {
		q->head = head >= 0 ? head : 4;
		q->embed = embed >= 0 ? embed : 8;
	}
	return 0;
}

struct fl_plan *
fl_plan_quantize(const struct fl_config *in, const char *what, int head, int embed,
    struct fl_err *err)
{
	struct fl_plan *plan = NULL;
	struct fl_quant q;

	if (fl_quant_any(&in->quant)) {
		fl_err_data(err, "'%s' is quantized already", what);
		return NULL;
	}
	if (choose_bits(in, what, head, embed, &q, err) < 0)
		return NULL;
	plan = fl_plan_new(in, what);
	plan->out.quant = q;
	for (size_t i = 0; i < plan->inventory->n; i++) {
		const struct fl_weight *w = &plan->inventory->weight[i];
		uint64_t cols = fl_axis_size(in, fl_roles[w->role].cols);

		plan->step[i].bits = fl_role_bits(&plan->out, w->role);
		if (!plan->step[i].bits)
			continue;
		plan->step[i].kind = FL_STEP_QUANTIZE;
		if (cols % FL_MATRIX_GROUP) {
			fl_err_data(err, "'%s': the rows of '%s' are %llu long, no multiple of %d", what,
			    w->tensor.name, (unsigned long long)cols, FL_MATRIX_GROUP);
			fl_plan_free(plan);
			return NULL;
		}
	}
	return plan;
}
