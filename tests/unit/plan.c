/* SPDX-License-Identifier: Apache-2.0 */
/* Transforms against what they mean: every element of the result is looked up in the source. */
#include "test.h"

#include <sys/wait.h>
#include <unistd.h>

#include "base/str.h"
#include "io/checkpoint.h"
#include "io/history.h"
#include "io/safetensors.h"
#include "model/init.h"
#include "model/pattern.h"
#include "model/prune.h"
#include "model/quantize.h"

/* The vocabulary makes the embedding larger than a block of rows in flight. */
static const char text[] =
    "{\"model_type\":\"qwen3\",\"hidden_size\":64,\"intermediate_size\":96,\"num_hidden_layers\":4,"
    "\"num_attention_heads\":4,\"num_key_value_heads\":2,\"head_dim\":8,\"vocab_size\":20011,"
    "\"rms_norm_eps\":1e-6,\"rope_theta\":10000.0,\"torch_dtype\":\"float32\","
    "\"tie_word_embeddings\":%s}";

static char dir[] = "/tmp/fl-plan-XXXXXX";

static void
make_base(struct fl_config *c, bool tied)
{
	struct fl_err err = { 0 };
	struct fl_str s = { 0 };
	struct fl_json *json, *arguments = fl_json_new_array();
	struct fl_writer *w;

	fl_str_printf(&s, text, tied ? "true" : "false");
	json = fl_json_parse(s.data, s.len, "config.json", &err);
	if (!json || fl_config_parse(c, json, "base", &err) < 0 ||
	    !(w = fl_writer_open(test_path(dir, tied ? "tied/" : "base/"), false, &err)) ||
	    fl_init_write(c, 7, w, &err) < 0 ||
	    fl_history_write(w, NULL, "test", arguments, NULL, &err) < 0 ||
	    fl_writer_commit(w, &err) < 0) {
		printf("Bail out! %s\n", err.text);
		exit(1);
	}
	fl_json_free(arguments);
	fl_json_free(json);
	fl_str_free(&s);
}

static void
apply(struct fl_plan *plan, const char *from, const char *to)
{
	struct fl_sink sink = { .output = to, .tool = "test", .no_history = true };
	struct fl_err err = { 0 };
	struct fl_reader *in = fl_reader_open(from, &err);

	CHECK_OK(in ? fl_plan_apply(plan, in, &sink, NULL, &err) : -1, &err);
	fl_reader_close(in);
}

static uint32_t
source(const struct fl_keep *k, size_t i)
{
	return k && k->index ? k->index[i] : (uint32_t)i;
}

/* Compares all weights of the result with the source through the plan's choice. */
static void
compare(const struct fl_plan *plan, const int *layers, const char *from, const char *to)
{
	struct fl_err err = { 0 };
	struct fl_safetensors *a = fl_safetensors_open(from, &err), *b = fl_safetensors_open(to, &err);
	struct fl_inventory *inv = fl_inventory_new(&plan->out, "result");

	if (!CHECK(a && b) || !CHECK(b->n == inv->n))
		return;
	for (size_t i = 0; i < inv->n; i++) {
		const struct fl_weight *w = &inv->weight[i];
		int layer = w->layer < 0 ? -1 : layers[w->layer];
		char *name = fl_weight_name(w->role, layer, FL_PART_WEIGHT);
		const struct fl_role_info *info = &fl_roles[w->role];
		const struct fl_keep *rows = info->rows == FL_AXIS_WIDTH ? &plan->width :
		    info->rows == FL_AXIS_FFN				 ? &plan->ffn[layer] : NULL;
		const struct fl_keep *cols = info->cols == FL_AXIS_WIDTH ? &plan->width :
		    info->cols == FL_AXIS_FFN				 ? &plan->ffn[layer] : NULL;
		const void *x, *y;
		const struct fl_tensor *t = fl_safetensors_find(a, name, &x);
		const struct fl_tensor *u = fl_safetensors_find(b, w->tensor.name, &y);
		size_t n = fl_tensor_rows(u), m = u->shape[u->ndim - 1], stride = t->shape[t->ndim - 1];
		size_t bad = 0;

		for (size_t r = 0; r < n; r++)
			for (size_t k = 0; k < m; k++)
				bad += ((const float *)y)[r * m + k] !=
				    ((const float *)x)[(n > 1 ? source(rows, r) : 0) * stride + source(cols, k)];
		if (!CHECK(bad == 0))
			printf("# %zu elements of %s\n", bad, w->tensor.name);
		free(name);
	}
	fl_inventory_free(inv);
	fl_safetensors_free(a);
	fl_safetensors_free(b);
}

