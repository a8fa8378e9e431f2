/* SPDX-License-Identifier: Apache-2.0 */
/* Parameter counts are those the models' makers publish. */
#include "test.h"

#include <unistd.h>

#include "base/str.h"
#include "model/config.h"
#include "model/fingerprint.h"
#include "model/roles.h"

static const char base[] =
    "{\"hidden_size\":64,\"intermediate_size\":96,\"num_hidden_layers\":3,"
    "\"num_attention_heads\":4,\"num_key_value_heads\":2,\"vocab_size\":100,"
    "\"rms_norm_eps\":1e-5,\"rope_theta\":10000.0%s%s}";

/* Parses the base configuration, a llama unless more says otherwise, with more fields, given as
 * `,"key":value`. */
static int
parse(struct fl_config *c, const char *more, struct fl_err *err)
{
	struct fl_str s = { 0 };
	struct fl_json *json;
	int got;

	*err = (struct fl_err){ 0 };
	fl_str_printf(&s, base, strstr(more, "model_type") ? "" : ",\"model_type\":\"llama\"", more);
	json = fl_json_parse(s.data, s.len, "config.json", err);
	fl_str_free(&s);
	if (!json)
		return -1;
	got = fl_config_parse(c, json, "m", err);
	fl_json_free(json);
	return got;
}

static void
refuses(const char *more, const char *word)
{
	struct fl_config c;
	struct fl_err err;
	bool refused = parse(&c, more, &err) < 0;

	if (!CHECK(refused) || !CHECK(strstr(err.text, word) != NULL))
		printf("# with %s: %s\n", more, err.text);
	CHECK(!refused || err.code == FL_EXIT_DATA);
	fl_config_free(&c);
}

static void
defaults_follow_the_family(void)
{
	struct fl_config c;
	struct fl_err err;

	CHECK_OK(parse(&c, "", &err), &err);
	CHECK(c.head_dim == 16 && c.context == 2048 && !c.tied && c.dtype == FL_F32);
	CHECK_STR(c.pattern, "fff");
	CHECK(c.rope.kind == FL_ROPE_PLAIN && c.rope.theta == 10000);
	fl_config_free(&c);
}

static void
both_spellings_of_rope_and_dtype_mean_the_same(void)
{
	struct fl_config a, b;
	struct fl_err err;
	char x[FL_DIGEST_LEN], y[FL_DIGEST_LEN];

	CHECK_OK(parse(&a,
		     ",\"torch_dtype\":\"bfloat16\",\"rope_scaling\":{\"rope_type\":\"llama3\",\"factor\":32.0,"
		     "\"low_freq_factor\":1.0,\"high_freq_factor\":4.0,"
		     "\"original_max_position_embeddings\":8192}", &err), &err);
	CHECK_OK(parse(&b,
		     ",\"dtype\":\"bfloat16\",\"rope_parameters\":{\"rope_theta\":10000.0,"
		     "\"rope_type\":\"llama3\",\"factor\":32,\"low_freq_factor\":1,\"high_freq_factor\":4,"
		     "\"original_max_position_embeddings\":8192}", &err), &err);
	CHECK(a.dtype == FL_BF16 && a.rope.kind == FL_ROPE_LLAMA3 && a.rope.factor == 32);
	CHECK_STR(fl_config_fingerprint(&a, x), fl_config_fingerprint(&b, y));
	fl_config_free(&a);
	fl_config_free(&b);
}

