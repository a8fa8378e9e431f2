/* SPDX-License-Identifier: Apache-2.0 */
/* An ONNX model is a protocol buffer, see onnx.proto. It is held as the structs that protoc-c makes, all of
 * them in one arena. */
#include "export/onnx.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/cli.h"
#include "base/err.h"
#include "export/onnx.pb-c.h"

enum { IR_VERSION = 10, EXTERNAL = 1, FLOAT = 1, INT = 2 /* attributes' */, ENTRIES = 3 };

struct fl_onnx {
	struct fl_arena arena;
	FlOnnx__Model model;
	FlOnnx__Opset opset[2], *opsets[2];
	FlOnnx__Graph graph;
	size_t nodes, tensors, inputs, outputs; /* capacities */
	char *data;
};

static char *
copy(struct fl_onnx *o, const char *s)
{
	size_t n = strlen(s) + 1;

	return memcpy(fl_arena_alloc(&o->arena, n), s, n);
}

struct fl_onnx *
fl_onnx_new(int opset, const char *data)
{
	struct fl_onnx *o = fl_alloc(1, sizeof *o);

	fl_onnx__model__init(&o->model);
	fl_onnx__graph__init(&o->graph);
	for (int i = 0; i < 2; i++) {
		fl_onnx__opset__init(&o->opset[i]);
		o->opsets[i] = &o->opset[i];
		o->opset[i].has_version = 1;
	}
	o->opset[0].domain = copy(o, ""); /* ONNX's own */
	o->opset[0].version = opset;
	o->opset[1].domain = copy(o, "com.microsoft");
	o->opset[1].version = 1;
	o->model.has_ir_version = 1;
	o->model.ir_version = IR_VERSION;
	o->model.producer_name = copy(o, "fl");
	o->model.producer_version = copy(o, fl_version);
	o->model.graph = &o->graph;
	o->model.n_opset_import = 2;
	o->model.opset_import = o->opsets;
	o->graph.name = copy(o, "decoder");
	o->data = copy(o, data);
	return o;
}

void
fl_onnx_free(struct fl_onnx *o)
{
	if (!o)
		return;
	free(o->graph.node);
	free(o->graph.initializer);
	free(o->graph.input);
	free(o->graph.output);
	fl_arena_free(&o->arena);
	free(o);
}

static FlOnnx__Dimension *
make_dim(struct fl_onnx *o, const struct fl_onnx_dim *dim)
{
	FlOnnx__Dimension *d = fl_arena_alloc(&o->arena, sizeof *d);

	fl_onnx__dimension__init(d);
	if (dim->name)
		d->dim_param = copy(o, dim->name);
	d->has_dim_value = !dim->name;
	d->dim_value = dim->size;
	return d;
}

static FlOnnx__Value *
make_value(struct fl_onnx *o, const char *name, enum fl_onnx_type type, int ndim,
    const struct fl_onnx_dim *dim)
{
	struct {
		FlOnnx__Value value;
		FlOnnx__Type type;
		FlOnnx__TensorType tensor;
		FlOnnx__Shape shape;
		FlOnnx__Dimension *dim[FL_ONNX_DIMS];
	} *v = fl_arena_alloc(&o->arena, sizeof *v);

	fl_onnx__value__init(&v->value);
	fl_onnx__type__init(&v->type);
	fl_onnx__tensor_type__init(&v->tensor);
	fl_onnx__shape__init(&v->shape);
	for (int i = 0; i < ndim; i++)
		v->dim[i] = make_dim(o, &dim[i]);
	v->shape.n_dim = (size_t)ndim;
	v->shape.dim = v->dim;
	v->tensor.has_elem_type = 1;
	v->tensor.elem_type = (int32_t)type;
	v->tensor.shape = &v->shape;
	v->type.tensor_type = &v->tensor;
	v->value.type = &v->type;
	v->value.name = copy(o, name);
	return &v->value;
}

void
fl_onnx_input(struct fl_onnx *o, const char *name, enum fl_onnx_type type, int ndim,
    const struct fl_onnx_dim *dim)
{
	FlOnnx__Graph *g = &o->graph;

	g->input = fl_grow(g->input, &o->inputs, g->n_input + 1, sizeof *g->input);
	g->input[g->n_input++] = make_value(o, name, type, ndim, dim);
}

void
fl_onnx_output(struct fl_onnx *o, const char *name, enum fl_onnx_type type, int ndim,
    const struct fl_onnx_dim *dim)
{
	FlOnnx__Graph *g = &o->graph;

	g->output = fl_grow(g->output, &o->outputs, g->n_output + 1, sizeof *g->output);
	g->output[g->n_output++] = make_value(o, name, type, ndim, dim);
}

static char **
copy_ports(struct fl_onnx *o, const char *const *port, size_t *n)
{
	char **v = fl_arena_alloc(&o->arena, FL_ONNX_PORTS * sizeof *v);

	for (*n = 0; port[*n]; ++*n) {
		if (*n == FL_ONNX_PORTS)
			fl_bug("a node of more than %d inputs", FL_ONNX_PORTS);
		v[*n] = copy(o, port[*n]);
	}
	return v;
}

