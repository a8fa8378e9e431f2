/* SPDX-License-Identifier: Apache-2.0 */
#include "model/roles.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/str.h"

const struct fl_role_info fl_roles[FL_ROLES] = {
	[FL_EMBED] = { "model.embed_tokens", FL_AXIS_VOCAB, FL_AXIS_WIDTH, false, false, false },
	[FL_ATTN_NORM] = { "input_layernorm", FL_AXIS_NONE, FL_AXIS_WIDTH, true, true, false },
	[FL_Q] = { "self_attn.q_proj", FL_AXIS_Q, FL_AXIS_WIDTH, true, true, false },
	[FL_Q_BIAS] = { "self_attn.q_proj", FL_AXIS_NONE, FL_AXIS_Q, true, true, true },
	[FL_K] = { "self_attn.k_proj", FL_AXIS_KV, FL_AXIS_WIDTH, true, true, false },
	[FL_K_BIAS] = { "self_attn.k_proj", FL_AXIS_NONE, FL_AXIS_KV, true, true, true },
	[FL_V] = { "self_attn.v_proj", FL_AXIS_KV, FL_AXIS_WIDTH, true, true, false },
	[FL_V_BIAS] = { "self_attn.v_proj", FL_AXIS_NONE, FL_AXIS_KV, true, true, true },
	[FL_O] = { "self_attn.o_proj", FL_AXIS_WIDTH, FL_AXIS_Q, true, true, false },
	[FL_O_BIAS] = { "self_attn.o_proj", FL_AXIS_NONE, FL_AXIS_WIDTH, true, true, true },
	[FL_Q_NORM] = { "self_attn.q_norm", FL_AXIS_NONE, FL_AXIS_HEAD_DIM, true, true, false },
	[FL_K_NORM] = { "self_attn.k_norm", FL_AXIS_NONE, FL_AXIS_HEAD_DIM, true, true, false },
	[FL_FFN_NORM] = { "post_attention_layernorm", FL_AXIS_NONE, FL_AXIS_WIDTH, true, false, false },
	[FL_GATE] = { "mlp.gate_proj", FL_AXIS_FFN, FL_AXIS_WIDTH, true, false, false },
	[FL_UP] = { "mlp.up_proj", FL_AXIS_FFN, FL_AXIS_WIDTH, true, false, false },
	[FL_DOWN] = { "mlp.down_proj", FL_AXIS_WIDTH, FL_AXIS_FFN, true, false, false },
	[FL_FINAL_NORM] = { "model.norm", FL_AXIS_NONE, FL_AXIS_WIDTH, false, false, false },
	[FL_HEAD] = { "lm_head", FL_AXIS_VOCAB, FL_AXIS_WIDTH, false, false, false },
};

const enum fl_role fl_linear_roles[FL_QUANT_LINEARS] = { FL_Q, FL_K, FL_V, FL_O, FL_GATE, FL_UP, FL_DOWN };

static const char *const part_names[] = { "weight", "weight_packed", "weight_scale", "weight_shape" };

int
fl_weight_site(const struct fl_config *c, const struct fl_weight *w)
{
	bool ffn = w->role == FL_FFN_NORM || w->role == FL_GATE || w->role == FL_UP;

	return 2 * (w->layer < 0 ? c->layers : w->layer) + ffn;
}

uint64_t
fl_axis_size(const struct fl_config *c, enum fl_axis axis)
{
	switch (axis) {
	case FL_AXIS_NONE: return 1;
	case FL_AXIS_WIDTH: return (uint64_t)c->width;
	case FL_AXIS_FFN: return (uint64_t)c->ffn;
	case FL_AXIS_Q: return (uint64_t)c->heads * (uint64_t)c->head_dim;
	case FL_AXIS_KV: return (uint64_t)c->kv_heads * (uint64_t)c->head_dim;
	case FL_AXIS_HEAD_DIM: return (uint64_t)c->head_dim;
	case FL_AXIS_VOCAB: return (uint64_t)c->vocab;
	}
	fl_bug("axis %d", axis);
}

bool
fl_role_is_matrix(enum fl_role role)
{
	return fl_roles[role].rows != FL_AXIS_NONE;
}

bool
fl_role_is_norm(enum fl_role role)
{
	return !fl_role_is_matrix(role) && !fl_roles[role].bias;
}

int
fl_weight_bits(const struct fl_config *c, enum fl_role role, int layer)
{
	int i = 0;

	if (!fl_role_is_matrix(role))
		return 0;
	if (role == FL_EMBED || role == FL_HEAD)
		return role == FL_EMBED ? c->quant.embed : c->quant.head;
	while (fl_linear_roles[i] != role)
		i++;
	return c->quant.own[layer][i] ? c->quant.own[layer][i] - 1 : c->quant.linear;
}

