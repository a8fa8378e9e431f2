/* SPDX-License-Identifier: Apache-2.0 */
/* What ONNX Runtime makes of these graphs is in tests/interop. */
#include "export/onnx.h"

#include <unistd.h>

#include "export/onnx.pb-c.h"
#include "export/onnx_impl.h"
#include "test.h"

/* The graph of the model below: of each member its tag, its number times 8 plus 0 for an integer or 2 for
 * what has a length, and then that. */
static const char graph[] =
	"\x3a\x82\x01"							     /* 130 bytes */
	"\x0a\x1c" "\x0a\x01x" "\x0a\0" "\x12\x01y" "\x1a\x01n" "\x22\x02Op"    /* a node, its inputs and output */
	"\x2a\x08" "\x0a\x01i" "\x18\x05" "\xa0\x01\x02" "\x3a\x01" "d"	     /* its attribute and domain */
	"\x12\x07" "decoder"
	"\x2a\x0b" "\x08\x02" "\x10\x07" "\x3a\x02\x03\x04" "\x42\x01" "c"	     /* a constant */
	"\x2a\x36" "\x08\xac\x02" "\x10\x02" "\x42\x01t"			     /* a tensor elsewhere */
	"\x6a\x0d" "\x0a\x08location" "\x12\x01" "f" "\x6a\x0c" "\x0a\x06offset" "\x12\x02" "64"
	"\x6a\x0d" "\x0a\x06length" "\x12\x03" "300" "\x70\x01"
	"\x5a\x14" "\x0a\x01x" "\x12\x0f" "\x0a\x0d" "\x08\x01" "\x12\x09"      /* an input of [s, 9] */
	"\x0a\x03" "\x12\x01s" "\x0a\x02" "\x08\x09"
	"\x42\x04" "\x0a\0" "\x10\x15" "\x42\x11" "\x0a\x0d" "com.microsoft" "\x10\x01"; /* sets of operators */

static void
a_model_is_packed_by_the_numbers_of_the_format(void)
{
	struct fl_onnx *o = fl_onnx_new(21, "f");
	struct fl_str out = { 0 };
	size_t n = sizeof graph - 1;

	fl_onnx_node(o, "d", "Op", "n", (const char *const[]){ "x", "", NULL }, (const char *const[]){ "y", NULL });
	fl_onnx_int(o, "i", 5);
	fl_onnx_ints(o, "c", 1, (int64_t[]){ 3, 4 }, 2);
	fl_onnx_tensor(o, "t", FL_ONNX_U8, 1, (uint64_t[]){ 300 }, 64, 300);
	fl_onnx_input(o, "x", FL_ONNX_F32, 2, (struct fl_onnx_dim[]){ { "s", 0 }, { NULL, 9 } });
	fl_onnx_pack(o, &out);
	CHECK(memcmp(out.data, "\x08\x0a\x12\x02" "fl\x1a", 7) == 0);
	CHECK(out.len > n && memcmp(out.data + out.len - n, graph, n) == 0);
	fl_str_free(&out);
	fl_onnx_free(o);
}

/* A model of random weights. */
static struct fl_model *
model(const char *family, const char *pattern, int head_dim, struct fl_quant quant, bool tied)
{
	struct fl_config c = { .family = fl_family_find(family), .width = 64, .ffn = 96, .heads = 4,
		.kv_heads = 2, .head_dim = head_dim, .vocab = 128, .context = 40, .norm_eps = 1e-5,
		.rope = { .theta = 1e4 }, .layers = (int)strlen(pattern), .tied = tied, .dtype = FL_BF16,
		.window = strchr(pattern, 'w') ? 8 : 0, .quant = quant,
		.qkv_bias = strcmp(family, "qwen2") == 0 };
	struct fl_model *m;

	memcpy(c.pattern, pattern, strlen(pattern));
	c.json = fl_json_new_object();
	m = fl_model_random(&c, 1);
	fl_config_free(&c);
	return m;
}

static bool
is_among(const char *const *name, size_t n, const char *one)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(name[i], one) == 0)
			return true;
	return false;
}