static void
what_changes_the_computation_is_refused_by_name(void)
{
	refuses(",\"drop_attn_list\":[1]", "drop_attn_list");
	refuses(",\"auto_map\":{\"AutoModel\":\"x\"}", "auto_map");
	refuses(",\"logit_scale\":2.0", "logit_scale");
	refuses(",\"share_embedding\":true", "share_embedding");
	refuses(",\"attention_bias\":1", "attention_bias");
	refuses(",\"mlp_bias\":true", "mlp_bias");
	refuses(",\"hidden_act\":\"gelu\"", "gelu");
	refuses(",\"sliding_window\":4096", "sliding_window");
	refuses(",\"rope_scaling\":{\"type\":\"longrope\",\"factor\":2.0}", "longrope");
	refuses(",\"rope_parameters\":{\"rope_theta\":5.0}", "rope_parameters");
	refuses(",\"rope_parameters\":{\"partial_rotary_factor\":0.5}", "partial_rotary_factor");
	refuses(",\"layer_types\":[\"full_attention\",\"full_attention\"]", "layer_types");
	refuses(",\"layer_types\":[\"conv\",\"full_attention\",\"full_attention\"]", "conv");
	refuses(",\"dtype\":\"float8_e4m3fn\"", "float8_e4m3fn");
	refuses(",\"head_dim\":7", "head_dim");
	refuses(",\"tie_word_embeddings\":\"yes\"", "tie_word_embeddings");
	refuses(",\"use_sliding_window\":1", "use_sliding_window");
	refuses(",\"quantization_config\":{\"quant_method\":\"gptq\"}", "gptq");
}

static void
rope_scaling_out_of_range_is_refused_by_name(void)
{
	refuses(",\"rope_scaling\":{\"type\":\"linear\"}", "factor");
	refuses(",\"rope_scaling\":{\"type\":\"linear\",\"factor\":-1}", "factor");
	refuses(",\"rope_scaling\":{\"type\":\"dynamic\",\"factor\":2.0,\"alpha\":1000}", "alpha");
	refuses(",\"rope_scaling\":{\"type\":\"yarn\",\"factor\":2.0,\"original_max_position_embeddings\":2.5}", "original_max");
	refuses(",\"rope_scaling\":{\"type\":\"yarn\",\"factor\":2.0,\"beta_fast\":-1}", "beta_fast");
	refuses(",\"rope_scaling\":{\"type\":\"yarn\",\"factor\":2.0,\"attention_factor\":0}", "attention_factor");
	refuses(",\"rope_scaling\":{\"type\":\"yarn\",\"factor\":2.0,\"mscale\":\"x\"}", "mscale");
	refuses(",\"rope_scaling\":{\"type\":\"yarn\",\"factor\":2.0,\"truncate\":1}", "truncate");
	refuses(",\"rope_scaling\":{\"type\":\"yarn\",\"factor\":2.0,\"extrapolation_factor\":0.5}", "extrapolation_factor");
	refuses(",\"rope_scaling\":{\"type\":\"linear\",\"factor\":2.0,\"rope_theta\":5.0}", "rope_theta");
	refuses(",\"rope_parameters\":{\"full_attention\":{\"rope_type\":\"linear\",\"factor\":2.0}}", "full_attention");
	refuses(",\"rope_scaling\":{\"type\":\"linear\",\"factor\":2.0},"
		"\"rope_parameters\":{\"rope_type\":\"linear\",\"factor\":4.0}", "rope_parameters");
}

