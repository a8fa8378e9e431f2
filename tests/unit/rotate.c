/* SPDX-License-Identifier: Apache-2.0 */
/* A rotation, where nothing is cut, leaves what a model computes as it was, whatever norms and biases it has. */
#include "test.h"

#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "io/checkpoint.h"
#include "io/history.h"
#include "model/calibrate.h"
#include "model/forward.h"
#include "model/init.h"
#include "model/prune.h"
#include "model/quantize.h"

enum { TOKENS = 96, VOCAB = 300 };

static const char text[] =
    "{\"model_type\":\"%s\",\"hidden_size\":%d,\"intermediate_size\":%d,\"num_hidden_layers\":3,"
    "\"num_attention_heads\":4,\"num_key_value_heads\":2,\"head_dim\":8,\"vocab_size\":300,"
    "\"rms_norm_eps\":1e-6,\"rope_theta\":10000.0,\"torch_dtype\":\"float32\",\"initializer_range\":0.1,"
    "\"attention_bias\":%s,\"layer_types\":[\"full_attention\",\"skip_attention\",\"full_attention\"],"
    "\"tie_word_embeddings\":%s}";

static int width = 64, ffn = 96;
static char dir[] = "/tmp/fl-rotate-XXXXXX";

static uint32_t
id(size_t i)
{
	return (uint32_t)(i * 7919 % 293 * 31 % VOCAB);
}

/* fl-init's weights, but norms around 1 and biases that are not small. */
static void
put_weight(const struct fl_weight *w, struct fl_writer *out, struct fl_err *err)
{
	size_t n = w->tensor.size / sizeof(float);
	float *x = malloc(n * sizeof *x);

	for (size_t i = 0; i < n; i += FL_INIT_RUN)
		fl_init_values(w, 5, 0.1f, i, n - i < FL_INIT_RUN ? n - i : FL_INIT_RUN, x + i);
	for (size_t i = 0; i < n && w->tensor.ndim == 1; i++)
		x[i] += 0.6f * (float)sin((double)(i * i + 3 * i) + w->layer + w->role);
	CHECK_OK(fl_writer_put(out, x, n * sizeof *x, err), err);
	free(x);
}

static struct fl_json *none; /* the arguments of what is done here */

static void
make_base(struct fl_config *c, const char *family, bool biases, bool tied)
{
	struct fl_err err = { 0 };
	struct fl_str s = { 0 };
	struct fl_inventory *inv;
	struct fl_tensor t[64];
	struct fl_json *json;
	struct fl_writer *w = fl_writer_open(test_path(dir, "base/"), false, &err);

	fl_str_printf(&s, text, family, width, ffn, biases ? "true" : "false", tied ? "true" : "false");
	json = fl_json_parse(s.data, s.len, "config.json", &err);
	if (!json || !w || fl_config_parse(c, json, "base", &err) < 0) {
		printf("Bail out! %s\n", err.text);
		exit(1);
	}
	inv = fl_inventory_new(c, "base");
	for (size_t i = 0; i < inv->n; i++)
		t[i] = inv->weight[i].tensor;
	CHECK(fl_writer_config(w, json, &err) == 0 && fl_writer_weights(w, "model.safetensors", t, inv->n, NULL, &err) == 0);
	for (size_t i = 0; i < inv->n; i++)
		put_weight(&inv->weight[i], w, &err);
	CHECK_OK(fl_history_write(w, NULL, "test", none, NULL, &err), &err);
	CHECK_OK(fl_writer_commit(w, &err), &err);
	fl_inventory_free(inv);
	fl_json_free(json);
	fl_str_free(&s);
}

static void
calibrate(const char *name, const char *metrics)
{
	struct fl_err err = { 0 };
	struct fl_model *m = fl_model_open(test_path(dir, name), &err);
	struct fl_metrics *out = fl_metrics_new(&m->config);
	uint32_t ids[TOKENS];
	struct fl_windows w = { .id = ids, .n = TOKENS };

	for (size_t i = 0; i < TOKENS; i++)
		ids[i] = id(i);
	for (int i = FL_FFN_MOMENT; i <= FL_ATTN_MOMENT; i++)
		CHECK_OK(fl_metrics_make_moments(out, (enum fl_moment)i, &err), &err);
	CHECK_OK(fl_windows_init(&w, &m->config, 32, 0, -1, &err), &err);
	CHECK_OK(fl_calibrate(m, &w, 3, out, &err), &err);
	CHECK_OK(fl_metrics_write(out, test_path(dir, metrics), &err), &err);
	fl_metrics_free(out);
	fl_model_free(m);
}

