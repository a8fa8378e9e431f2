/* SPDX-License-Identifier: Apache-2.0 */
/* The decoder as a graph. Inputs and outputs are called as optimum and onnxruntime-genai call them:
 *
 *     input_ids			[batch, sequence]
 *     attention_mask			[batch, past and sequence], ones, and zeros behind a shorter text
 *     past_key_values.N.key, .value	[batch, kv_heads, past, head_dim]
 *     logits				[batch, sequence or 1, vocab]
 *     present.N.key, .value		what the next step is given as past
 *
 * N counts the layers that have attention. A tensor is called as the checkpoint calls it, and a value as the
 * module that makes it. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "export/onnx_impl.h"
#include "model/roles.h"

enum {
	OPSET = 21,
	OPSET_WINDOW = 24, /* what ONNX Runtime 1.24 was the first to load: before it, windows are one longer */
	LINE = 64,	   /* alignment of a tensor, */
	PAGE = 4096,	   /* and of one that is at least so long, which can be mapped where it lies */
	ROTARY = 16,	   /* GroupQueryAttention turns heads of multiples of this */
	NAME = 128,
};

#define MICROSOFT "com.microsoft"
#define IN(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define OUT IN
#define DIMS(...) ((const struct fl_onnx_dim[]){ __VA_ARGS__ })
#define SHAPE(...) ((const uint64_t[]){ __VA_ARGS__ })

/* A graph in the making. */
struct build {
	struct fl_onnx_graph *g;
	struct fl_onnx *onnx;
	const struct fl_model *m;
	const struct fl_config *c;
	struct fl_arena arena; /* names */
	bool f32, turns;       /* no integers; GroupQueryAttention does RoPE itself */
	int layer;	       /* -1 outside of the layers */
	const char *x, *delta; /* the residual stream, and what is to be added to it, or NULL */
};

/* Names ---------------------------------------------------------------------------------------- */

static const char *FL_PRINTF(2, 3)
say(struct build *b, const char *fmt, ...)
{
	char text[NAME];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof text)
		fl_bug("a name of %d bytes", n);
	return memcpy(fl_arena_alloc(&b->arena, (size_t)n + 1), text, (size_t)n + 1);
}

/* What belongs to a weight or a module: "model.layers.3." and so on, and an ending. */
static const char *
label(struct build *b, enum fl_role role, const char *ending)
{
	const struct fl_role_info *info = &fl_roles[role];

	return info->layer ? say(b, "model.layers.%d.%s%s", b->layer, info->name, ending) :
			     say(b, "%s%s", info->name, ending);
}

/* Tensors -------------------------------------------------------------------------------------- */

/* Room for a piece in the data file. */
static const struct fl_onnx_piece *
place(struct build *b, struct fl_onnx_piece piece)
{
	struct fl_onnx_graph *g = b->g;
	uint64_t unit = piece.size < PAGE ? LINE : PAGE;

	piece.offset = (g->size + unit - 1) / unit * unit;
	g->size = piece.offset + piece.size;
	g->piece = fl_grow(g->piece, &g->cap, g->n + 1, sizeof *g->piece);
	g->piece[g->n] = piece;
	return &g->piece[g->n++];
}

static const char *
vector(struct build *b, const char *name, const float *v, int n)
{
	uint64_t size = (uint64_t)n * sizeof *v;
	const struct fl_onnx_piece *p = place(b, (struct fl_onnx_piece){ FL_ONNX_VECTOR, .vector = v, .size = size });

	fl_onnx_tensor(b->onnx, name, FL_ONNX_F32, 1, SHAPE((uint64_t)n), p->offset, size);
	return name;
}

static const char *
angles(struct build *b, const char *name, enum fl_onnx_what what)
{
	uint64_t rows = (uint64_t)b->c->context, cols = (uint64_t)b->c->head_dim / 2;
	const struct fl_onnx_piece *p = place(b, (struct fl_onnx_piece){ what, .size = rows * cols * sizeof(float) });

	fl_onnx_tensor(b->onnx, name, FL_ONNX_F32, 2, SHAPE(rows, cols), p->offset, p->size);
	return name;
}

