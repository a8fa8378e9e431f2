/* SPDX-License-Identifier: Apache-2.0 */
/* Reading and writing quantization_config. */
#include "model/quant_config.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/regex.h"
#include "base/str.h"
#include "model/config_impl.h"
#include "model/roles.h"

bool
fl_quant_any(const struct fl_quant *q)
{
	return q->linear || q->head || q->embed;
}

bool
fl_quant_mixed(const struct fl_quant *q)
{
	static const unsigned char none[sizeof q->own];

	return memcmp(q->own, none, sizeof none) != 0;
}

/* What becomes of the modules that a target names. */
struct rule {
	const char *target;
	struct fl_regex *regex; /* of a target "re:..."; else NULL */
	int bits, group;	/* 0 where the modules are ignored */
};

struct rules {
	struct rule *v;
	size_t n, cap;
};

struct reading {
	const char *what;
	struct fl_err *err;
	struct rules targets, ignored;
};

static int
unsupported(const struct reading *r, const char *key)
{
	return fl_err_data(r->err, "'%s': '%s' in config.json is not supported", r->what, key);
}

static int
unsupported_weights(const struct reading *r, const char *key)
{
	return fl_err_data(r->err,
	    "'%s': '%s' in config.json is not supported, only symmetric int4 or int8 weights in groups or rows",
	    r->what, key);
}

/* True if the field says how something is quantized, which an object with nothing in it does too: in 8 bits. */
static bool
is_scheme(const char *key, const struct fl_json *v)
{
	return fl_json_type(v) == FL_JSON_OBJECT && (fl_str_ends(key, "_activations") || fl_str_ends(key, "_scheme"));
}

/* Refuses a field that is on and not among these, which end with NULL. */
static int
check_keys(const struct reading *r, const struct fl_json *o, const char *const *known)
{
	for (void *it = fl_json_first(o); it; it = fl_json_next(o, it)) {
		const char *key = fl_json_key(it);
		const struct fl_json *v = fl_json_value(it);

		if (!fl_field_is_listed(key, known) && (!fl_field_is_off(v) || is_scheme(key, v)))
			return unsupported(r, key);
	}
	return 0;
}

static bool
is_word(const struct fl_json *v, const char *word)
{
	return fl_json_str(v) && strcmp(fl_json_str(v), word) == 0;
}

static int
add_rules(const struct reading *r, struct rules *rules, const struct fl_json *targets, const struct rule *as)
{
	for (size_t i = 0; i < fl_json_len(targets); i++) {
		struct rule new = *as;

		new.target = fl_json_str(fl_json_at(targets, i));
		if (!new.target)
			return fl_err_data(r->err, "'%s': a target of quantization in config.json is no string",
			    r->what);
		if (fl_str_begins(new.target, "re:") && !(new.regex = fl_regex_new(new.target + 3, r->err)))
			return fl_err_prefix(r->err, "'%s': quantization_config", r->what);
		rules->v = fl_grow(rules->v, &rules->cap, rules->n + 1, sizeof *rules->v);
		rules->v[rules->n++] = new;
	}
	return 0;
}

static void
free_rules(struct rules *rules)
{
	for (size_t i = 0; i < rules->n; i++)
		fl_regex_free(rules->v[i].regex);
	free(rules->v);
}

static int
read_group_size(const struct reading *r, const struct fl_json *w, int *group)
{
	const struct fl_json *strategy = fl_json_get(w, "strategy");
	long long size = fl_json_int(fl_json_get(w, "group_size"), 0);
	bool none = fl_field_is_off(strategy);

	if ((none && size == -1) || (is_word(strategy, "channel") && (size == -1 || size == 0))) {
		*group = FL_QUANT_ROW;
		return 0;
	}
	if (!none && !is_word(strategy, "group"))
		return unsupported_weights(r, "strategy");
	if (size <= 0 || size > 1 << 24 || size % FL_MATRIX_GROUP)
		return fl_err_data(r->err, "'%s': 'group_size' in config.json must be a multiple of %d", r->what,
		    FL_MATRIX_GROUP);
	*group = (int)size;
	return 0;
}