uint64_t
fl_weight_group(const struct fl_config *c, enum fl_role role)
{
	const struct fl_quant *q = &c->quant;
	int group = role == FL_EMBED ? q->embed_group : role == FL_HEAD ? q->head_group : q->linear_group;

	return group == FL_QUANT_ROW ? fl_axis_size(c, fl_roles[role].cols) : group ? (uint64_t)group : FL_MATRIX_GROUP;
}

char *
fl_weight_name(enum fl_role role, int layer, enum fl_part part)
{
	struct fl_str name = { 0 };

	if (fl_roles[role].layer)
		fl_str_printf(&name, "model.layers.%d.", layer);
	fl_str_printf(&name, "%s.%s", fl_roles[role].name,
	    fl_roles[role].bias ? "bias" : part_names[part]);
	return fl_str_steal(&name);
}

static bool
is_present(const struct fl_config *c, enum fl_role role, int layer)
{
	if (fl_roles[role].attention && c->pattern[layer] == 's')
		return false;
	switch (role) {
	case FL_HEAD: return !c->tied;
	case FL_Q_NORM:
	case FL_K_NORM: return c->family->qk_norm;
	case FL_Q_BIAS:
	case FL_K_BIAS:
	case FL_V_BIAS: return c->qkv_bias;
	case FL_O_BIAS: return c->o_bias;
	default: return true;
	}
}

/* The shape and type of one part of a weight. */
static void
fill(const struct fl_config *c, struct fl_weight *w, char *name)
{
	const struct fl_role_info *info = &fl_roles[w->role];
	uint64_t rows = fl_axis_size(c, info->rows), cols = fl_axis_size(c, info->cols);
	uint64_t bits = (uint64_t)fl_weight_bits(c, w->role, w->layer), shape[2] = { rows, cols };
	enum fl_dtype dtype = c->dtype;
	int ndim = 2;

	if (info->rows == FL_AXIS_NONE) {
		shape[0] = cols;
		ndim = 1;
	} else if (w->part == FL_PART_PACKED) {
		shape[1] = (cols * bits + 31) / 32;
		dtype = FL_I32;
	} else if (w->part == FL_PART_SCALE) {
		shape[1] = cols / fl_weight_group(c, w->role);
		dtype = FL_BF16;
	} else if (w->part == FL_PART_SHAPE) {
		shape[0] = 2;
		ndim = 1;
		dtype = FL_I64;
	}
	if (fl_tensor_init(&w->tensor, name, dtype, ndim, shape) < 0)
		fl_bug("'%s' has a shape out of range", name);
}

static void
add(struct fl_inventory *inv, size_t *cap, const struct fl_config *c, enum fl_role role, int layer)
{
	bool quantized = fl_weight_bits(c, role, layer) > 0;
	enum fl_part first = quantized ? FL_PART_PACKED : FL_PART_WEIGHT;
	enum fl_part last = quantized ? FL_PART_SHAPE : FL_PART_WEIGHT;

	if (!is_present(c, role, layer))
		return;
	for (enum fl_part part = first; part <= last; part++) {
		struct fl_weight *w;

		inv->weight = fl_grow(inv->weight, cap, inv->n + 1, sizeof *inv->weight);
		w = &inv->weight[inv->n++];
		*w = (struct fl_weight){ .role = role, .part = part, .layer = layer };
		fill(c, w, fl_weight_name(role, layer, part));
	}
}

static int
by_name(const void *a, const void *b)
{
	const struct fl_weight *const *x = a, *const *y = b;

	return strcmp((*x)->tensor.name, (*y)->tensor.name);
}

struct fl_inventory *
fl_inventory_new(const struct fl_config *c, const char *what)
{
	struct fl_inventory *inv = fl_alloc(1, sizeof *inv);
	const struct fl_weight **sorted;
	size_t cap = 0;

	add(inv, &cap, c, FL_EMBED, -1);
	for (int layer = 0; layer < c->layers; layer++)
		for (enum fl_role role = FL_ATTN_NORM; role <= FL_DOWN; role++)
			add(inv, &cap, c, role, layer);
	add(inv, &cap, c, FL_FINAL_NORM, -1);
	add(inv, &cap, c, FL_HEAD, -1);
	inv->seen = fl_alloc(inv->n, sizeof *inv->seen);
	inv->what = fl_strdup(what);
	inv->lookup = sorted = fl_alloc(inv->n, sizeof *sorted);
	for (size_t i = 0; i < inv->n; i++)
		sorted[i] = &inv->weight[i];
	qsort(sorted, inv->n, sizeof *sorted, by_name);
	return inv;
}