static bool
is_packed(const struct build *b, const struct fl_matrix *m)
{
	return !b->f32 && (m->kind == FL_MATRIX_INT4 || m->kind == FL_MATRIX_INT8);
}

static int
bits_of(const struct fl_matrix *m)
{
	return m->kind == FL_MATRIX_INT4 ? 4 : 8;
}

/* A matrix as tensors: their names. */
struct stored {
	const char *data, *scales; /* scales NULL: numbers */
	uint64_t offset;	   /* of data */
};

/* Names the bytes of packed rows as MatMulNBits wants them, in groups. */
static void
name_groups(struct build *b, const struct fl_matrix *m, const struct stored *s)
{
	uint64_t row = fl_matrix_row_size(m), groups = m->cols / FL_MATRIX_GROUP;

	fl_onnx_tensor(b->onnx, s->data, FL_ONNX_U8, 3, SHAPE(m->rows, groups, row / groups), s->offset, m->rows * row);
}

/* As GatherBlockQuantized wants them: plain. */
static void
name_rows(struct build *b, const struct fl_matrix *m, const struct stored *s)
{
	uint64_t row = fl_matrix_row_size(m);

	fl_onnx_tensor(b->onnx, s->data, FL_ONNX_U8, 2, SHAPE(m->rows, row), s->offset, m->rows * row);
}

static struct stored
store_packed(struct build *b, enum fl_role role, const struct fl_matrix *m)
{
	uint64_t groups = m->cols / FL_MATRIX_GROUP, size = m->rows * groups * sizeof(float);
	struct stored s = { label(b, role, ".weight_packed"), label(b, role, ".weight_scale"), 0 };

	s.offset = place(b, (struct fl_onnx_piece){ FL_ONNX_PACKED, m, .size = m->rows * fl_matrix_row_size(m) })->offset;
	fl_onnx_tensor(b->onnx, s.scales, FL_ONNX_F32, 2, SHAPE(m->rows, groups),
	    place(b, (struct fl_onnx_piece){ FL_ONNX_SCALES, m, .size = size })->offset, size);
	return s;
}

static struct stored
store_values(struct build *b, enum fl_role role, const struct fl_matrix *m)
{
	uint64_t size = m->rows * m->cols * sizeof(float);
	struct stored s = { label(b, role, ".weight"), NULL, 0 };

	s.offset = place(b, (struct fl_onnx_piece){ FL_ONNX_VALUES, m, .size = size })->offset;
	fl_onnx_tensor(b->onnx, s.data, FL_ONNX_F32, 2, SHAPE(m->rows, m->cols), s.offset, size);
	return s;
}

/* Of a linear layer. */
static struct stored
store(struct build *b, enum fl_role role, const struct fl_matrix *m)
{
	struct stored s;

	if (!is_packed(b, m))
		return store_values(b, role, m);
	s = store_packed(b, role, m);
	name_groups(b, m, &s);
	return s;
}

/* Nodes ---------------------------------------------------------------------------------------- */

/* A node with one output, called as the node is. */
static const char *
node(struct build *b, const char *domain, const char *op, const char *name, const char *const *in)
{
	fl_onnx_node(b->onnx, domain, op, name, in, OUT(name));
	return name;
}

/* in times the transpose of m. */
static const char *
product(struct build *b, const char *name, const char *in, const struct fl_matrix *m, const struct stored *s)
{
	if (!s->scales) {
		node(b, MICROSOFT, "FusedMatMul", name, IN(in, s->data));
		fl_onnx_int(b->onnx, "transB", 1);
		return name;
	}
	node(b, MICROSOFT, "MatMulNBits", name, IN(in, s->data, s->scales));
	fl_onnx_int(b->onnx, "K", (int64_t)m->cols);
	fl_onnx_int(b->onnx, "N", (int64_t)m->rows);
	fl_onnx_int(b->onnx, "bits", bits_of(m));
	fl_onnx_int(b->onnx, "block_size", FL_MATRIX_GROUP);
	fl_onnx_int(b->onnx, "accuracy_level", 4); /* activations of 8 bits */
	return name;
}

