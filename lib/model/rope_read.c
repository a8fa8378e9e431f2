/* SPDX-License-Identifier: Apache-2.0 */
/* rope_read.c -- reads RoPE in config.json, in either spelling; what is absent is what transformers takes for it. */
#include <math.h>
#include <string.h>

#include "compute/rope.h"
#include "model/config_impl.h"

static const char *const kinds[] = { [FL_ROPE_PLAIN] = "default", [FL_ROPE_LLAMA3] = "llama3",
	[FL_ROPE_LINEAR] = "linear", [FL_ROPE_DYNAMIC] = "dynamic", [FL_ROPE_YARN] = "yarn" };
enum { KINDS = sizeof kinds / sizeof *kinds };

const char *
fl_rope_name(enum fl_rope_kind kind)
{
	return kinds[kind];
}

static int
read_kind(const struct fl_reading *r, const struct fl_json *o, enum fl_rope_kind *kind)
{
	const struct fl_json *v = fl_json_get(o, "rope_type");
	const char *type;

	if (fl_field_is_off(v))
		v = fl_json_get(o, "type");
	*kind = FL_ROPE_PLAIN;
	if (fl_field_is_off(v))
		return 0;
	type = fl_json_str(v);
	if (!type)
		return fl_err_data(r->err, "'%s': the type of RoPE scaling in config.json is no string", r->what);
	for (size_t i = 0; i < KINDS; i++)
		if (strcmp(type, kinds[i]) == 0) {
			*kind = (enum fl_rope_kind)i;
			return 0;
		}
	return fl_err_data(r->err, "'%s': RoPE scaling '%s' is not supported", r->what, type);
}

/* A field outside of the object comes first; where there is none anywhere, it is the whole context. */
static int
read_original(const struct fl_reading *r, const struct fl_json *o, int context, int *original)
{
	static const char key[] = "original_max_position_embeddings";
	double x;

	if (fl_read_positive(r, fl_field_is_off(fl_json_get(r->json, key)) ? o : r->json, key, context, &x) < 0)
		return -1;
	if (x > 1 << 30 || x != floor(x))
		return fl_err_data(r->err, "'%s': '%s' in config.json must be an integer up to %d", r->what, key,
		    1 << 30);
	*original = (int)x;
	return 0;
}

static int
read_llama3(const struct fl_reading *r, const struct fl_json *o, struct fl_rope *rope)
{
	if (fl_read_positive(r, o, "low_freq_factor", -1, &rope->low) < 0 ||
	    fl_read_positive(r, o, "high_freq_factor", -1, &rope->high) < 0)
		return -1;
	if (rope->high <= rope->low)
		return fl_err_data(r->err, "'%s': the llama3 RoPE scaling is out of range", r->what);
	return 0;
}

/* Reads a positive number, where 0 counts as absent. */
static int
read_nonzero(const struct fl_reading *r, const struct fl_json *o, const char *key, double otherwise, double *out)
{
	if (fl_json_real(fl_json_get(o, key), 1) != 0)
		return fl_read_positive(r, o, key, otherwise, out);
	*out = otherwise;
	return 0;
}

/* Reads yarn's attention factor: it is stated, or follows from the factor, and from both mscale if they are given. */
static int
read_attention(const struct fl_reading *r, const struct fl_json *o, struct fl_rope *rope)
{
	double over, under, attention = fl_rope_mscale(rope->factor, 1);

	if (read_nonzero(r, o, "mscale", INFINITY, &over) < 0 ||
	    read_nonzero(r, o, "mscale_all_dim", INFINITY, &under) < 0)
		return -1;
	if (isfinite(over) && isfinite(under))
		attention = fl_rope_mscale(rope->factor, over) / fl_rope_mscale(rope->factor, under);
	return fl_read_positive(r, o, "attention_factor", isfinite(attention) ? attention : -1, &rope->attention);
}

static int
read_yarn(const struct fl_reading *r, const struct fl_json *o, struct fl_rope *rope)
{
	const struct fl_json *truncate = fl_json_get(o, "truncate");

	rope->truncate = fl_json_bool(truncate, fl_json_type(truncate) == FL_JSON_NONE);
	if (!rope->truncate && !fl_field_is_off(truncate))
		return fl_err_data(r->err, "'%s': 'truncate' in config.json must be true or false", r->what);
	if (rope->theta == 1)
		return fl_err_data(r->err, "'%s': 'rope_theta' 1 in config.json has no yarn RoPE scaling", r->what);
	if (read_nonzero(r, o, "beta_fast", 32, &rope->beta_fast) < 0 ||
	    read_nonzero(r, o, "beta_slow", 1, &rope->beta_slow) < 0)
		return -1;
	return read_attention(r, o, rope);
}