/* Each is added to the configuration, and the fingerprint stays. */
static void
fields_that_leave_the_computation_alone_are_read(void)
{
	static const char *const fields[] = {
		"\"transformers.js_config\":{\"kv_cache_dtype\":{\"q4f16\":\"float16\"}}", "\"_attn_implementation\":\"sdpa\"",
		"\"_attn_implementation_autoset\":true", "\"_attn_implementation\":{\"\":\"eager\"}", "\"_commit_hash\":\"1a2b\"",
		"\"_flash_attn_2_enabled\":true", "\"temperature\":0.6", "\"top_p\":0.9", "\"do_sample\":true", "\"max_length\":4096",
		"\"suppress_tokens\":[1,2]", "\"num_beams\":4", "\"gradient_checkpointing\":true", "\"attention_dropout\":0.1",
		"\"classifier_dropout\":0.1", "\"embd_pdrop\":0.1", "\"router_aux_loss_coef\":0.01", "\"unsloth_fixed\":true",
		"\"cls_token_id\":5", "\"image_token_id\":151655",
		"\"name_or_path\":\"a/b\"", "\"is_decoder\":true", "\"max_sequence_length\":2048", "\"finetuning_task\":\"x\"",
		"\"rope_interleaved\":false", "\"partial_rotary_factor\":1.0", "\"partial_rotary_factor\":1",
		"\"num_nextn_predict_layers\":0", "\"mtp_num_layers\":0", "\"num_local_experts\":0", "\"kv_lora_rank\":0",
		"\"embedding_multiplier\":1.0", "\"residual_multiplier\":1", "\"logits_scaling\":1.0", "\"logit_scale\":1.0",
		"\"attention_multiplier\":0.25", "\"query_pre_attn_scalar\":16", "\"rotary_dim\":16", "\"is_causal\":true",
		"\"final_logit_softcapping\":null", "\"pruned_heads\":{}", "\"hidden_act\":\"swish\"",
		"\"rope_scaling\":{\"type\":\"linear\",\"factor\":1.0}", "\"rope_scaling\":{\"type\":\"yarn\",\"factor\":1.0}",
		"\"rope_scaling\":{\"type\":\"default\",\"factor\":4.0,\"partial_rotary_factor\":1.0}",
	};
	struct fl_config c;
	struct fl_err err;
	char plain[FL_DIGEST_LEN], hex[FL_DIGEST_LEN], more[256];

	CHECK_OK(parse(&c, "", &err), &err);
	fl_config_fingerprint(&c, plain);
	fl_config_free(&c);
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		snprintf(more, sizeof more, ",%s", fields[i]);
		if (CHECK_OK(parse(&c, more, &err), &err))
			CHECK_STR(fl_config_fingerprint(&c, hex), plain);
		fl_config_free(&c);
	}
}

/* The same names, and others like them, where the value says that something is on. */
static void
fields_that_are_on_are_refused_by_name(void)
{
	static const char *const fields[][2] = {
		{ "rope_interleaved", "true" }, { "partial_rotary_factor", "0.5" }, { "partial_rotary_factor", "0" },
		{ "num_nextn_predict_layers", "1" }, { "mtp_num_layers", "2" }, { "num_local_experts", "8" },
		{ "kv_lora_rank", "512" }, { "embedding_multiplier", "12.0" }, { "embedding_multiplier", "0" },
		{ "residual_multiplier", "0.22" }, { "logits_scaling", "8" }, { "attention_multiplier", "1.0" },
		{ "query_pre_attn_scalar", "256" }, { "rotary_dim", "8" }, { "softmax_scale", "1.0" }, { "attn_scale", "1" },
		{ "is_causal", "false" }, { "is_causal", "null" }, { "final_logit_softcapping", "30.0" },
		{ "attn_logit_softcapping", "0.0" }, { "pruned_heads", "{\"0\":[1]}" }, { "per_layer_config", "{\"0\":{\"x\":1}}" },
		{ "is_encoder_decoder", "true" }, { "add_cross_attention", "true" }, { "use_bidirectional_attention", "true" },
		{ "no_rope_layers", "[1,0,1]" }, { "_sliding_window_pattern", "6" }, { "_rope", "{\"type\":\"linear\"}" },
		{ "position_embedding_type", "\"alibi\"" }, { "alibi", "true" }, { "depth_scale", "0.5" },
		{ "attention_chunk_size", "64" }, { "quantization", "{\"bits\":4}" }, { "text_config", "{\"hidden_size\":1}" },
		{ "mup_base", "\"\"" }, { "early_exit_layer", "0" }, { "layer_norm_eps", "1e-5" }, { "a.b", "1" },
	};
	char more[256];

	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		snprintf(more, sizeof more, ",\"%s\":%s", fields[i][0], fields[i][1]);
		refuses(more, fields[i][0]);
	}
}

static void
what_is_off_or_harmless_is_not_refused(void)
{
	struct fl_config c;
	struct fl_err err;

	CHECK_OK(parse(&c, ",\"drop_attn_list\":null,\"attention_bias\":false,\"pretraining_tp\":1,"
			   "\"use_cache\":true,\"strange\":[]", &err), &err);
	fl_config_free(&c);
}

