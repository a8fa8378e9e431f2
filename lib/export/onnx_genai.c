/* SPDX-License-Identifier: Apache-2.0 */
/* genai_config.json, by which onnxruntime-genai runs the decoder: names, sizes, the tokens at which a text
 * ends. What it says of sampling is its own default, greedy. */
#include "export/onnx_impl.h"
#include "model/special.h"

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

/* Without an end of text, onnxruntime-genai takes what pads for one, and 0 for that: it is better a token that no text
 * gives. Where none is named, the end pads, as in files of its own builder. */
static void
set_tokens(struct fl_json *model, const struct fl_special *s)
{
	long pad = s->pad >= 0 ? s->pad : s->ends.n ? (long)s->ends.v[0] : s->unused;
	struct fl_json *ends = fl_json_new_array();

	for (size_t i = 0; i < s->ends.n; i++)
		fl_json_push(ends, fl_json_new_int(s->ends.v[i]));
	if (s->bos >= 0)
		fl_json_set(model, "bos_token_id", fl_json_new_int(s->bos));
	if (s->ends.n)
		fl_json_set(model, "eos_token_id", fl_json_copy(s->ends.n > 1 ? ends : fl_json_at(ends, 0)));
	if (pad >= 0)
		fl_json_set(model, "pad_token_id", fl_json_new_int(pad));
	fl_json_free(ends);
}

struct fl_json *
fl_onnx_genai(const struct fl_model *m, int caches, struct fl_err *err)
{
	const struct fl_config *c = &m->config;
	struct fl_json *all, *model, *search;
	struct fl_special special;

	if (fl_special_of_model(&special, m, NULL, err) < 0) {
		fl_special_free(&special);
		return NULL;
	}
	fl_special_remark(&special, fl_model_name(m), ", and genai_config.json names none");
	all = fl_json_new_object(), model = fl_json_new_object(), search = fl_json_new_object();
	fl_json_set(model, "type", fl_json_new_str(c->family->own_code ? "llama" : c->family->model_type));
	fl_json_set(model, "vocab_size", fl_json_new_int(c->vocab));
	fl_json_set(model, "context_length", fl_json_new_int(c->context));
	set_tokens(model, &special);
	fl_json_set(model, "decoder", decoder(c, caches));
	fl_json_set(search, "max_length", fl_json_new_int(c->context));
	fl_json_set(search, "past_present_share_buffer", fl_json_new_bool(true));
	fl_json_set(all, "model", model);
	fl_json_set(all, "search", search);
	fl_special_free(&special);
	return all;
}