/* The order of columns that weights were rounded in (actorder) shows in the file only where it is not "weight". */
static int
read_weights(const struct reading *r, const struct fl_json *w, struct rule *rule)
{
	static const char *const known[] = { "actorder", "group_size", "num_bits", "observer", "observer_kwargs",
		"scale_dtype", "strategy", "symmetric", "type", "zp_dtype", NULL };
	const struct fl_json *order = fl_json_get(w, "actorder");
	long long bits = fl_json_int(fl_json_get(w, "num_bits"), 0);

	if (fl_field_is_off(w))
		return unsupported(r, "weights");
	if (bits != 4 && bits != 8)
		return unsupported_weights(r, "num_bits");
	rule->bits = (int)bits;
	if (!is_word(fl_json_get(w, "type"), "int"))
		return unsupported_weights(r, "type");
	if (!fl_json_bool(fl_json_get(w, "symmetric"), false))
		return unsupported_weights(r, "symmetric");
	if (!fl_field_is_off(order) && !is_word(order, "weight") && !is_word(order, "static"))
		return unsupported(r, "actorder");
	return check_keys(r, w, known) < 0 ? -1 : read_group_size(r, w, &rule->group);
}

/* One of config_groups: what its targets are quantized to. */
static int
read_group(struct reading *r, const struct fl_json *group)
{
	static const char *const known[] = { "format", "targets", "weights", NULL };
	const struct fl_json *format = fl_json_get(group, "format");
	struct rule rule = { 0 };

	if (check_keys(r, group, known) < 0 || read_weights(r, fl_json_get(group, "weights"), &rule) < 0)
		return -1;
	if (!fl_field_is_off(format) && !is_word(format, "pack-quantized"))
		return unsupported(r, "format");
	return add_rules(r, &r->targets, fl_json_get(group, "targets"), &rule);
}

static int
read_rules(struct reading *r, const struct fl_json *json)
{
	static const char *const known[] = { "config_groups", "dequantize", "format", "global_compression_ratio",
		"ignore", "quant_method", "quantization_status", "run_compressed", "sparsity_config",
		"use_optimized_inference", "version", NULL };
	const struct fl_json *sparse = fl_json_get(json, "sparsity_config");
	const struct fl_json *groups = fl_json_get(json, "config_groups");
	const char *format = fl_json_str(fl_json_get(json, "format"));

	if (check_keys(r, json, known) < 0)
		return -1;
	if (!fl_field_is_off(sparse) && !is_word(fl_json_get(sparse, "format"), "dense"))
		return unsupported(r, "sparsity_config");
	if (!format || strcmp(format, "pack-quantized") != 0)
		return fl_err_data(r->err, "'%s': compressed-tensors format '%s' is not supported, only pack-quantized",
		    r->what, format ? format : "(none)");
	for (void *it = fl_json_first(groups); it; it = fl_json_next(groups, it))
		if (read_group(r, fl_json_value(it)) < 0)
			return -1;
	return add_rules(r, &r->ignored, fl_json_get(json, "ignore"), &(struct rule){ 0 });
}

/* How closely a rule fits a module: 0 by name, 1 by pattern, 2 by class, 3 not at all. */
static int
distance(const struct rule *r, const char *module, const char *class)
{
	if (r->regex ? fl_regex_begins(r->regex, module) : strcmp(r->target, module) == 0)
		return r->regex != NULL;
	return strcmp(r->target, class) == 0 || strcmp(r->target, "Module") == 0 ? 2 : 3;
}

/* The closest, of those the first in the alphabet, of the same target the last; NULL: none. */
static const struct rule *
find_rule(const struct rules *rules, const char *module, const char *class)
{
	const struct rule *best = NULL;
	int least = 3;

	for (size_t i = 0; i < rules->n; i++) {
		const struct rule *r = &rules->v[i];
		int d = distance(r, module, class);

		if (d == 3 || d > least || (d == least && strcmp(r->target, best->target) > 0))
			continue;
		least = d;
		best = r;
	}
	return best;
}

/* Bits of a matrix; its group must be *group, if that is known. */
static int
find_bits(const struct reading *r, enum fl_role role, int layer, int *group, int *bits)
{
	char *module = fl_weight_name(role, layer, FL_PART_WEIGHT);
	const char *class = role == FL_EMBED ? "Embedding" : "Linear";
	const struct rule *rule;
	int bad = 0;

	*strrchr(module, '.') = '\0';
	rule = find_rule(&r->ignored, module, class) ? NULL : find_rule(&r->targets, module, class);
	*bits = rule ? rule->bits : 0;
	if (rule && *group == 0)
		*group = rule->group;
	if (rule && *group != rule->group)
		bad = fl_err_data(r->err,
		    "'%s': 'group_size' in config.json has two values, and '%s' is not like others", r->what, module);
	free(module);
	return bad;
}

