/* SPDX-License-Identifier: Apache-2.0 */
#include "model/bits.h"

#include "model/roles.h"

/* The first matrix whose rows cannot be cut into groups, as they are stored and into those of FL_MATRIX_GROUP, of which
 * a larger one is several; in its names nothing is quantized yet. */
static int
check_rows(const struct fl_config *in, const struct fl_config *out, const char *what, struct fl_err *err)
{
	struct fl_inventory *inv = fl_inventory_new(in, what);
	int bad = 0;

	for (size_t i = 0; i < inv->n && !bad; i++) {
		const struct fl_weight *w = &inv->weight[i];
		uint64_t cols = fl_axis_size(in, fl_roles[w->role].cols);
		uint64_t group = cols % FL_MATRIX_GROUP ? FL_MATRIX_GROUP : fl_weight_group(out, w->role);

		if (fl_weight_bits(out, w->role, w->layer) && cols % group)
			bad = fl_err_data(err, "'%s': the rows of '%s' are %llu long, no multiple of %llu", what,
			    w->tensor.name, (unsigned long long)cols, (unsigned long long)group);
	}
	fl_inventory_free(inv);
	return bad;
}

int
fl_bits_choose(const struct fl_config *in, const char *what, int head, int embed, struct fl_quant *q,
    struct fl_err *err)
{
	struct fl_config out = *in;

	if (fl_quant_any(&in->quant))
		return fl_err_data(err, "'%s' is quantized already", what);
	if (in->tied && head >= 0 && embed >= 0 && head != embed)
		return fl_err_data(err,
		    "'%s': head and embedding are tied, one tensor cannot have %d and %d bits "
		    "(fl-prune --untie parts them)", what, head, embed);
	*q = (struct fl_quant){ .linear = 4 };
	if (in->tied)
		q->head = q->embed = head >= 0 ? head : embed >= 0 ? embed : 8;
	else {
		q->head = head >= 0 ? head : 4;
		q->embed = embed >= 0 ? embed : 8;
	}
	out.quant = *q;
	return check_rows(in, &out, what, err);
}

int
fl_bits_check(const struct fl_config *c, const char *what, struct fl_err *err)
{
	struct fl_config plain = *c;

	plain.quant = (struct fl_quant){ 0 };
	return fl_quant_any(&c->quant) ? check_rows(&plain, c, what, err) : 0;
}