void
fl_onnx_node(struct fl_onnx *o, const char *domain, const char *op, const char *name,
    const char *const *in, const char *const *out)
{
	FlOnnx__Graph *g = &o->graph;
	FlOnnx__Node *n = fl_arena_alloc(&o->arena, sizeof *n);

	fl_onnx__node__init(n);
	n->name = copy(o, name);
	n->op_type = copy(o, op);
	n->domain = domain ? copy(o, domain) : NULL;
	n->input = copy_ports(o, in, &n->n_input);
	n->output = copy_ports(o, out, &n->n_output);
	n->attribute = fl_arena_alloc(&o->arena, FL_ONNX_PORTS * sizeof *n->attribute);
	g->node = fl_grow(g->node, &o->nodes, g->n_node + 1, sizeof *g->node);
	g->node[g->n_node++] = n;
}

static FlOnnx__Attribute *
add_attribute(struct fl_onnx *o, const char *name, int type)
{
	FlOnnx__Node *n = o->graph.node[o->graph.n_node - 1];
	FlOnnx__Attribute *a = fl_arena_alloc(&o->arena, sizeof *a);

	if (n->n_attribute == FL_ONNX_PORTS)
		fl_bug("a node of more than %d attributes", FL_ONNX_PORTS);
	fl_onnx__attribute__init(a);
	a->name = copy(o, name);
	a->has_type = 1;
	a->type = type;
	return n->attribute[n->n_attribute++] = a;
}

void
fl_onnx_int(struct fl_onnx *o, const char *name, int64_t v)
{
	FlOnnx__Attribute *a = add_attribute(o, name, INT);

	a->has_i = 1;
	a->i = v;
}

void
fl_onnx_float(struct fl_onnx *o, const char *name, float v)
{
	FlOnnx__Attribute *a = add_attribute(o, name, FLOAT);

	a->has_f = 1;
	a->f = v;
}

static FlOnnx__Tensor *
add_tensor(struct fl_onnx *o, const char *name, enum fl_onnx_type type, int ndim)
{
	FlOnnx__Graph *g = &o->graph;
	FlOnnx__Tensor *t = fl_arena_alloc(&o->arena, sizeof *t);

	fl_onnx__tensor__init(t);
	t->name = copy(o, name);
	t->has_data_type = 1;
	t->data_type = (int32_t)type;
	t->n_dims = (size_t)ndim;
	t->dims = fl_arena_alloc(&o->arena, FL_ONNX_DIMS * sizeof *t->dims);
	g->initializer = fl_grow(g->initializer, &o->tensors, g->n_initializer + 1, sizeof *g->initializer);
	return g->initializer[g->n_initializer++] = t;
}

void
fl_onnx_ints(struct fl_onnx *o, const char *name, int ndim, const int64_t *v, size_t n)
{
	FlOnnx__Tensor *t = add_tensor(o, name, FL_ONNX_I64, ndim);

	t->dims[0] = (int64_t)n;
	t->n_int64_data = n;
	t->int64_data = memcpy(fl_arena_alloc(&o->arena, n * sizeof *v), v, n * sizeof *v);
}

static FlOnnx__Entry *
make_entry(struct fl_onnx *o, const char *key, const char *value)
{
	FlOnnx__Entry *e = fl_arena_alloc(&o->arena, sizeof *e);

	fl_onnx__entry__init(e);
	e->key = copy(o, key);
	e->value = copy(o, value);
	return e;
}

static FlOnnx__Entry *
make_number(struct fl_onnx *o, const char *key, uint64_t value)
{
	char digits[24];

	snprintf(digits, sizeof digits, "%llu", (unsigned long long)value);
	return make_entry(o, key, digits);
}

void
fl_onnx_tensor(struct fl_onnx *o, const char *name, enum fl_onnx_type type, int ndim,
    const uint64_t *dim, uint64_t offset, uint64_t size)
{
	FlOnnx__Tensor *t = add_tensor(o, name, type, ndim);

	for (int i = 0; i < ndim; i++)
		t->dims[i] = (int64_t)dim[i];
	t->has_data_location = 1;
	t->data_location = EXTERNAL;
	t->external_data = fl_arena_alloc(&o->arena, ENTRIES * sizeof *t->external_data);
	t->external_data[t->n_external_data++] = make_entry(o, "location", o->data);
	t->external_data[t->n_external_data++] = make_number(o, "offset", offset);
	t->external_data[t->n_external_data++] = make_number(o, "length", size);
}

void
fl_onnx_pack(const struct fl_onnx *o, struct fl_str *out)
{
	size_t n = fl_onnx__model__get_packed_size(&o->model);
	uint8_t *bytes = fl_alloc(n, 1);

	fl_onnx__model__pack(&o->model, bytes);
	fl_str_add(out, bytes, n);
	free(bytes);
}