static int
apply(const struct reading *r, struct fl_quant *q, int layers)
{
	int bits;

	if (find_bits(r, FL_EMBED, -1, &q->embed_group, &q->embed) < 0 ||
	    find_bits(r, FL_HEAD, -1, &q->head_group, &q->head) < 0)
		return -1;
	for (int l = 0; l < layers; l++)
		for (int i = 0; i < FL_QUANT_LINEARS; i++) {
			if (find_bits(r, fl_linear_roles[i], l, &q->linear_group, &bits) < 0)
				return -1;
			q->own[l][i] = (unsigned char)(bits + 1);
			q->linear = q->linear ? q->linear : bits;
		}
	for (int l = 0; l < layers; l++)
		for (int i = 0; i < FL_QUANT_LINEARS; i++)
			if (q->own[l][i] == q->linear + 1)
				q->own[l][i] = 0;
	return 0;
}

/* The one way to say that a group is as always. */
static void
shorten(int *group)
{
	if (*group == FL_MATRIX_GROUP)
		*group = 0;
}

int
fl_quant_read(struct fl_quant *q, const struct fl_json *json, bool tied, int layers, const char *what,
    struct fl_err *err)
{
	const char *method = fl_json_str(fl_json_get(json, "quant_method"));
	struct reading r = { .what = what, .err = err };
	int bad;

	if (fl_field_is_off(json))
		return 0;
	if (!method || strcmp(method, "compressed-tensors") != 0)
		return fl_err_data(err, "'%s': quantization by '%s' is not supported, only compressed-tensors",
		    what, method ? method : "(no quant_method)");
	bad = read_rules(&r, json) < 0 ? -1 : apply(&r, q, layers);
	if (tied) {
		q->head = q->embed;
		q->head_group = q->embed_group;
	}
	shorten(&q->linear_group);
	shorten(&q->head_group);
	shorten(&q->embed_group);
	free_rules(&r.targets);
	free_rules(&r.ignored);
	return bad;
}

static struct fl_json *
new_group(const char *target, int bits, int group_size)
{
	struct fl_json *group = fl_json_new_object(), *w = fl_json_new_object();
	struct fl_json *targets = fl_json_new_array();

	fl_json_push(targets, fl_json_new_str(target));
	fl_json_set(w, "num_bits", fl_json_new_int(bits));
	fl_json_set(w, "type", fl_json_new_str("int"));
	fl_json_set(w, "symmetric", fl_json_new_bool(true));
	fl_json_set(w, "strategy", fl_json_new_str(group_size == FL_QUANT_ROW ? "channel" : "group"));
	if (group_size != FL_QUANT_ROW)
		fl_json_set(w, "group_size", fl_json_new_int(group_size ? group_size : FL_MATRIX_GROUP));
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
		fl_json_set(groups, "group_linear", new_group("Linear", q->linear, q->linear_group));
	if (!tied && q->head && q->head != q->linear)
		fl_json_set(groups, "group_head", new_group("lm_head", q->head, q->head_group));
	if (q->embed)
		fl_json_set(groups, "group_embedding", new_group("Embedding", q->embed, q->embed_group));
	if (!q->head)
		fl_json_push(ignore, fl_json_new_str("lm_head"));
	fl_json_set(json, "quant_method", fl_json_new_str("compressed-tensors"));
	fl_json_set(json, "format", fl_json_new_str("pack-quantized"));
	fl_json_set(json, "quantization_status", fl_json_new_str("compressed"));
	fl_json_set(json, "config_groups", groups);
	fl_json_set(json, "ignore", ignore);
	return json;
}

void
fl_quant_ignore(struct fl_json *config, const char *module)
{
	struct fl_json *quant = fl_json_get(config, "quantization_config");

	if (fl_json_type(fl_json_get(quant, "ignore")) != FL_JSON_ARRAY)
		fl_json_set(quant, "ignore", fl_json_new_array());
	fl_json_push(fl_json_get(quant, "ignore"), fl_json_new_str(module));
}