static void
layer_types_become_letters_and_back(void)
{
	struct fl_config c, again;
	struct fl_err err;
	struct fl_json *json;

	CHECK_OK(parse(&c, ",\"layer_types\":[\"full_attention\",\"sliding_attention\",\"skip_attention\"]"
			   ",\"sliding_window\":64", &err), &err);
	CHECK_STR(c.pattern, "fws");
	CHECK(c.window == 64);
	json = fl_config_json(&c);
	CHECK_OK(fl_config_parse(&again, json, "m", &err), &err);
	CHECK_STR(again.pattern, "fws");
	CHECK(again.window == 64);
	fl_json_free(json);
	fl_config_free(&again);
	fl_config_free(&c);
}

/* What a configuration of the family, with `more`, makes of the pattern and the window. */
static void
reads(const char *family, const char *more, const char *pattern, int window)
{
	struct fl_config c, again;
	struct fl_err err;
	struct fl_str s = { 0 };
	struct fl_json *json;

	fl_str_printf(&s, ",\"model_type\":\"%s\"%s", family, more);
	if (CHECK_OK(parse(&c, s.data, &err), &err)) {
		CHECK_STR(c.pattern, pattern);
		CHECK(c.window == window);
		json = fl_config_json(&c);
		CHECK_OK(fl_config_parse(&again, json, "m", &err), &err);
		CHECK_STR(again.pattern, pattern);
		CHECK(again.window == window);
		fl_json_free(json);
		fl_config_free(&again);
	}
	fl_config_free(&c);
	fl_str_free(&s);
}

static void
windows_are_where_transformers_has_them(void)
{
	reads("mistral", "", "www", 4096);
	reads("mistral", ",\"sliding_window\":null", "fff", 0);
	reads("mistral", ",\"sliding_window\":9", "www", 9);
	reads("mistral", ",\"sliding_window\":9,\"layer_types\":[\"full_attention\","
			 "\"sliding_attention\",\"skip_attention\"]", "fws", 9);
	reads("qwen2", ",\"sliding_window\":9,\"max_window_layers\":1", "fff", 0);
	reads("qwen2", ",\"use_sliding_window\":true,\"sliding_window\":9,\"max_window_layers\":1", "fww",
	    9);
	reads("qwen2", ",\"use_sliding_window\":true,\"max_window_layers\":0", "www", 4096);
	reads("qwen3", ",\"use_sliding_window\":true,\"sliding_window\":9", "fff", 0);
	reads("llama", "", "fff", 0);
	reads("llama", ",\"use_sliding_window\":false,\"sliding_window\":9,\"max_window_layers\":1", "fff", 0);
	refuses(",\"use_sliding_window\":true,\"sliding_window\":9", "sliding_window");
	refuses(",\"use_sliding_window\":null,\"sliding_window\":9", "sliding_window");
}

static void
a_type_has_its_name_in_torch_or_is_left_to_the_reader(void)
{
	static const struct {
		const char *more;
		enum fl_dtype dtype;
	} cases[] = { { ",\"torch_dtype\":\"torch.bfloat16\"", FL_BF16 }, { ",\"dtype\":\"torch.float16\"", FL_F16 },
		{ ",\"torch_dtype\":\"auto\"", FL_F32 }, { ",\"dtype\":null,\"torch_dtype\":\"float16\"", FL_F16 } };
	struct fl_config c;
	struct fl_err err;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		if (CHECK_OK(parse(&c, cases[i].more, &err), &err))
			CHECK(c.dtype == cases[i].dtype);
		fl_config_free(&c);
	}
	refuses(",\"dtype\":\"torch.int8\"", "torch.int8");
	refuses(",\"dtype\":\"torch.\"", "'torch.'");
}