static const char *
linear(struct build *b, enum fl_role role, const char *in, const struct fl_matrix *m, const float *bias)
{
	const struct stored s = store(b, role, m);
	const char *name = label(b, role, "");

	if (!bias)
		return product(b, name, in, m, &s);
	product(b, label(b, role, ".product"), in, m, &s);
	return node(b, NULL, "Add", name,
	    IN(label(b, role, ".product"), vector(b, label(b, role, ".bias"), bias, (int)m->rows)));
}

static void
set_epsilon(struct build *b)
{
	fl_onnx_float(b->onnx, "epsilon", (float)b->c->norm_eps);
}

static const char *
rmsnorm(struct build *b, const char *name, const char *in, const char *weight)
{
	node(b, NULL, "SimplifiedLayerNormalization", name, IN(in, weight));
	fl_onnx_int(b->onnx, "axis", -1);
	set_epsilon(b);
	return name;
}

/* A norm of the residual stream, to which what waits to be added is added at once. */
static const char *
norm(struct build *b, enum fl_role role, const float *v)
{
	const char *name = label(b, role, ""), *weight = vector(b, label(b, role, ".weight"), v, b->c->width);

	if (!b->delta)
		return rmsnorm(b, name, b->x, weight);
	if (role == FL_FINAL_NORM) {
		fl_onnx_node(b->onnx, MICROSOFT, "SkipSimplifiedLayerNormalization", name,
		    IN(b->x, b->delta, weight), OUT(name));
	} else {
		const char *sum = label(b, role, ".sum");

		fl_onnx_node(b->onnx, MICROSOFT, "SkipSimplifiedLayerNormalization", name,
		    IN(b->x, b->delta, weight), OUT(name, "", "", sum));
		b->x = sum;
	}
	set_epsilon(b);
	b->delta = NULL;
	return name;
}

/* Layers --------------------------------------------------------------------------------------- */

/* QK-norm: of each head by itself. */
static const char *
head_norm(struct build *b, enum fl_role role, const char *in, const float *v, const char *shape)
{
	const char *heads, *normed;

	if (!v)
		return in;
	heads = node(b, NULL, "Reshape", label(b, role, ".heads"), IN(in, "shape.heads"));
	normed = rmsnorm(b, label(b, role, ""), heads, vector(b, label(b, role, ".weight"), v, b->c->head_dim));
	return node(b, NULL, "Reshape", label(b, role, ".rows"), IN(normed, shape));
}

static const char *
turn(struct build *b, enum fl_role role, const char *in)
{
	if (b->turns)
		return in;
	return node(b, MICROSOFT, "RotaryEmbedding", label(b, role, ".turned"),
	    IN(in, "positions", "rope.cos", "rope.sin"));
}

/* The cache of a layer, in and out. */
static void
declare_cache(struct build *b, const char *past, const char *present)
{
	const struct fl_onnx_dim batch = { "batch_size", 0 }, dim = { NULL, b->c->head_dim };
	const struct fl_onnx_dim heads = { NULL, b->c->kv_heads };

	fl_onnx_input(b->onnx, past, FL_ONNX_F32, 4, DIMS(batch, heads, { "past_sequence_length", 0 }, dim));
	fl_onnx_output(b->onnx, present, FL_ONNX_F32, 4, DIMS(batch, heads, { "total_sequence_length", 0 }, dim));
}

static const char *
mix(struct build *b, const char *q, const char *k, const char *v)
{
	const char *name = say(b, "model.layers.%d.self_attn", b->layer);
	const char *past_key = say(b, "past_key_values.%d.key", b->g->caches);
	const char *past_value = say(b, "past_key_values.%d.value", b->g->caches);
	const char *key = say(b, "present.%d.key", b->g->caches);
	const char *value = say(b, "present.%d.value", b->g->caches++);
	const char *cosine = b->turns ? "rope.cos" : NULL; /* the end of the list if there is none */

	declare_cache(b, past_key, key);
	declare_cache(b, past_value, value);
	fl_onnx_node(b->onnx, MICROSOFT, "GroupQueryAttention", name,
	    IN(q, k, v, past_key, past_value, "past_lengths", "total_length", cosine, "rope.sin"),
	    OUT(name, key, value));
	fl_onnx_int(b->onnx, "num_heads", b->c->heads);
	fl_onnx_int(b->onnx, "kv_num_heads", b->c->kv_heads);
	fl_onnx_int(b->onnx, "do_rotary", b->turns);
	if (b->c->pattern[b->layer] == 'w')
		fl_onnx_int(b->onnx, "local_window_size", b->c->window);
	return name;
}