static void
logits(const char *name, float *out)
{
	struct fl_err err = { 0 };
	struct fl_model *m = fl_model_open(test_path(dir, name), &err);
	struct fl_forward *f;
	uint32_t ids[TOKENS];

	if (!test_check(m != NULL, __FILE__, __LINE__, name, err.text))
		return;
	for (size_t i = 0; i < TOKENS; i++)
		ids[i] = id(i + 50);
	f = fl_forward_new(m, TOKENS, 0, NULL);
	CHECK_OK(fl_forward_batch(f, ids, 1, TOKENS, &err), &err);
	fl_forward_logits_of(f, 0, TOKENS, out);
	fl_forward_free(f);
	fl_model_free(m);
}

static int
apply(struct fl_plan *plan, const char *from, const char *to)
{
	struct fl_sink sink = { .output = test_path(dir, to), .tool = "test" };
	struct fl_err err = { 0 };
	struct fl_reader *in = fl_reader_open(test_path(dir, from), &err);
	int bad = in ? fl_plan_apply(plan, in, &sink, none, &err) : -1;

	if (bad)
		printf("# %s: %s\n", to, err.text);
	fl_reader_close(in);
	fl_plan_free(plan);
	return bad;
}

static int
rotate(const struct fl_config *c, const char *to, bool tie)
{
	struct fl_prune_opts opts = { .score = "flash", .layer_score = "flash", .block = 32, .align = 32, .rotate = true,
		.tie = tie, .untie = !tie };
	struct fl_err err = { 0 };
	struct fl_metrics *m = fl_metrics_read(test_path(dir, "metrics"), &err);
	struct fl_arch same;
	struct fl_plan *plan;
	int bad;

	fl_config_arch(c, &same);
	plan = m ? fl_plan_prune(c, "base", &same, m, &opts, &err) : NULL;
	if (!test_check(plan, __FILE__, __LINE__, "plan", err.text))
		return -1;
	CHECK(plan->out.tied == tie);
	bad = apply(plan, "base", to);
	fl_metrics_free(m);
	return bad;
}

/* In 4 bits; or, by no method, what the rotation alone makes of it. */
static int
quantize(const char *from, const char *metrics, bool rotate, const char *method, const char *to)
{
	struct fl_quantize_opts opts = { .method = method ? method : "rtn", .head = -1, .embed = -1, .rotate = rotate };
	struct fl_err err = { 0 };
	struct fl_metrics *m = fl_metrics_read(test_path(dir, metrics), &err);
	struct fl_config c;
	struct fl_reader *in = fl_config_open(test_path(dir, from), &c, &err);
	struct fl_plan *plan = m && in ? fl_plan_quantize(&c, from, m, &opts, &err) : NULL;
	int bad;

	if (!test_check(plan != NULL, __FILE__, __LINE__, from, err.text))
		return -1;
	if (!method)
		plan->out.quant = (struct fl_quant){ 0 };
	for (size_t i = 0; i < plan->inventory->n && !method; i++)
		plan->step[i].kind = FL_STEP_COPY;
	fl_reader_close(in);
	fl_config_free(&c);
	bad = apply(plan, from, to);
	fl_metrics_free(m);
	return bad;
}

/* The part of two files' bytes that are not the same. */
static double
difference(const char *a, const char *b)
{
	struct fl_err err = { 0 };
	struct fl_file x = { 0 }, y = { 0 };
	size_t other = 0, n;

	if (!CHECK(fl_file_open(&x, test_path(dir, a), SIZE_MAX, &err) == 0 &&
		fl_file_open(&y, test_path(dir, b), SIZE_MAX, &err) == 0 && x.size == y.size))
		return 1;
	n = x.size;
	for (size_t i = 0; i < n; i++)
		other += x.data[i] != y.data[i];
	fl_file_close(&x);
	fl_file_close(&y);
	return (double)other / (double)n;
}

/* Are base and `turned` the same function? */
static void
compare(const char *turned, const char *family)
{
	static float a[TOKENS * VOCAB], b[TOKENS * VOCAB];
	double most = 0, off = 0;

	logits("base", a);
	logits(turned, b);
	for (size_t i = 0; i < TOKENS * VOCAB; i++) {
		most = fmax(most, fabs((double)a[i]));
		off = fmax(off, fabs((double)a[i] - (double)b[i]));
	}
	if (!CHECK(most > 0.1 && off < 2e-5 * most))
		printf("# %s: %g of %g\n", family, off, most);
}

static void
check_pruned(const char *family, bool biases, bool tied, bool tie)
{
	struct fl_config c;

	make_base(&c, family, biases, tied);
	calibrate("base", "metrics");
	if (CHECK(rotate(&c, "turned/", tie) == 0))
		compare("turned", family);
	fl_config_free(&c);
}

