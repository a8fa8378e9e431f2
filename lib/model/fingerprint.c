/* SPDX-License-Identifier: Apache-2.0 */
#include "model/fingerprint.h"

#include "base/num.h"
#include "base/str.h"
#include "model/roles.h"

/* What the first line leaves out of scaled RoPE: nothing of the kind llama3, and of the others the rest. */
static void
add_scaling(struct fl_str *s, const struct fl_config *c)
{
	const struct fl_rope *r = &c->rope;
	char attention[FL_NUM_LEN], fast[FL_NUM_LEN], slow[FL_NUM_LEN];

	if (r->kind != FL_ROPE_PLAIN && r->kind != FL_ROPE_LLAMA3)
		fl_str_printf(s, "%s %s %s %d %d\n", fl_num_format(attention, r->attention),
		    fl_num_format(fast, r->beta_fast), fl_num_format(slow, r->beta_slow), r->truncate, c->context);
}

char *
fl_config_fingerprint(const struct fl_config *c, char hex[FL_DIGEST_LEN])
{
	struct fl_inventory *inv = fl_inventory_new(c, "");
	struct fl_digest *d = fl_digest_new();
	struct fl_str s = { 0 };
	char eps[FL_NUM_LEN], theta[FL_NUM_LEN], factor[FL_NUM_LEN], low[FL_NUM_LEN], high[FL_NUM_LEN];
	char shape[FL_TENSOR_SHAPE_LEN];

	/* Heads and the rest of the sizes show in the shapes, except what is listed here. */
	fl_str_printf(&s, "%s %d %d %s %s %d %s %s %s %d %s %d\n", c->family->model_type, c->heads,
	    c->kv_heads, fl_num_format(eps, c->norm_eps), fl_num_format(theta, c->rope.theta),
	    c->rope.kind, fl_num_format(factor, c->rope.factor), fl_num_format(low, c->rope.low),
	    fl_num_format(high, c->rope.high), c->rope.original, c->pattern, c->window);
	add_scaling(&s, c);
	for (size_t i = 0; i < inv->n; i++) {
		const struct fl_tensor *t = &inv->weight[i].tensor;

		fl_str_printf(&s, "%s %s %s\n", t->name, fl_dtype_name(t->dtype),
		    fl_tensor_shape(t, shape));
	}
	fl_digest_add(d, s.data, s.len);
	fl_digest_hex(d, hex);
	fl_digest_free(d);
	fl_str_free(&s);
	fl_inventory_free(inv);
	return hex;
}