/* Every value is made once, before it is used, and every output is made. */
static void
check_order(const FlOnnx__Graph *g)
{
	static const char *known[4096];
	size_t n = 0, bad = 0;

	for (size_t i = 0; i < g->n_input; i++)
		known[n++] = g->input[i]->name;
	for (size_t i = 0; i < g->n_initializer; i++) {
		bad += is_among(known, n, g->initializer[i]->name);
		known[n++] = g->initializer[i]->name;
	}
	for (size_t i = 0; i < g->n_node; i++) {
		const FlOnnx__Node *node = g->node[i];

		for (size_t k = 0; k < node->n_input; k++)
			bad += *node->input[k] && !is_among(known, n, node->input[k]);
		for (size_t k = 0; k < node->n_output; k++) {
			bad += is_among(known, n, node->output[k]);
			known[n++] = *node->output[k] ? node->output[k] : "left out";
		}
	}
	for (size_t i = 0; i < g->n_output; i++)
		bad += !is_among(known, n, g->output[i]->name);
	CHECK(bad == 0 && n < sizeof known / sizeof *known);
}

/* Of tensors that no node uses there are none: the runtime would warn of each. */
static void
check_use(const FlOnnx__Graph *g)
{
	size_t unused = g->n_initializer;

	for (size_t i = 0; i < g->n_initializer; i++) {
		bool used = false;

		for (size_t k = 0; k < g->n_node; k++)
			used |= is_among((const char *const *)g->node[k]->input, g->node[k]->n_input,
			    g->initializer[i]->name);
		unused -= used;
	}
	CHECK(unused == 0);
}

static size_t
count(const FlOnnx__Graph *g, const char *op)
{
	size_t n = 0;

	for (size_t i = 0; i < g->n_node; i++)
		n += strcmp(g->node[i]->op_type, op) == 0;
	return n;
}

static long long
attribute(const FlOnnx__Node *n, const char *name, long long otherwise)
{
	for (size_t i = 0; i < n->n_attribute; i++)
		if (strcmp(n->attribute[i]->name, name) == 0)
			return n->attribute[i]->i;
	return otherwise;
}

/* A model as the graph that a reader finds. */
static FlOnnx__Model *
read_back(const struct fl_onnx_graph *g)
{
	struct fl_str out = { 0 };
	FlOnnx__Model *m;

	fl_onnx_pack(g->onnx, &out);
	m = fl_onnx__model__unpack(NULL, out.len, (const uint8_t *)out.data);
	fl_str_free(&out);
	return m;
}

/* Window of each attention in turn, -1 without. */
static void
check_windows(const FlOnnx__Graph *g, const char *pattern)
{
	for (size_t i = 0; i < g->n_node; i++) {
		if (strcmp(g->node[i]->op_type, "GroupQueryAttention") != 0)
			continue;
		pattern += strspn(pattern, "s");
		CHECK(attribute(g->node[i], "local_window_size", -1) == (*pattern == 'w' ? 8 : -1));
		CHECK(attribute(g->node[i], "do_rotary", 0) + (long long)count(g, "RotaryEmbedding") > 0);
		pattern++;
	}
}