static void
a_prune_gathers_what_it_keeps(void)
{
	static const struct fl_prune_opts random1 = { .score = "random", .layer_score = "random", .block = 1,
		.align = 32, .seed = 3 };
	struct fl_config c;
	struct fl_err err = { 0 };
	struct fl_arch target;
	struct fl_plan *plan;
	int layers[4];

	make_base(&c, false);
	CHECK_OK(fl_arch_parse("d32-f64-fff", &target, &err), &err);
	plan = fl_plan_prune(&c, "base", &target, NULL, &random1, &err);
	if (!CHECK(plan != NULL))
		return;
	for (size_t i = 0; i < 3; i++)
		layers[i] = (int)fl_json_int(fl_json_at(fl_json_get(plan->kept, "layers"), i), -1);
	CHECK(plan->width.n == 32 && plan->ffn[layers[0]].n == 64);
	apply(plan, test_path(dir, "base"), test_path(dir, "small/"));
	compare(plan, layers, test_path(dir, "base/model.safetensors"), test_path(dir, "small/model.safetensors"));
	fl_plan_free(plan);
	fl_config_free(&c);
}

static void
an_untied_head_is_the_embedding(void)
{
	static const struct fl_prune_opts untie = { .score = "flash", .block = 32, .align = 32, .untie = true };
	struct fl_config c;
	struct fl_err err = { 0 };
	struct fl_plan *plan;
	struct fl_safetensors *s;
	const struct fl_tensor *e, *h;
	const void *x, *y;

	make_base(&c, true);
	plan = fl_plan_prune(&c, "tied", NULL, NULL, &untie, &err);
	if (!CHECK(plan != NULL))
		return;
	apply(plan, test_path(dir, "tied"), test_path(dir, "untied/"));
	s = fl_safetensors_open(test_path(dir, "untied/model.safetensors"), &err);
	if (CHECK(s != NULL)) {
		e = fl_safetensors_find(s, "model.embed_tokens.weight", &x);
		h = fl_safetensors_find(s, "lm_head.weight", &y);
		CHECK(e && h && e->size == h->size && memcmp(x, y, e->size) == 0);
	}
	fl_safetensors_free(s);
	fl_plan_free(plan);
	fl_config_free(&c);
}

static void
a_layer_that_skips_loses_its_attention_alone(void)
{
	struct fl_config c;
	struct fl_err err = { 0 };
	struct fl_arch target;
	struct fl_plan *plan;

	make_base(&c, false);
	CHECK_OK(fl_arch_parse("d64-f96-fswf", &target, &err), &err);
	plan = fl_plan_pattern(&c, "base", &target, 0, NULL, &err);
	if (!CHECK(plan != NULL))
		return;
	CHECK(plan->out.window == FL_WINDOW);
	apply(plan, test_path(dir, "base"), test_path(dir, "hybrid/"));
	compare(plan, (int[]){ 0, 1, 2, 3 }, test_path(dir, "base/model.safetensors"), test_path(dir, "hybrid/model.safetensors"));
	fl_plan_free(plan);
	CHECK(fl_arch_parse("d64-f96-fff", &target, &err) == 0);
	CHECK(fl_plan_pattern(&c, "base", &target, 0, NULL, &err) == NULL && err.code == FL_EXIT_DATA);
	fl_config_free(&c);
}