static void
biases_follow_the_family_and_its_flag(void)
{
	static const struct {
		const char *more;
		bool qkv, o;
	} cases[] = { { "", false, false }, { ",\"attention_bias\":true", true, true },
		{ ",\"model_type\":\"qwen2\"", true, false },
		{ ",\"model_type\":\"qwen3\",\"attention_bias\":true", true, true } };
	struct fl_config c;
	struct fl_err err;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct fl_inventory *inv;

		CHECK_OK(parse(&c, cases[i].more, &err), &err);
		inv = fl_inventory_new(&c, "m");
		CHECK((fl_inventory_find(inv, "model.layers.2.self_attn.k_proj.bias") < inv->n) == cases[i].qkv);
		CHECK((fl_inventory_find(inv, "model.layers.0.self_attn.o_proj.bias") < inv->n) == cases[i].o);
		fl_inventory_free(inv);
		fl_config_free(&c);
	}
	refuses(",\"model_type\":\"qwen2\",\"attention_bias\":true", "attention_bias");
	refuses(",\"model_type\":\"mistral\",\"attention_bias\":true", "attention_bias");
}

static void
mobilellm_shares_its_embedding_but_no_layers(void)
{
	struct fl_config c;
	struct fl_err err;

	CHECK_OK(parse(&c, ",\"model_type\":\"mobilellm\",\"share_embedding\":true,\"layer_sharing\":false,"
			   "\"auto_map\":{\"AutoConfig\":\"x\"}", &err), &err);
	CHECK(c.tied);
	fl_config_free(&c);
	refuses(",\"model_type\":\"mobilellm\",\"layer_sharing\":true", "layer_sharing");
}

static void
a_skip_layer_has_no_attention_tensors(void)
{
	struct fl_config c;
	struct fl_err err;
	struct fl_inventory *inv;

	CHECK_OK(parse(&c, ",\"layer_types\":[\"full_attention\",\"skip_attention\",\"full_attention\"]",
		     &err), &err);
	inv = fl_inventory_new(&c, "m");
	CHECK(inv->n == 3 + 2 * 9 + 4);
	CHECK(fl_inventory_find(inv, "model.layers.1.self_attn.q_proj.weight") == inv->n);
	CHECK(fl_inventory_find(inv, "model.layers.1.input_layernorm.weight") == inv->n);
	CHECK(fl_inventory_find(inv, "model.layers.1.post_attention_layernorm.weight") < inv->n);
	fl_inventory_free(inv);
	fl_config_free(&c);
}

static void
an_inventory_names_what_is_wrong(void)
{
	struct fl_config c;
	struct fl_err err;
	struct fl_inventory *inv;
	struct fl_tensor t;
	size_t i;

	CHECK_OK(parse(&c, "", &err), &err);
	inv = fl_inventory_new(&c, "m");
	CHECK(fl_tensor_init(&t, "model.norm.weight", FL_F32, 1, (uint64_t[]){ 65 }) == 0);
	CHECK(fl_inventory_tick(inv, &t, &i, &err) < 0 && strstr(err.text, "[65]"));
	err = (struct fl_err){ 0 };
	t.shape[0] = 64;
	CHECK(fl_inventory_tick(inv, &t, &i, &err) == 1 && inv->weight[i].role == FL_FINAL_NORM);
	CHECK(fl_inventory_tick(inv, &t, &i, &err) < 0 && strstr(err.text, "twice"));
	err = (struct fl_err){ 0 };
	t.name = "model.layers.9.mlp.up_proj.weight";
	CHECK(fl_inventory_tick(inv, &t, &i, &err) < 0 && strstr(err.text, "layers.9"));
	err = (struct fl_err){ 0 };
	CHECK(fl_inventory_done(inv, NULL, &err) < 0 && strstr(err.text, "model.embed_tokens.weight"));
	fl_inventory_free(inv);
	fl_config_free(&c);
}

static void
quantization_survives_being_written(void)
{
	static const struct fl_quant cases[] = { { 4, 4, 8 }, { 4, 8, 0 }, { 4, 0, 4 }, { 4, 0, 0 } };
	struct fl_config c, again;
	struct fl_err err;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct fl_json *json;

		CHECK_OK(parse(&c, "", &err), &err);
		c.quant = cases[i];
		json = fl_config_json(&c);
		CHECK_OK(fl_config_parse(&again, json, "m", &err), &err);
		CHECK(memcmp(&again.quant, &cases[i], sizeof again.quant) == 0);
		fl_json_free(json);
		fl_config_free(&again);
		fl_config_free(&c);
	}
}