static int
read_scaling(const struct fl_reading *r, const struct fl_json *o, int context, struct fl_rope *rope)
{
	if (fl_read_positive(r, o, "factor", -1, &rope->factor) < 0)
		return -1;
	switch (rope->kind) {
	case FL_ROPE_LLAMA3: return read_original(r, o, context, &rope->original) < 0 ? -1 : read_llama3(r, o, rope);
	case FL_ROPE_YARN: return read_original(r, o, context, &rope->original) < 0 ? -1 : read_yarn(r, o, rope);
	case FL_ROPE_PLAIN:
	case FL_ROPE_LINEAR:
	case FL_ROPE_DYNAMIC: break;
	}
	return 0;
}

/* Reads everything about RoPE in one object, in either spelling, but for rope->theta, which has been read. What scales
 * by 1 is plain, except that dynamic scaling by 1 follows the length. */
static int
read_object(const struct fl_reading *r, const struct fl_json *o, int context, struct fl_rope *rope)
{
	rope->attention = 1;
	if (read_kind(r, o, &rope->kind) < 0 ||
	    (rope->kind != FL_ROPE_PLAIN && read_scaling(r, o, context, rope) < 0))
		return -1;
	if (rope->kind != FL_ROPE_DYNAMIC && rope->factor == 1 && rope->attention == 1)
		*rope = (struct fl_rope){ .theta = rope->theta, .attention = 1 };
	return 0;
}

static int
check_keys(const struct fl_reading *r, const struct fl_json *o, const struct fl_config *c)
{
	static const char *const keys[] = { "rope_theta", "rope_type", "type", "factor", "low_freq_factor",
		"high_freq_factor", "original_max_position_embeddings", "attention_factor", "beta_fast", "beta_slow",
		"mscale", "mscale_all_dim", "truncate", "finetuned", NULL };

	if (!fl_field_is_off(o) && fl_json_type(o) != FL_JSON_OBJECT)
		return fl_err_data(r->err, "'%s': the RoPE scaling in config.json is no object", r->what);
	for (void *it = fl_json_first(o); it; it = fl_json_next(o, it)) {
		const char *key = fl_json_key(it);

		if (!fl_field_is_listed(key, keys) && !fl_field_is_inert(key, fl_json_value(it), c))
			return fl_err_data(r->err, "'%s': the RoPE parameter '%s' in config.json is not supported",
			    r->what, key);
	}
	return 0;
}

static bool
same_rope(const struct fl_rope *a, const struct fl_rope *b)
{
	return a->kind == b->kind && a->factor == b->factor && a->low == b->low && a->high == b->high &&
	    a->original == b->original && a->attention == b->attention && a->beta_fast == b->beta_fast &&
	    a->beta_slow == b->beta_slow && a->truncate == b->truncate;
}

int
fl_rope_read(const struct fl_reading *r, struct fl_config *c)
{
	const struct fl_json *outer = fl_json_get(r->json, "rope_theta");
	const struct fl_json *scaling = fl_json_get(r->json, "rope_scaling");
	const struct fl_json *params = fl_json_get(r->json, "rope_parameters");
	struct fl_rope older = { 0 }, newer = { 0 };
	double theta;

	if (check_keys(r, scaling, c) < 0 || check_keys(r, params, c) < 0 ||
	    fl_read_positive(r, r->json, "rope_theta", 10000, &theta) < 0 ||
	    fl_read_positive(r, scaling, "rope_theta", theta, &older.theta) < 0 ||
	    fl_read_positive(r, params, "rope_theta", older.theta, &newer.theta) < 0)
		return -1;
	if (read_object(r, scaling, c->context, &older) < 0 || read_object(r, params, c->context, &newer) < 0)
		return -1;
	if ((!fl_field_is_off(outer) && theta != newer.theta) ||
	    (!fl_field_is_off(fl_json_get(scaling, "rope_theta")) && older.theta != newer.theta) ||
	    (!fl_field_is_off(scaling) && !fl_field_is_off(params) && !same_rope(&older, &newer)))
		return fl_err_data(r->err,
		    "'%s': rope_theta, rope_scaling and rope_parameters in config.json disagree", r->what);
	c->rope = fl_field_is_off(params) ? older : newer;
	return 0;
}