void
fl_inventory_free(struct fl_inventory *inv)
{
	if (!inv)
		return;
	for (size_t i = 0; i < inv->n; i++)
		free((char *)inv->weight[i].tensor.name);
	free(inv->weight);
	free(inv->seen);
	free(inv->left);
	free(inv->what);
	free(inv->lookup);
	free(inv);
}

static size_t
find(const struct fl_inventory *inv, const char *name)
{
	const struct fl_weight key = { .tensor.name = name }, *k = &key;
	const struct fl_weight **hit =
	    bsearch(&k, inv->lookup, inv->n, sizeof(struct fl_weight *), by_name);

	return hit ? (size_t)(*hit - inv->weight) : inv->n;
}

size_t
fl_inventory_find(const struct fl_inventory *inv, const char *name)
{
	struct fl_str whole = { 0 };
	size_t i = find(inv, name);

	if (i == inv->n) {
		fl_str_printf(&whole, "model.%s", name);
		i = find(inv, whole.data);
		fl_str_free(&whole);
	}
	return i;
}

/* Leaves out what is no part of the model and changes nothing: stored RoPE frequencies, and where the embedding is the
 * head, a copy of it. */
static bool
leave_out(struct fl_inventory *inv, const char *name)
{
	bool head = strcmp(name, "lm_head.weight") == 0 && inv->weight[inv->n - 1].role != FL_HEAD;

	if (!head && !fl_str_ends(name, ".rotary_emb.inv_freq"))
		return false;
	inv->copy |= head;
	if (inv->lefts++ == 0)
		inv->left = fl_strdup(name);
	return true;
}

static bool
same_shape(const struct fl_tensor *a, const struct fl_tensor *b)
{
	return a->ndim == b->ndim && memcmp(a->shape, b->shape, (size_t)a->ndim * sizeof *a->shape) == 0;
}

static bool
right_type(const struct fl_weight *w, enum fl_dtype t)
{
	return w->part == FL_PART_WEIGHT ? fl_dtype_is_weight(t) : t == w->tensor.dtype;
}

int
fl_inventory_tick(struct fl_inventory *inv, const struct fl_tensor *t, size_t *index,
    struct fl_err *err)
{
	size_t i = fl_inventory_find(inv, t->name);
	char got[FL_TENSOR_SHAPE_LEN], want[FL_TENSOR_SHAPE_LEN];

	if (i == inv->n && leave_out(inv, t->name))
		return 0;
	if (i == inv->n)
		return fl_err_data(err, "'%s': tensor '%s' does not belong to this model", inv->what,
		    t->name);
	if (inv->seen[i])
		return fl_err_data(err, "'%s': tensor '%s' comes twice", inv->what, t->name);
	if (!same_shape(t, &inv->weight[i].tensor))
		return fl_err_data(err, "'%s': tensor '%s' is %s where config.json implies %s", inv->what,
		    t->name, fl_tensor_shape(t, got), fl_tensor_shape(&inv->weight[i].tensor, want));
	if (!right_type(&inv->weight[i], t->dtype))
		return fl_err_data(err, "'%s': tensor '%s' is stored as %s, which is not supported",
		    inv->what, t->name, fl_dtype_name(t->dtype));
	inv->seen[i] = true;
	*index = i;
	return 1;
}

int
fl_inventory_done(const struct fl_inventory *inv, const struct fl_reader *r, struct fl_err *err)
{
	struct fl_str more = { 0 };

	for (size_t i = 0; i < inv->n; i++)
		if (!inv->seen[i])
			return fl_err_data(err, "'%s': tensor '%s' is missing", inv->what,
			    inv->weight[i].tensor.name);
	if (inv->copy && !fl_reader_head_is_copy(r))
		return fl_err_data(err, "'%s': 'lm_head.weight' differs from the embedding, to which config.json ties it with "
		    "'tie_word_embeddings'", inv->what);
	if (inv->lefts > 1)
		fl_str_printf(&more, " and %zu more tensors are", inv->lefts - 1);
	if (inv->lefts)
		fl_warn("'%s': '%s'%s not part of this model and left out", inv->what, inv->left, more.data ? more.data : " is");
	fl_str_free(&more);
	return 0;
}

uint64_t
fl_config_parameters(const struct fl_config *c)
{
	struct fl_inventory *inv = fl_inventory_new(c, "");
	uint64_t sum = 0;

	for (size_t i = 0; i < inv->n; i++) {
		const struct fl_weight *w = &inv->weight[i];

		if (w->part == FL_PART_WEIGHT || w->part == FL_PART_PACKED)
			sum += fl_axis_size(c, fl_roles[w->role].rows) *
			    fl_axis_size(c, fl_roles[w->role].cols);
	}
	fl_inventory_free(inv);
	return sum;
}