/* Rounded on the way, or afterwards, when the moments have been measured again: the same. */
static void
check_quantized(const char *family, bool biases, bool tied)
{
	static const char *const method[] = { "rtn", "mse", "calib", "gptq" };
	struct fl_config c;

	make_base(&c, family, biases, tied);
	fl_config_free(&c);
	calibrate("base", "metrics");
	if (!CHECK(quantize("base", "metrics", true, NULL, "mixed/") == 0))
		return;
	compare("mixed", family);
	CHECK(difference("base/model.safetensors", "mixed/model.safetensors") > 0.1);
	calibrate("mixed", "again");
	for (size_t i = 0; i < 4; i++) {
		CHECK(quantize("base", "metrics", true, method[i], "a/") == 0);
		CHECK(quantize("mixed", "again", false, method[i], "b/") == 0);
		/* Of what is measured again the last bits are not the same, and what is halfway may be rounded another way */
		CHECK(difference("a/model.safetensors", "b/model.safetensors") <= (i < 2 ? 0 : 0.001));
	}
}

static void
all_directions_compute_the_same(void)
{
	check_pruned("llama", true, false, false); /* o_proj has one too */
	check_pruned("llama", false, true, false);
	check_pruned("qwen2", false, true, false);
	check_pruned("qwen3", false, false, false);
	check_pruned("mistral", false, true, false);
}

static void
a_tied_model_stays_tied(void)
{
	check_pruned("qwen3", false, true, true);
	check_pruned("llama", true, true, true);
}

static void
a_mix_of_all_dimensions_computes_the_same(void)
{
	check_quantized("llama", true, false);
	check_quantized("qwen2", false, false);
}

static void
tied_dimensions_in_another_order_compute_the_same(void)
{
	check_quantized("qwen3", false, true);
	check_quantized("llama", true, true);
}

/* Of which passage.c has a part in hand at a time. */
static void
large_matrices_compute_the_same(void)
{
	width = 1024, ffn = 1056;
	for (int tied = 0; tied < 2; tied++) {
		struct fl_config c;

		make_base(&c, "llama", false, tied);
		fl_config_free(&c);
		calibrate("base", "metrics");
		CHECK(quantize("base", "metrics", true, NULL, "mixed/") == 0);
		compare("mixed", "wide llama");
		CHECK(quantize("base", "metrics", true, "rtn", "a/") == 0 && quantize("mixed", "metrics", false, "rtn", "b/") == 0);
		CHECK(difference("a/model.safetensors", "b/model.safetensors") == 0);
	}
	width = 64, ffn = 96;
}

static void
the_order_is_that_of_all_norms_together(void)
{
	struct fl_quantize_opts opts = { .method = "rtn", .head = -1, .embed = -1, .rotate = true };
	struct fl_err err = { 0 };
	struct fl_config c;
	struct fl_metrics *m;
	struct fl_plan *plan;
	double last = INFINITY;
	bool seen[64] = { false };

	make_base(&c, "qwen3", false, true);
	calibrate("base", "metrics");
	m = fl_metrics_read(test_path(dir, "metrics"), &err);
	plan = m ? fl_plan_quantize(&c, "base", m, &opts, &err) : NULL;
	if (!test_check(plan && plan->width.n == 64, __FILE__, __LINE__, "plan", err.text))
		return;
	for (size_t i = 0; i < 64; i++) {
		size_t dim = plan->width.index[i];
		double product = 1;

		for (size_t s = 0; s < 7; s++)
			if (s != 2) /* layer 1 has no attention */
				product *= fabs(m->sum[FL_DIM_WEIGHT][s * 64 + dim]);
		CHECK(product <= last * (1 + 1e-6) && !seen[dim]);
		last = product;
		seen[dim] = true;
	}
	fl_plan_free(plan);
	fl_metrics_free(m);
	fl_config_free(&c);
}

static void
norms_of_another_model_are_refused(void)
{
	struct fl_config c;
	FILE *f;

	make_base(&c, "llama", true, false);
	calibrate("base", "metrics");
	f = fopen(test_path(dir, "base/model.safetensors"), "r+b");
	if (!CHECK(f != NULL))
		return;
	/* The final norm stands before the head, which is last. */
	CHECK(fseek(f, -(long)sizeof(float) * (VOCAB * 64 + 1), SEEK_END) == 0 && fwrite("\0\0\0\100", 4, 1, f) == 1);
	fclose(f);
	CHECK(rotate(&c, "refused/", false) < 0);
	CHECK(access(test_path(dir, "refused"), F_OK) < 0);
	fl_config_free(&c);
}

int
main(void)
{
	int status;

	if (!mkdtemp(dir))
		return 1;
	none = fl_json_new_array();
	TEST(all_directions_compute_the_same);
	TEST(a_tied_model_stays_tied);
	TEST(a_mix_of_all_dimensions_computes_the_same);
	TEST(tied_dimensions_in_another_order_compute_the_same);
	TEST(large_matrices_compute_the_same);
	TEST(the_order_is_that_of_all_norms_together);
	TEST(norms_of_another_model_are_refused);
	status = test_done();
	fl_json_free(none);
	if (fork() == 0)
		execlp("rm", "rm", "-rf", "--", dir, (char *)NULL);
	wait(NULL);
	return status;
}
