/* SPDX-License-Identifier: Apache-2.0 */
/* A model whose quantized weights are in panels: it computes what training with quantization simulates in floats,
 * and holds no more than its weights. */
#include "test.h"

#include "base/alloc.h"
#include "base/json.h"
#include "compute/panels.h"
#include "model/forward.h"
#include "model/plan.h"
#include "model/quantize.h"

enum { ROWS = 24, VOCAB = 70, WIDTH = 64, FFN = 96, HEADS = 4, KV_HEADS = 2, DIM = 32, LAYERS = 2 };

static struct fl_err err;

static struct fl_config
make_config(bool tied, int head)
{
	char text[600];
	struct fl_config c = { 0 };
	struct fl_json *json;
	struct fl_plan *plan;

	snprintf(text, sizeof text, "{ \"model_type\": \"llama\", \"hidden_size\": %d, \"intermediate_size\": %d, "
	    "\"num_hidden_layers\": %d, \"num_attention_heads\": %d, \"num_key_value_heads\": %d, \"head_dim\": %d, "
	    "\"vocab_size\": %d, \"rms_norm_eps\": 1e-5, \"max_position_embeddings\": 64, "
	    "\"torch_dtype\": \"float32\", \"tie_word_embeddings\": %s }", WIDTH, FFN, LAYERS, HEADS, KV_HEADS, DIM,
	    VOCAB, tied ? "true" : "false");
	json = fl_json_parse(text, strlen(text), "test", &err);
	CHECK(json && fl_config_parse(&c, json, "test", &err) == 0);
	fl_json_free(json);
	if (head < 0)
		return c;
	plan = fl_plan_quantize(&c, "test", NULL, &(struct fl_quantize_opts){ .method = "rtn", .head = head,
	    .embed = tied ? -1 : 8 }, &err);
	if (CHECK(plan))
		c.quant = plan->out.quant;
	fl_plan_free(plan);
	return c;
}

static float *
put_matrix(float *w, const struct fl_matrix *m)
{
	fl_matrix_rows_f32(m, 0, m->rows, w);
	return w + m->rows * m->cols;
}

static float *
put_vector(float *w, const float *v, size_t n)
{
	memcpy(w, v, n * sizeof *w);
	return w + n;
}

/* All weights of m as floats, in the order of the inventory. */
static float *
floats_of(const struct fl_model *m)
{
	float *all = fl_alloc(fl_config_parameters(&m->config), sizeof *all), *w = put_matrix(all, &m->embed);

	for (int i = 0; i < LAYERS; i++) {
		const struct fl_layer *l = &m->layer[i];
		const struct fl_matrix *attention[] = { &l->q, &l->k, &l->v, &l->o };
		const struct fl_matrix *ffn[] = { &l->gate, &l->up, &l->down };

		w = put_vector(w, l->attn_norm, WIDTH);
		for (int k = 0; k < 4; k++)
			w = put_matrix(w, attention[k]);
		w = put_vector(w, l->ffn_norm, WIDTH);
		for (int k = 0; k < 3; k++)
			w = put_matrix(w, ffn[k]);
	}
	w = put_vector(w, m->final_norm, WIDTH);
	if (!m->config.tied)
		w = put_matrix(w, &m->head);
	CHECK((size_t)(w - all) == fl_config_parameters(&m->config));
	return all;
}

/* Logits of ROWS tokens, the caller's; f is done with. */
static float *
logits_of(struct fl_forward *f)
{
	float *out = fl_alloc(ROWS * VOCAB, sizeof *out);
	uint32_t ids[ROWS];

	for (uint32_t i = 0; i < ROWS; i++)
		ids[i] = i * 29 % VOCAB;
	CHECK_OK(fl_forward_batch(f, ids, 2, ROWS / 2, &err), &err);
	fl_forward_logits_of(f, 0, ROWS, out);
	fl_forward_free(f);
	return out;
}

/* Root of the mean of squares. */
static double
distance(const float *a, const float *b)
{
	double sum = 0;

	for (size_t i = 0; i < ROWS * VOCAB; i++)
		sum += ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
	return sqrt(sum / (ROWS * VOCAB));
}

/* An activation half between two integers may go either way, so that the two are not quite equal. */
static void
check_model(bool tied, int head)
{
	struct fl_config c = make_config(tied, head), plain = make_config(tied, -1);
	struct fl_model *packed = fl_model_random(&c, 3), *stored = fl_model_random(&c, 3), *floats;
	float *w = floats_of(stored), *a, *b, *x;

	fl_model_pack(packed);
	floats = fl_model_f32(&plain, w);
	a = logits_of(fl_forward_new(packed, ROWS, 0, NULL));
	b = logits_of(fl_forward_new_kept(floats, ROWS, FL_ACTS_ALL, false, true));
	x = logits_of(fl_forward_new(stored, ROWS, 0, NULL));
	if (!CHECK(distance(a, b) < 0.05 * distance(a, x)))
		printf("# tied %d, head %d: %g from the simulation, %g from floats\n", tied, head, distance(a, b),
		    distance(a, x));
	free(a);
	free(b);
	free(x);
	free(w);
	fl_model_free(packed);
	fl_model_free(stored);
	fl_model_free(floats);
	fl_config_free(&c);
	fl_config_free(&plain);
}

static void
a_packed_model_computes_what_training_simulates(void)
{
	check_model(true, 4);
	check_model(true, 8);
	check_model(false, 4);
	check_model(false, 8);
}

static void
what_is_not_quantized_stays_as_it_is(void)
{
	struct fl_config c = make_config(false, 0);
	struct fl_model *m = fl_model_random(&c, 1);
	const void *embed = m->embed.data, *head = m->head.data;

	fl_model_pack(m);
	CHECK(m->embed.data == embed && m->embed.kind == FL_MATRIX_INT8);
	CHECK(m->head.data == head && m->head.kind == FL_MATRIX_F32);
	CHECK(m->layer[1].down.kind == FL_MATRIX_PANELS4);
	fl_model_free(m);
	fl_config_free(&c);
}

static void
a_tied_embedding_is_held_once(void)
{
	struct fl_config c = make_config(true, 8);
	struct fl_model *m = fl_model_random(&c, 1);

	fl_model_pack(m);
	CHECK(m->embed.data == m->head.data && m->embed.kind == FL_MATRIX_PANELS8);
	fl_model_free(m);
	fl_config_free(&c);
}

int
main(void)
{
	TEST(a_packed_model_computes_what_training_simulates);
	TEST(what_is_not_quantized_stays_as_it_is);
	TEST(a_tied_embedding_is_held_once);
	return test_done();
}