static void
quantized_tensors_follow_each_other_whole(void)
{
	struct fl_config c;
	struct fl_err err = { 0 };
	struct fl_plan *plan;
	struct fl_safetensors *s;
	const void *shape, *packed;
	int64_t dims[2];

	make_base(&c, false);
	plan = fl_plan_quantize(&c, "base", NULL,
	    &(struct fl_quantize_opts){ .method = "mse", .head = -1, .embed = -1 }, &err);
	if (!CHECK(plan != NULL))
		return;
	apply(plan, test_path(dir, "base"), test_path(dir, "q/"));
	s = fl_safetensors_open(test_path(dir, "q/model.safetensors"), &err);
	if (CHECK(s != NULL)) {
		const struct fl_tensor *t =
		    fl_safetensors_find(s, "model.layers.2.mlp.down_proj.weight_packed", &packed);

		CHECK(t && t->dtype == FL_I32 && t->shape[0] == 64 && t->shape[1] == 12);
		fl_safetensors_find(s, "model.embed_tokens.weight_shape", &shape);
		if (CHECK(shape != NULL)) {
			memcpy(dims, shape, sizeof dims); /* at any address in the file */
			CHECK(dims[0] == 20011 && dims[1] == 64);
		}
		t = fl_safetensors_find(s, "model.embed_tokens.weight_packed", &packed);
		CHECK(t && t->shape[1] == 16); /* int8: four to a word */
	}
	fl_safetensors_free(s);
	fl_plan_free(plan);
	fl_config_free(&c);
}

/* The tensors of packed/ in the opposite order, as backwards/. */
static void
turn_around(const struct fl_config *c)
{
	struct fl_err err = { 0 };
	struct fl_json *config = fl_config_json(c);
	struct fl_safetensors *s = fl_safetensors_open(test_path(dir, "packed/model.safetensors"), &err);
	struct fl_writer *w = fl_writer_open(test_path(dir, "backwards/"), false, &err);
	struct fl_tensor t[256];
	const void *data;

	if (!CHECK(s && w && s->n < 256))
		return;
	for (size_t i = 0; i < s->n; i++)
		t[i] = s->tensor[s->n - 1 - i];
	CHECK(fl_writer_config(w, config, &err) == 0 &&
	    fl_writer_weights(w, "model.safetensors", t, s->n, NULL, &err) == 0);
	for (size_t i = 0; i < s->n; i++) {
		fl_safetensors_find(s, t[i].name, &data);
		CHECK_OK(fl_writer_put(w, data, t[i].size, &err), &err);
	}
	CHECK_OK(fl_writer_commit(w, &err), &err);
	fl_safetensors_free(s);
	fl_json_free(config);
}

/* packed/ as rows/: the first scale of a row is that of all of it. */
static void
narrow(const struct fl_config *c)
{
	struct fl_err err = { 0 };
	struct fl_json *config = fl_config_json(c);
	struct fl_safetensors *s = fl_safetensors_open(test_path(dir, "packed/model.safetensors"), &err);
	struct fl_writer *w = fl_writer_open(test_path(dir, "rows/"), false, &err);
	struct fl_tensor t[256];
	const char *data;

	if (!CHECK(s && w && s->n < 256))
		return;
	for (size_t i = 0; i < s->n; i++) {
		t[i] = s->tensor[i];
		if (fl_str_ends(t[i].name, ".weight_scale"))
			CHECK(fl_tensor_init(&t[i], t[i].name, FL_BF16, 2, (uint64_t[]){ t[i].shape[0], 1 }) == 0);
	}
	CHECK(fl_writer_config(w, config, &err) == 0 &&
	    fl_writer_weights(w, "model.safetensors", t, s->n, NULL, &err) == 0);
	for (size_t i = 0; i < s->n; i++) {
		const struct fl_tensor *was = fl_safetensors_find(s, t[i].name, (const void **)&data);
		size_t rows = was->size == t[i].size ? 1 : t[i].shape[0];

		for (size_t r = 0; r < rows; r++)
			CHECK_OK(fl_writer_put(w, data + r * (was->size / rows), t[i].size / rows, &err), &err);
	}
	CHECK_OK(fl_writer_commit(w, &err), &err);
	fl_safetensors_free(s);
	fl_json_free(config);
}

