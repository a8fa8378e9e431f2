/* SPDX-License-Identifier: Apache-2.0 */
#include "model/quant_config.h"

#include <string.h>

bool
fl_quant_any(const struct fl_quant *q)
{
	return q->linear || q->head || q->embed;
}

/* One of config_groups: what its targets are quantized to. */
static int
read_group(const struct fl_json *group, struct fl_quant *q, const char *what, struct fl_err *err)
{
	const struct fl_json *w = fl_json_get(group, "weights"), *targets = fl_json_get(group, "targets");
	const char *type = fl_json_str(fl_json_get(w, "type"));
	const char *strategy = fl_json_str(fl_json_get(w, "strategy"));
	int bits = (int)fl_json_int(fl_json_get(w, "num_bits"), 0);

	if ((bits != 4 && bits != 8) || !type || strcmp(type, "int") != 0 || !strategy ||
	    strcmp(strategy, "group") != 0 || !fl_json_bool(fl_json_get(w, "symmetric"), false) ||
	    fl_json_int(fl_json_get(w, "group_size"), 0) != FL_MATRIX_GROUP)
		return fl_err_data(err,
		    "'%s': only symmetric int4 or int8 weights in groups of %d are supported", what,
		    FL_MATRIX_GROUP);
	for (size_t i = 0; i < fl_json_len(targets); i++) {
		const char *t = fl_json_str(fl_json_at(targets, i));

		if (t && strcmp(t, "Linear") == 0)
			q->linear = bits;
		else if (t && strcmp(t, "lm_head") == 0)
			q->head = bits;
		else if (t && strcmp(t, "Embedding") == 0)
			q->embed = bits;
		else
			return fl_err_data(err, "'%s': quantization target '%s' is not supported",
			    what, t ? t : "(no string)");
	}
	return 0;
}

int
fl_quant_read(struct fl_quant *q, const struct fl_json *json, bool tied, const char *what,
    struct fl_err *err)
{
	const char *method = fl_json_str(fl_json_get(json, "quant_method"));
	const char *format = fl_json_str(fl_json_get(json, "format"));
	const struct fl_json *groups = fl_json_get(json, "config_groups"), *ignore = fl_json_get(json, "ignore");

	if (fl_json_type(json) == FL_JSON_NONE || fl_json_type(json) == FL_JSON_NULL)
		return 0;
	if (!method || strcmp(method, "compressed-tensors") != 0)
		return fl_err_data(err, "'%s': quantization by '%s' is not supported, only compressed-tensors",
		    what, method ? method : "(no quant_method)");
	if (fl_json_len(fl_json_get(json, "sparsity_config")) > 0)
		return fl_err_data(err, "'%s': 'sparsity_config' in config.json is not supported", what);
	if (!format || strcmp(format, "pack-quantized") != 0)
		return fl_err_data(err,
		    "'%s': compressed-tensors format '%s' is not supported, only pack-quantized", what,
		    format ? format : "(none)");
	for (void *it = fl_json_first(groups); it; it = fl_json_next(groups, it))
		if (read_group(fl_json_value(it), q, what, err) < 0)
			return -1;
	for (size_t i = 0; i < fl_json_len(ignore); i++) {
		const char *t = fl_json_str(fl_json_at(ignore, i));

		if (!t || strcmp(t, "lm_head") != 0)
			return fl_err_data(err, "'%s': ignoring '%s' in quantization is not supported", what,
			    t ? t : "(no string)");
	}
	if (tied)
		q->head = q->embed;
	else if (!q->head && fl_json_len(ignore) == 0)
		q->head = q->linear;
	return 0;
}

static struct fl_json *
new_group(const char *target, int bits)
{
	struct fl_json *group = fl_json_new_object(), *w = fl_json_new_object();
	struct fl_json *targets = fl_json_new_array();

	fl_json_push(targets, fl_json_new_str(target));
	fl_json_set(w, "num_bits", fl_json_new_int(bits));
	fl_json_set(w, "type", fl_json_new_str("int"));
	fl_json_set(w, "symmetric", fl_json_new_bool(true));
	fl_json_set(w, "strategy", fl_json_new_str("group"));
	fl_json_set(w, "group_size", fl_json_new_int(FL_MATRIX_GROUP));
	fl_json_set(w, "dynamic", fl_json_new_bool(false));
	fl_json_set(group, "targets", targets);
	fl_json_set(group, "weights", w);
	return group;
}

struct fl_json *
fl_quant_json(const struct fl_quant *q, bool tied)
{
	struct fl_json *json = fl_json_new_object(), *groups = fl_json_new_object();
	struct fl_json *ignore = fl_json_new_array();

	if (q->linear)
		fl_json_set(groups, "group_linear", new_group("Linear", q->linear));
	if (!tied && q->head && q->head != q->linear)
		fl_json_set(groups, "group_head", new_group("lm_head", q->head));
	if (q->embed)
		fl_json_set(groups, "group_embedding", new_group("Embedding", q->embed));
	if (!q->head)
		fl_json_push(ignore, fl_json_new_str("lm_head"));
	fl_json_set(json, "quant_method", fl_json_new_str("compressed-tensors"));
	fl_json_set(json, "format", fl_json_new_str("pack-quantized"));
	fl_json_set(json, "quantization_status", fl_json_new_str("compressed"));
	fl_json_set(json, "config_groups", groups);
	fl_json_set(json, "ignore", ignore);
	return json;
}