/* The i-th line of a file of JSON objects, or a whole file that is one; NULL after the last. */
static struct fl_json *
json_of(const char *path, int i)
{
	struct fl_err err = { 0 };
	struct fl_json *json = NULL;
	size_t len;
	char *text = fl_slurp(path, 1 << 20, &len, &err), *line = text;

	for (; i > 0 && line; i--)
		line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL;
	if (CHECK(text != NULL) && line && *line)
		CHECK((json = fl_json_parse(line, *line == '{' && line[1] == '\n' ? strlen(line) : strcspn(line, "\n"), path,
			   &err)) != NULL);
	free(text);
	return json;
}

/* The number of weights of c that have other bits than `bits` says by the names of modules, where 0 is left out. */
static int
other_bits(const struct fl_config *c, const struct fl_json *bits)
{
	struct fl_config plain = *c;
	struct fl_inventory *inv;
	int other = 0;

	plain.quant = (struct fl_quant){ 0 };
	inv = fl_inventory_new(&plain, "m");
	for (size_t i = 0; i < inv->n; i++) {
		const struct fl_weight *w = &inv->weight[i];
		char module[128];

		snprintf(module, sizeof module, "%.*s", (int)(strlen(w->tensor.name) - strlen(".weight")), w->tensor.name);
		other += fl_weight_bits(c, w->role, w->layer) != fl_json_int(fl_json_get(bits, module), 0);
	}
	fl_inventory_free(inv);
	return other;
}

static void
modules_have_the_bits_that_compressed_tensors_gives_them(void)
{
	struct fl_json *line;
	int cases = 0;

	for (; (line = json_of("tests/data/quantization.jsonl", cases)); cases++) {
		struct fl_json *json = json_of("tests/data/logits/w4a16/config.json", 0), *written;
		struct fl_config c, again;
		struct fl_err err = { 0 };

		fl_json_set(json, "num_hidden_layers", fl_json_copy(fl_json_get(line, "layers")));
		fl_json_set(json, "quantization_config", fl_json_copy(fl_json_get(line, "config")));
		if (!CHECK_OK(fl_config_parse(&c, json, "m", &err), &err) || !CHECK(other_bits(&c, fl_json_get(line, "bits")) == 0))
			printf("# %s\n", fl_json_str(fl_json_get(line, "case")));
		written = fl_config_json(&c);
		CHECK_OK(fl_config_parse(&again, written, "m", &err), &err);
		CHECK(memcmp(&c.quant, &again.quant, sizeof c.quant) == 0);
		fl_json_free(written);
		fl_json_free(json);
		fl_json_free(line);
		fl_config_free(&again);
		fl_config_free(&c);
	}
	CHECK(cases == 11);
}

/* The real quantization_config of w4a16 with one field set: in the whole, in its group or in the group's weights. */
static int
set_quantized(const char *where, const char *key, const char *value, struct fl_err *err)
{
	struct fl_json *json = json_of("tests/data/logits/w4a16/config.json", 0), *o = fl_json_get(json, "quantization_config");
	struct fl_json *group = fl_json_get(fl_json_get(o, "config_groups"), "group_0"), *v;
	struct fl_str s = { 0 };
	struct fl_config c;
	int got;

	fl_str_printf(&s, "{\"v\":%s}", value);
	v = fl_json_parse(s.data, s.len, "value", err);
	o = *where == 'g' ? group : *where == 'w' ? fl_json_get(group, "weights") : o;
	fl_json_set(o, key, fl_json_copy(fl_json_get(v, "v")));
	*err = (struct fl_err){ 0 };
	got = fl_config_parse(&c, json, "m", err);
	fl_config_free(&c);
	fl_json_free(json);
	fl_json_free(v);
	fl_str_free(&s);
	return got;
}

