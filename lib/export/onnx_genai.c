/* SPDX-License-Identifier: Apache-2.0 */
/* genai_config.json, by which onnxruntime-genai runs the decoder: names, sizes, the tokens at which a text
 * ends. What it says of sampling is its own default, greedy. */
#include "export/onnx_impl.h"

static struct fl_json *
inputs(void)
{
	struct fl_json *v = fl_json_new_object();

	fl_json_set(v, "input_ids", fl_json_new_str("input_ids"));
	fl_json_set(v, "attention_mask", fl_json_new_str("attention_mask"));
	fl_json_set(v, "past_key_names", fl_json_new_str("past_key_values.%d.key"));
	fl_json_set(v, "past_value_names", fl_json_new_str("past_key_values.%d.value"));
	return v;
}

static struct fl_json *
outputs(void)
{
	struct fl_json *v = fl_json_new_object();

	fl_json_set(v, "logits", fl_json_new_str("logits"));
	fl_json_set(v, "present_key_names", fl_json_new_str("present.%d.key"));
	fl_json_set(v, "present_value_names", fl_json_new_str("present.%d.value"));
	return v;
}

static struct fl_json *
decoder(const struct fl_config *c, int caches)
{
	struct fl_json *v = fl_json_new_object(), *session = fl_json_new_object();

	fl_json_set(session, "provider_options", fl_json_new_array());
	fl_json_set(v, "session_options", session);
	fl_json_set(v, "filename", fl_json_new_str(FL_ONNX_MODEL_NAME));
	fl_json_set(v, "head_size", fl_json_new_int(c->head_dim));
	fl_json_set(v, "hidden_size", fl_json_new_int(c->width));
	fl_json_set(v, "num_attention_heads", fl_json_new_int(c->heads));
	fl_json_set(v, "num_key_value_heads", fl_json_new_int(c->kv_heads));
	fl_json_set(v, "num_hidden_layers", fl_json_new_int(caches));
	fl_json_set(v, "inputs", inputs());
	fl_json_set(v, "outputs", outputs());
	return v;
}

/* A copy of the first of these that is there. */
static struct fl_json *
first_of(const struct fl_json *a, const struct fl_json *b, const char *key)
{
	const struct fl_json *v = fl_json_get(a, key);

	if (fl_json_type(v) == FL_JSON_NONE || fl_json_type(v) == FL_JSON_NULL)
		v = fl_json_get(b, key);
	return fl_json_type(v) == FL_JSON_NONE || fl_json_type(v) == FL_JSON_NULL ? NULL : fl_json_copy(v);
}

static void
set_tokens(struct fl_json *model, const struct fl_json *generation, const struct fl_json *config)
{
	struct fl_json *eos = first_of(generation, config, "eos_token_id");
	struct fl_json *bos = first_of(generation, config, "bos_token_id");
	struct fl_json *pad = first_of(generation, config, "pad_token_id");
	const struct fl_json *one = fl_json_type(eos) == FL_JSON_ARRAY ? fl_json_at(eos, 0) : eos;

	if (!pad && one)
		pad = fl_json_copy(one);
	if (bos)
		fl_json_set(model, "bos_token_id", bos);
	if (eos)
		fl_json_set(model, "eos_token_id", eos);
	if (pad)
		fl_json_set(model, "pad_token_id", pad);
}

struct fl_json *
fl_onnx_genai(const struct fl_model *m, int caches, struct fl_err *err)
{
	const struct fl_config *c = &m->config;
	size_t len;
	const char *text = fl_model_member(m, "generation_config.json", &len);
	struct fl_json *generation = NULL, *all, *model, *search;

	if (text && !(generation = fl_json_parse(text, len, "generation_config.json", err))) {
		fl_err_prefix(err, "'%s'", fl_model_name(m));
		return NULL;
	}
	all = fl_json_new_object(), model = fl_json_new_object(), search = fl_json_new_object();
	fl_json_set(model, "type", fl_json_new_str(c->family->own_code ? "llama" : c->family->model_type));
	fl_json_set(model, "vocab_size", fl_json_new_int(c->vocab));
	fl_json_set(model, "context_length", fl_json_new_int(c->context));
	set_tokens(model, generation, c->json);
	fl_json_set(model, "decoder", decoder(c, caches));
	fl_json_set(search, "max_length", fl_json_new_int(c->context));
	fl_json_set(search, "past_present_share_buffer", fl_json_new_bool(true));
	fl_json_set(all, "model", model);
	fl_json_set(all, "search", search);
	fl_json_free(generation);
	return all;
}