static void
attention(struct build *b, const struct fl_layer *l)
{
	const char *in = norm(b, FL_ATTN_NORM, l->attn_norm);
	const char *q = linear(b, FL_Q, in, &l->q, l->q_bias);
	const char *k = linear(b, FL_K, in, &l->k, l->k_bias);
	const char *v = linear(b, FL_V, in, &l->v, l->v_bias);

	q = turn(b, FL_Q, head_norm(b, FL_Q_NORM, q, l->q_norm, "shape.q"));
	k = turn(b, FL_K, head_norm(b, FL_K_NORM, k, l->k_norm, "shape.k"));
	b->delta = linear(b, FL_O, mix(b, q, k, v), &l->o, l->o_bias);
}

static void
ffn(struct build *b, const struct fl_layer *l)
{
	const char *in = norm(b, FL_FFN_NORM, l->ffn_norm);
	const char *gate = linear(b, FL_GATE, in, &l->gate, NULL);
	const char *up = linear(b, FL_UP, in, &l->up, NULL);
	const char *open = node(b, NULL, "Sigmoid", label(b, FL_GATE, ".sigmoid"), IN(gate));
	const char *silu = node(b, NULL, "Mul", label(b, FL_GATE, ".silu"), IN(gate, open));
	const char *hidden = node(b, NULL, "Mul", label(b, FL_DOWN, ".hidden"), IN(silu, up));

	b->delta = linear(b, FL_DOWN, hidden, &l->down, NULL);
}

/* The model ------------------------------------------------------------------------------------ */

static void
declare(struct build *b, bool last)
{
	const struct fl_onnx_dim batch = { "batch_size", 0 }, sequence = { "sequence_length", 0 };
	const struct fl_onnx_dim scored = { last ? NULL : "sequence_length", 1 };

	fl_onnx_input(b->onnx, "input_ids", FL_ONNX_I64, 2, DIMS(batch, sequence));
	fl_onnx_input(b->onnx, "attention_mask", FL_ONNX_I64, 2, DIMS(batch, { "total_sequence_length", 0 }));
	fl_onnx_output(b->onnx, "logits", FL_ONNX_F32, 3, DIMS(batch, scored, { NULL, b->c->vocab }));
}

/* What every attention is told of the mask: the length of each text before its last token, and the longest
 * length with it. */
static void
lengths(struct build *b)
{
	fl_onnx_ints(b->onnx, "one", 0, (int64_t[]){ 1 }, 1);
	fl_onnx_ints(b->onnx, "ones", 1, (int64_t[]){ 1 }, 1);
	node(b, NULL, "ReduceSum", "lengths", IN("attention_mask", "ones"));
	fl_onnx_int(b->onnx, "keepdims", 0);
	node(b, NULL, "Sub", "lengths.less_one", IN("lengths", "one"));
	node(b, NULL, "Cast", "past_lengths", IN("lengths.less_one"));
	fl_onnx_int(b->onnx, "to", FL_ONNX_I32);
	node(b, NULL, "Shape", "mask.shape", IN("attention_mask"));
	node(b, NULL, "Gather", "mask.length", IN("mask.shape", "one"));
	node(b, NULL, "Cast", "total_length", IN("mask.length"));
	fl_onnx_int(b->onnx, "to", FL_ONNX_I32);
}

/* Where each token stands, for RoPE outside of GroupQueryAttention: the ones of the mask, counted, and of
 * the counts as many from the end as there are tokens. */
static void
positions(struct build *b)
{
	fl_onnx_ints(b->onnx, "mask.end", 1, (int64_t[]){ INT64_MAX }, 1);
	node(b, NULL, "CumSum", "mask.counts", IN("attention_mask", "one"));
	node(b, NULL, "Sub", "mask.positions", IN("mask.counts", "one"));
	node(b, NULL, "Shape", "ids.length", IN("input_ids"));
	fl_onnx_int(b->onnx, "start", 1);
	node(b, NULL, "Neg", "ids.start", IN("ids.length"));
	node(b, NULL, "Slice", "positions", IN("mask.positions", "ids.start", "mask.end", "ones"));
}