#define ACTIVATIONS "{\"num_bits\":8,\"type\":\"int\",\"symmetric\":true,\"strategy\":\"tensor\",\"dynamic\":false}"

static void
quantization_that_changes_the_computation_otherwise_is_refused_by_name(void)
{
	static const char *const fields[][3] = {
		{ "top", "kv_cache_scheme", ACTIVATIONS }, { "group", "input_activations", ACTIVATIONS },
		{ "group", "output_activations", ACTIVATIONS }, { "group", "input_activations", "{}" },
		{ "group", "output_activations", "{\"dynamic\":false}" }, { "top", "kv_cache_scheme", "{}" },
		{ "group", "input_activations", "{\"num_bits\":8,\"strategy\":\"token\",\"dynamic\":true}" },
		{ "group", "format", "\"int-quantized\"" }, { "group", "weights", "null" }, { "group", "new_field", "1" },
		{ "top", "transform_config", "{\"config_groups\":{\"u\":{\"type\":\"hadamard\"}}}" },
		{ "top", "sparsity_config", "{\"format\":\"sparse-24-bitmask\"}" },
		{ "top", "moe_sparsity_config", "{\"method\":\"prune\"}" }, { "top", "new_field", "1" },
		{ "weights", "num_bits", "3" }, { "weights", "num_bits", "4294967300" }, { "weights", "type", "\"float\"" }, { "weights", "symmetric", "false" },
		{ "weights", "strategy", "\"tensor\"" }, { "weights", "strategy", "\"block\"" }, { "weights", "group_size", "48" },
		{ "weights", "group_size", "16" }, { "weights", "group_size", "-1" }, { "weights", "group_size", "null" },
		{ "weights", "actorder", "\"group\"" }, { "weights", "dynamic", "true" }, { "weights", "new_field", "1" },
		{ "weights", "block_structure", "[128,128]" },
	};
	struct fl_err err;

	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
		if (!CHECK(set_quantized(fields[i][0], fields[i][1], fields[i][2], &err) < 0) ||
		    !CHECK(strstr(err.text, fields[i][1]) != NULL))
			printf("# %s %s: %s\n", fields[i][1], fields[i][2], err.text);
	CHECK(set_quantized("top", "ignore", "[\"re:(?!lm_head).*\"]", &err) < 0 && strstr(err.text, "(?!lm_head).*"));
	CHECK(set_quantized("top", "ignore", "[1]", &err) < 0 && strstr(err.text, "target"));
	CHECK(set_quantized("weights", "group_size", "512", &err) < 0 && strstr(err.text, "no multiple of 512"));
}

static void
quantization_that_says_how_it_was_made_is_read(void)
{
	static const char *const fields[][3] = {
		{ "top", "sparsity_config", "{\"format\":\"dense\",\"global_sparsity\":0.14,\"targets\":[]}" },
		{ "top", "transform_config", "{\"config_groups\":{}}" }, { "top", "kv_cache_scheme", "null" },
		{ "top", "global_compression_ratio", "1.24" }, { "top", "run_compressed", "true" },
		{ "top", "quantization_status", "\"frozen\"" }, { "group", "input_activations", "null" },
		{ "weights", "actorder", "\"static\"" }, { "weights", "actorder", "null" }, { "weights", "strategy", "null" },
		{ "weights", "observer", "\"mse\"" }, { "weights", "observer_kwargs", "{\"p\":2.4}" },
		{ "weights", "scale_dtype", "\"torch.bfloat16\"" }, { "weights", "block_structure", "null" },
	};
	struct fl_err err;

	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
		if (!CHECK(set_quantized(fields[i][0], fields[i][1], fields[i][2], &err) == 0))
			printf("# %s %s: %s\n", fields[i][1], fields[i][2], err.text);
}