static void
each_layer_is_there_or_absent(void)
{
	static const struct {
		const char *family, *pattern;
		int head_dim, opset;
		size_t attentions, rotations, reshapes, biases;
	} cases[] = {
		{ "llama", "ff", 16, 21, 2, 0, 0, 0 }, { "llama", "ff", 8, 21, 2, 4, 0, 0 },
		{ "qwen2", "fsw", 16, 24, 2, 0, 0, 6 }, { "qwen3", "sfs", 32, 21, 1, 0, 4, 0 },
		{ "qwen3", "ws", 24, 24, 1, 2, 4, 0 }, { "llama", "ss", 16, 21, 0, 0, 0, 0 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct fl_model *m = model(cases[i].family, cases[i].pattern, cases[i].head_dim,
		    (struct fl_quant){ 0 }, false);
		struct fl_onnx_graph g = { 0 };
		FlOnnx__Model *got;

		fl_onnx_graph_make(&g, m, &(struct fl_export_opts){ .last_logits = i % 2 });
		got = read_back(&g);
		if (CHECK(got != NULL)) {
			check_order(got->graph);
			check_use(got->graph);
			check_windows(got->graph, cases[i].pattern);
			CHECK(got->opset_import[0]->version == cases[i].opset);
			CHECK(count(got->graph, "GroupQueryAttention") == cases[i].attentions);
			CHECK(got->graph->n_input == 2 + 2 * cases[i].attentions);
			CHECK(got->graph->n_output == 1 + 2 * cases[i].attentions);
			CHECK(count(got->graph, "RotaryEmbedding") == cases[i].rotations);
			CHECK(count(got->graph, "Reshape") == cases[i].reshapes);
			CHECK(count(got->graph, "Add") == cases[i].biases);
			CHECK(count(got->graph, "SimplifiedLayerNormalization") == 1 + cases[i].reshapes / 2);
		}
		fl_onnx__model__free_unpacked(got, NULL);
		fl_onnx_graph_free(&g);
		fl_model_free(m);
	}
}

static const FlOnnx__Tensor *
find(const FlOnnx__Graph *g, const char *name)
{
	for (size_t i = 0; i < g->n_initializer; i++)
		if (strcmp(g->initializer[i]->name, name) == 0)
			return g->initializer[i];
	return NULL;
}

/* The bytes of a tensor in the data file. */
static const char *
bytes_of(const FlOnnx__Graph *g, const char *name, const char *data)
{
	const FlOnnx__Tensor *t = find(g, name);

	return CHECK(t && t->n_external_data == 3) ? data + atoll(t->external_data[1]->value) : NULL;
}

static char *
data_file(const struct fl_onnx_graph *g, const struct fl_model *m)
{
	char path[] = "/tmp/fl-onnx-XXXXXX", *got = NULL;
	int fd = mkstemp(path);
	struct fl_err err = { 0 };
	struct fl_output *out = fl_output_open(path, &err);
	size_t len = 0;

	if (CHECK(out != NULL) && CHECK_OK(fl_onnx_data_write(g, m, out, &err), &err) &&
	    CHECK_OK(fl_output_commit(out, &err), &err))
		got = fl_slurp(path, 1 << 20, &len, &err);
	CHECK(len == g->size);
	close(fd);
	unlink(path);
	return got;
}

static void
integers_stay_as_they_are(void)
{
	struct fl_model *m = model("llama", "fs", 16, (struct fl_quant){ 4, 8, 8 }, true);
	struct fl_onnx_graph g = { 0 };
	const struct fl_matrix *up = &m->layer[1].up;
	FlOnnx__Model *got;
	char *data;
	float scale;

	fl_onnx_graph_make(&g, m, &(struct fl_export_opts){ 0 });
	got = read_back(&g);
	data = data_file(&g, m);
	if (got && data) {
		const char *ours = bytes_of(got->graph, "model.layers.1.mlp.up_proj.weight_packed", data);
		const FlOnnx__Tensor *t = find(got->graph, "lm_head.weight_packed");

		CHECK(ours && memcmp(ours, up->data, up->rows * fl_matrix_row_size(up)) == 0);
		ours = bytes_of(got->graph, "model.layers.1.mlp.up_proj.weight_scale", data);
		CHECK(ours && (memcpy(&scale, ours, sizeof scale), scale == 1 / 256.f));
		/* A tied head is the embedding's bytes in the other operator's shape. */
		CHECK(bytes_of(got->graph, "lm_head.weight_packed", data) ==
		    bytes_of(got->graph, "model.embed_tokens.weight_packed", data));
		CHECK(t && t->n_dims == 3 && t->dims[0] == 128 && t->dims[1] == 2 && t->dims[2] == 32);
		CHECK(count(got->graph, "MatMulNBits") == 4 + 6 + 1);
		CHECK(count(got->graph, "GatherBlockQuantized") == 1 && count(got->graph, "FusedMatMul") == 0);
	}
	free(data);
	fl_onnx__model__free_unpacked(got, NULL);
	fl_onnx_graph_free(&g);
	fl_model_free(m);
}

static void
with_f32_they_become_numbers(void)
{
	struct fl_model *m = model("llama", "f", 16, (struct fl_quant){ 4, 4, 8 }, false);
	struct fl_onnx_graph g = { 0 };
	FlOnnx__Model *got;
	char *data;
	float want[96];

	fl_onnx_graph_make(&g, m, &(struct fl_export_opts){ .type = FL_EXPORT_F32 });
	got = read_back(&g);
	data = data_file(&g, m);
	fl_matrix_rows_f32(&m->layer[0].down, 0, 1, want);
	if (got && data) {
		const char *ours = bytes_of(got->graph, "model.layers.0.mlp.down_proj.weight", data);

		CHECK(ours && memcmp(ours, want, sizeof want) == 0);
		CHECK(count(got->graph, "MatMulNBits") == 0 && count(got->graph, "FusedMatMul") == 8);
	}
	free(data);
	fl_onnx__model__free_unpacked(got, NULL);
	fl_onnx_graph_free(&g);
	fl_model_free(m);
}

int
main(void)
{
	TEST(a_model_is_packed_by_the_numbers_of_the_format);
	TEST(each_layer_is_there_or_absent);
	TEST(integers_stay_as_they_are);
	TEST(with_f32_they_become_numbers);
	return test_done();
}