static void
unpack(const struct fl_config *c, const char *from, const char *to)
{
	struct fl_plan *plan = fl_plan_new(c, from);

	plan->out.quant.embed = 0;
	for (size_t i = 0; i < plan->inventory->n; i++)
		if (plan->inventory->weight[i].role == FL_EMBED) {
			plan->step[i].kind = FL_STEP_UNPACK;
			plan->step[i].bits = 8;
		}
	apply(plan, test_path(dir, from), to);
	fl_plan_free(plan);
}

static void
an_embedding_is_unpacked_whichever_part_comes_first_and_however_long_its_groups(void)
{
	static const char *const from[] = { "packed", "backwards", "rows" };
	struct fl_config c;
	struct fl_err err = { 0 };
	struct fl_plan *plan;

	make_base(&c, false);
	plan = fl_plan_quantize(&c, "base", NULL,
	    &(struct fl_quantize_opts){ .method = "mse", .head = -1, .embed = -1 }, &err);
	if (!CHECK(plan != NULL))
		return;
	apply(plan, test_path(dir, "base"), test_path(dir, "packed/"));
	turn_around(&plan->out);
	for (int i = 0; i < 3; i++) {
		static uint16_t repeated[2 * 20011];
		struct fl_matrix m = { FL_MATRIX_INT8, 20011, 64, NULL, NULL };
		struct fl_safetensors *a = fl_safetensors_open(test_path(dir, "packed/model.safetensors"), &err), *b;
		float want[64];
		const void *got;

		if (i == 2) {
			plan->out.quant.linear_group = plan->out.quant.head_group = FL_QUANT_ROW;
			plan->out.quant.embed_group = FL_QUANT_ROW;
			narrow(&plan->out);
		}
		unpack(&plan->out, from[i], test_path(dir, "plain/"));
		b = fl_safetensors_open(test_path(dir, "plain/model.safetensors"), &err);
		if (!CHECK(a && b) || !CHECK(fl_safetensors_find(b, "model.embed_tokens.weight", &got)))
			return;
		fl_safetensors_find(a, "model.embed_tokens.weight_packed", &m.data);
		fl_safetensors_find(a, "model.embed_tokens.weight_scale", &m.scales);
		for (size_t r = 0; r < m.rows && i == 2; r++)
			fl_matrix_repeat_scales(repeated + 2 * r, (const char *)m.scales + 4 * r, 1, 2);
		m.scales = i == 2 ? repeated : m.scales;
		for (size_t r = 0; r < m.rows; r++) {
			fl_matrix_rows_f32(&m, r, 1, want);
			if (!CHECK(memcmp((const char *)got + r * sizeof want, want, sizeof want) == 0))
				break;
		}
		CHECK(b->n == a->n - 2);
		fl_safetensors_free(a);
		fl_safetensors_free(b);
		CHECK(unlink(test_path(dir, "plain/model.safetensors")) == 0 && unlink(test_path(dir, "plain/config.json")) == 0 &&
		    rmdir(test_path(dir, "plain")) == 0);
	}
	fl_plan_free(plan);
	fl_config_free(&c);
}

int
main(void)
{
	int status;

	if (!mkdtemp(dir))
		return 1;
	TEST(a_prune_gathers_what_it_keeps);
	TEST(an_untied_head_is_the_embedding);
	TEST(a_layer_that_skips_loses_its_attention_alone);
	TEST(quantized_tensors_follow_each_other_whole);
	TEST(an_embedding_is_unpacked_whichever_part_comes_first_and_however_long_its_groups);
	status = test_done();
	if (fork() == 0)
		execlp("rm", "rm", "-rf", "--", dir, (char *)NULL);
	wait(NULL);
	return status;
}