static void
a_module_that_is_ignored_from_now_on_is_as_stored(void)
{
	struct fl_json *json = json_of("tests/data/logits/w4a16/config.json", 0);
	struct fl_json *quant = fl_json_get(json, "quantization_config"), *targets = fl_json_new_array();
	struct fl_config c;
	struct fl_err err = { 0 };

	fl_json_push(targets, fl_json_new_str("re:.*"));
	fl_json_set(fl_json_get(fl_json_get(quant, "config_groups"), "group_0"), "targets", targets);
	for (int i = 0; i < 2; i++) {
		CHECK_OK(fl_config_parse(&c, json, "m", &err), &err);
		CHECK(c.quant.embed == (i == 0 ? 4 : 0) && c.quant.head == 0 && c.quant.linear == 4 && fl_quant_mixed(&c.quant));
		fl_config_free(&c);
		fl_quant_ignore(json, "model.embed_tokens");
	}
	fl_json_set(quant, "ignore", fl_json_new_null());
	fl_quant_ignore(json, "lm_head");
	CHECK_OK(fl_config_parse(&c, json, "m", &err), &err);
	CHECK(c.quant.embed == 4 && c.quant.head == 0 && !fl_quant_mixed(&c.quant));
	fl_config_free(&c);
	fl_json_free(json);
}

static void
published_models_have_their_published_size(void)
{
	static const struct {
		const char *file;
		unsigned long long parameters;
	} models[] = {
		{ "Llama-3.2-1B", 1235814400 }, { "llama_3_2_3b_instruct", 3212749824 },
		{ "llama_3_1_8b_instruct", 8030261248 }, { "Megatron_assets_llama3-8B", 8030261248 },
		{ "qwen2_5_7b_instruct", 7615616512 }, { "mistral-small-24b-instruct-2501", 23572403200 },
		{ "MobileLLM-125M.mobilellm-class", 124635456 }, { "Qwen3-0.6B", 596049920 },
		{ "qwen3-8b", 8190735360 }, { "SmolLM2-135M", 134515008 },
		{ "SmolLM2-135M.transformers5", 134515008 },
	};
	const char *data = getenv("DATA") ? getenv("DATA") : "../shared/data";
	char path[4096];

	snprintf(path, sizeof path, "%s/configs/hf", data);
	if (access(path, R_OK) != 0) {
		test_skip("needs ../shared/data/configs");
		return;
	}
	for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
		struct fl_config c = { 0 };
		struct fl_err err = { 0 };
		struct fl_json *json = NULL;
		size_t len = 0;
		char *text;

		snprintf(path, sizeof path, "%s/configs/hf/%s.config.json", data, models[i].file);
		text = fl_slurp(path, 1 << 20, &len, &err);
		if (CHECK(text != NULL) && CHECK((json = fl_json_parse(text, len, path, &err)) != NULL) &&
		    CHECK_OK(fl_config_parse(&c, json, path, &err), &err))
			CHECK(fl_config_parameters(&c) == models[i].parameters);
		fl_config_free(&c);
		fl_json_free(json);
		free(text);
	}
}

int
main(void)
{
	TEST(defaults_follow_the_family);
	TEST(both_spellings_of_rope_and_dtype_mean_the_same);
	TEST(what_changes_the_computation_is_refused_by_name);
	TEST(rope_scaling_out_of_range_is_refused_by_name);
	TEST(fields_that_leave_the_computation_alone_are_read);
	TEST(fields_that_are_on_are_refused_by_name);
	TEST(what_is_off_or_harmless_is_not_refused);
	TEST(layer_types_become_letters_and_back);
	TEST(windows_are_where_transformers_has_them);
	TEST(a_type_has_its_name_in_torch_or_is_left_to_the_reader);
	TEST(biases_follow_the_family_and_its_flag);
	TEST(mobilellm_shares_its_embedding_but_no_layers);
	TEST(a_skip_layer_has_no_attention_tensors);
	TEST(an_inventory_names_what_is_wrong);
	TEST(quantization_survives_being_written);
	TEST(modules_have_the_bits_that_compressed_tensors_gives_them);
	TEST(quantization_that_changes_the_computation_otherwise_is_refused_by_name);
	TEST(quantization_that_says_how_it_was_made_is_read);
	TEST(a_module_that_is_ignored_from_now_on_is_as_stored);
	TEST(published_models_have_their_published_size);
	return test_done();
}
