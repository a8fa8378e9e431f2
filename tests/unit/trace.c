/* SPDX-License-Identifier: Apache-2.0 */
/* What a measurement's work is on paper, against sums made by hand. */
#include "test.h"

#include "measure/trace.h"
#include "model/cost.h"

/* Sizes as in tests/unit/cost.c. */
static const char text[] = "{\"model_type\": \"llama\", \"hidden_size\": 64, \"intermediate_size\": 96,"
	"\"num_hidden_layers\": 3, \"num_attention_heads\": 4, \"num_key_value_heads\": 2, \"head_dim\": 16,"
	"\"vocab_size\": 100, \"rms_norm_eps\": 1e-6, \"rope_theta\": 10000.0, \"tie_word_embeddings\": true,"
	"\"max_position_embeddings\": 64, \"sliding_window\": 3, \"torch_dtype\": \"bfloat16\","
	"\"layer_types\": [\"full_attention\", \"sliding_attention\", \"skip_attention\"]}";

/* Bytes of the linear layers and of the head in bf16, of a slot of the cache in f32 and in 8 bits. */
enum { LINEAR = 2 * (2 * 12288 + 3 * 18432), HEAD = 2 * 6400, WIDE = 2 * 2 * 16 * 4, SLOT = 2 * (2 * 16 + 20) };

static struct fl_model *
make(void)
{
	struct fl_err err = { 0 };
	struct fl_json *json = fl_json_parse(text, strlen(text), "config.json", &err);
	struct fl_config c = { 0 };
	struct fl_model *m = NULL;

	if (CHECK_OK(fl_config_parse(&c, json, "config.json", &err), &err))
		m = fl_model_random(&c, 0);
	fl_config_free(&c);
	fl_json_free(json);
	return m;
}

static void
a_prompt_reads_its_weights_once_a_chunk(void)
{
	struct fl_model *m = make();
	struct fl_measure_opts o = { .chunk = 4, .tokens = 2, .cache = { FL_KV_F32, false } };
	struct fl_demand w[FL_WORKS];

	fl_demand_prefill(m, &o, 10, w);
	CHECK(w[FL_WORK_GEMM].f32 == 10.0 * (double)fl_cost_linear(&m->config) && w[FL_WORK_GEMM].int8 == 0);
	CHECK(w[FL_WORK_GEMM].bytes == 3 * LINEAR);
	CHECK(w[FL_WORK_HEAD].f32 == (double)fl_cost_head(&m->config) && w[FL_WORK_HEAD].bytes == HEAD);
	CHECK(w[FL_WORK_ATTENTION].f32 == (double)fl_cost_attention(&m->config, 0, 10));
	/* Full: 4, 8, 10. Window: the chunk and two before it, 4, 6, 4. */
	CHECK(w[FL_WORK_ATTENTION].bytes == (22 + 14) * WIDE);
	CHECK(w[FL_WORK_NORM].f32 == 0 && w[FL_WORK_OTHER].bytes == 0);
	fl_model_free(m);
}

static void
scores_of_8_bits_are_integers(void)
{
	struct fl_model *m = make();
	struct fl_measure_opts o = { .chunk = 4, .tokens = 2, .cache = { FL_KV_INT8, false } };
	struct fl_demand w[FL_WORKS];
	double attention = (double)fl_cost_attention(&m->config, 5, 7);

	fl_demand_decode(m, &o, 5, w);
	CHECK(w[FL_WORK_ATTENTION].f32 == attention / 4 && w[FL_WORK_ATTENTION].int8 == attention / 4);
	CHECK(w[FL_WORK_ATTENTION].bytes == (6 + 7 + 3 + 3) * SLOT / 2.0);
	CHECK(w[FL_WORK_GEMM].bytes == LINEAR && w[FL_WORK_HEAD].bytes == HEAD);
	fl_model_free(m);
}

int
main(void)
{
	TEST(a_prompt_reads_its_weights_once_a_chunk);
	TEST(scores_of_8_bits_are_integers);
	return test_done();
}