static void
prepare_attention(struct build *b)
{
	const struct fl_config *c = b->c;

	lengths(b);
	angles(b, "rope.cos", FL_ONNX_COS);
	angles(b, "rope.sin", FL_ONNX_SIN);
	if (!b->turns)
		positions(b);
	if (!c->family->qk_norm)
		return;
	fl_onnx_ints(b->onnx, "shape.heads", 1, (int64_t[]){ 0, -1, c->head_dim }, 3);
	fl_onnx_ints(b->onnx, "shape.q", 1, (int64_t[]){ 0, -1, (int64_t)c->heads * c->head_dim }, 3);
	fl_onnx_ints(b->onnx, "shape.k", 1, (int64_t[]){ 0, -1, (int64_t)c->kv_heads * c->head_dim }, 3);
}

static struct stored
embed(struct build *b)
{
	const struct fl_matrix *m = &b->m->embed;
	const char *name = label(b, FL_EMBED, "");
	struct stored s;

	b->x = name;
	if (!is_packed(b, m)) {
		s = store_values(b, FL_EMBED, m);
		node(b, NULL, "Gather", name, IN(s.data, "input_ids"));
		return s;
	}
	s = store_packed(b, FL_EMBED, m);
	name_rows(b, m, &s);
	node(b, MICROSOFT, "GatherBlockQuantized", name, IN(s.data, "input_ids", s.scales));
	fl_onnx_int(b->onnx, "bits", bits_of(m));
	fl_onnx_int(b->onnx, "block_size", FL_MATRIX_GROUP);
	fl_onnx_int(b->onnx, "gather_axis", 0);
	fl_onnx_int(b->onnx, "quantize_axis", 1);
	return s;
}

/* A tied head is the embedding's bytes, under a second name where the shape has to be another. */
static struct stored
share(struct build *b, struct stored s)
{
	if (!s.scales)
		return s;
	s.data = label(b, FL_HEAD, ".weight_packed");
	name_groups(b, &b->m->head, &s);
	return s;
}

/* Of all tokens given, the last. */
static const char *
last_of(struct build *b, const char *in)
{
	fl_onnx_ints(b->onnx, "last.start", 1, (int64_t[]){ -1 }, 1);
	fl_onnx_ints(b->onnx, "last.end", 1, (int64_t[]){ INT64_MAX }, 1);
	fl_onnx_ints(b->onnx, "last.axis", 1, (int64_t[]){ 1 }, 1);
	return node(b, NULL, "Slice", label(b, FL_FINAL_NORM, ".last"), IN(in, "last.start", "last.end", "last.axis"));
}

void
fl_onnx_graph_make(struct fl_onnx_graph *g, const struct fl_model *m, const struct fl_export_opts *o)
{
	const struct fl_config *c = &m->config;
	struct build b = { g, NULL, m, c, .f32 = o->type == FL_EXPORT_F32, .turns = c->head_dim % ROTARY == 0,
		.layer = -1 };
	struct stored embedding, head;

	g->onnx = b.onnx = fl_onnx_new(fl_config_has(c, 'w') ? OPSET_WINDOW : OPSET, FL_ONNX_DATA_NAME);
	declare(&b, o->last_logits);
	if (fl_config_has(c, 'f') || fl_config_has(c, 'w'))
		prepare_attention(&b);
	embedding = embed(&b);
	for (b.layer = 0; b.layer < c->layers; b.layer++) {
		if (c->pattern[b.layer] != 's')
			attention(&b, &m->layer[b.layer]);
		ffn(&b, &m->layer[b.layer]);
	}
	b.x = norm(&b, FL_FINAL_NORM, m->final_norm);
	if (o->last_logits)
		b.x = last_of(&b, b.x);
	head = c->tied ? share(&b, embedding) : store(&b, FL_HEAD, &m->head);
	product(&b, "logits", b.x, &m->head, &head);
	fl_arena_free(&b.arena);
}

void
fl_onnx_graph_free(struct fl_onnx_graph *g)
{
	fl_onnx_free(g->onnx);
	free(g->piece);
	*g = (struct fl_onnx_graph){ 0 };
}
