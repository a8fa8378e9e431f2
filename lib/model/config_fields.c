/* SPDX-License-Identifier: Apache-2.0 */
/* config_fields.c -- knows which fields of config.json leave the logits alone: by name, by the kind of name, and by
 * value. */
#include <math.h>
#include <string.h>

#include "base/str.h"
#include "model/config_impl.h"

/* These are read by config.c, rope_read.c, quant_config.c and model/special.c. */
static const char *const read[] = { "attention_bias", "auto_map", "bos_token_id", "dtype", "eos_token_id",
	"head_dim", "hidden_act", "hidden_size", "intermediate_size", "layer_types", "max_position_embeddings",
	"max_window_layers", "mlp_bias", "model_type", "num_attention_heads", "num_hidden_layers",
	"num_key_value_heads", "original_max_position_embeddings", "pad_token_id", "quantization_config",
	"rms_norm_eps", "rope_parameters", "rope_scaling", "rope_theta", "sliding_window",
	"tie_word_embeddings", "torch_dtype", "use_sliding_window", "vocab_size", NULL };

/* These say how to choose the next token: transformers' GenerationConfig, which versions before 5 wrote here too. */
static const char *const generation[] = { "bad_words_ids", "begin_suppress_tokens", "cache_config",
	"cache_implementation", "compile_config", "constraints", "continuous_batching_config",
	"decoder_start_token_id", "disable_compile",
	"diversity_penalty", "do_sample", "dola_layers", "early_stopping", "encoder_no_repeat_ngram_size",
	"encoder_repetition_penalty", "epsilon_cutoff", "eta_cutoff", "exponential_decay_length_penalty",
	"force_words_ids", "forced_bos_token_id", "forced_decoder_ids", "forced_eos_token_id",
	"generation_kwargs", "guidance_scale", "is_assistant", "length_penalty", "low_memory", "max_cache_len",
	"max_length", "max_matching_ngram_size", "max_new_tokens", "max_time", "min_length", "min_new_tokens",
	"min_p", "no_repeat_ngram_size", "num_assistant_tokens", "num_assistant_tokens_schedule",
	"num_beam_groups", "num_beams", "num_return_sequences", "output_attentions", "output_hidden_states",
	"output_logits", "output_scores", "penalty_alpha", "prefill_chunk_size", "prompt_lookup_num_tokens",
	"remove_invalid_values", "renormalize_logits", "repetition_penalty", "return_dict_in_generate",
	"return_legacy_cache", "sep_token_id", "sequence_bias", "speculation_type", "stop_strings", "suppress_tokens",
	"target_lookbehind", "temperature", "token_healing", "top_h", "top_k", "top_p", "typical_p",
	"use_cache", "use_mtp", "watermarking_config", NULL };

/* These say what it is called and was made with, how it was trained, and ways to the same result. */
static const char *const bookkeeping[] = { "architectures", "attn_implementation", "base_model_name_or_path",
	"chunk_size_feed_forward", "experts_implementation", "finetuning_task", "gradient_checkpointing",
	"id2label", "init_std", "initializer_range", "is_decoder", "is_llama_config",
	"keys_to_ignore_at_inference", "label2id", "max_sequence_length", "model_max_length", "name_or_path",
	"num_labels", "prefix", "pretraining_tp", "problem_type", "return_dict", "task_specific_params",
	"tf_legacy_loss", "tokenizer_class", "torchscript", "transformers_version", "use_bfloat16",
	"use_flash_attention", "use_flash_attention_2", "use_flash_attn", "use_reentrant", NULL };

static const char *const beginnings[] = { "_attn_implementation", "_experts_implementation", "assistant_", "unsloth_",
	NULL };
/* Fields of training, and tokens for this or that, end so. */
static const char *const endings[] = { "dropout", "dropout_prob", "_pdrop", "_loss_coef", "_token_id", NULL };

/* Every model here does this unless such a field is false. */
static const char *const always[] = { "is_causal", "scale_attn_weights", "use_rope", NULL };

typedef bool (*test)(const char *key, const char *word);

static bool
is_same(const char *key, const char *word)
{
	return strcmp(key, word) == 0;
}

static bool
contains(const char *key, const char *word)
{
	return strstr(key, word) != NULL;
}

static bool
is_among(const char *key, const char *const *words, test t)
{
	while (*words && !t(key, *words))
		words++;
	return *words;
}

bool
fl_field_is_listed(const char *key, const char *const *names)
{
	return is_among(key, names, is_same);
}

bool
fl_field_is_off(const struct fl_json *v)
{
	switch (fl_json_type(v)) {
	case FL_JSON_NONE:
	case FL_JSON_NULL: return true;
	case FL_JSON_BOOL: return !fl_json_bool(v, true);
	case FL_JSON_ARRAY: return fl_json_len(v) == 0;
	case FL_JSON_OBJECT: break;
	default: return false;
	}
	for (void *it = fl_json_first(v); it; it = fl_json_next(v, it))
		if (!fl_field_is_off(fl_json_value(it)))
			return false;
	return true;
}

/* A field that transformers keeps for itself, such as _commit_hash, holds text or a flag; a section of another
 * program, such as transformers.js_config, has a name that no attribute of a model can have. */
static bool
is_private(const char *key, const struct fl_json *v)
{
	enum fl_json_type t = fl_json_type(v);

	return (*key == '_' && (t == FL_JSON_STR || t == FL_JSON_BOOL)) || (strchr(key, '.') && t == FL_JSON_OBJECT);
}

/* Is it a number of things of which there are none? */
static bool
counts_none(const char *key, double x)
{
	static const char *const begin[] = { "num_", "n_", NULL };
	static const char *const inside[] = { "expert", "moe_", NULL };
	static const char *const end[] = { "_layers", "_rank", NULL };

	return x == 0 && (is_among(key, begin, fl_str_begins) || is_among(key, inside, contains) ||
	    is_among(key, end, fl_str_ends));
}

/* Does it multiply by 1? A scale of the attention takes the place of another, and so is known by its name alone. */
static bool
multiplies_by_one(const char *key, double x)
{
	static const char *const end[] = { "_factor", "_multiplier", "_scale", "_scaling", NULL };
	static const char *const other[] = { "attention", "attn", "kq", "qk", "query", "score", "sm_", "softmax",
		NULL };

	return x == 1 && is_among(key, end, fl_str_ends) && !is_among(key, other, contains);
}

/* Is it what the model has without it? */
static bool
is_usual(const char *key, double x, const struct fl_config *c)
{
	const struct {
		const char *key;
		double usual;
	} fields[] = { { "attention_multiplier", 1 / sqrt(c->head_dim) }, { "dim_model_base", c->width },
		{ "query_pre_attn_scalar", c->head_dim }, { "rotary_dim", c->head_dim }, { "rotary_pct", 1 },
		{ "scale_emb", 1 } };

	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
		if (is_same(key, fields[i].key))
			return fabs(x - fields[i].usual) <= 1e-7 * fields[i].usual;
	return false;
}

bool
fl_field_is_inert(const char *key, const struct fl_json *v, const struct fl_config *c)
{
	double x = fl_json_real(v, NAN);

	if (fl_field_is_listed(key, generation) || fl_field_is_listed(key, bookkeeping) ||
	    is_among(key, beginnings, fl_str_begins) || is_among(key, endings, fl_str_ends) || is_private(key, v))
		return true;
	if (fl_field_is_listed(key, always))
		return fl_json_bool(v, false);
	return fl_field_is_off(v) || counts_none(key, x) || multiplies_by_one(key, x) || is_usual(key, x, c);
}

int
fl_fields_check(const struct fl_reading *r, const struct fl_config *c)
{
	const struct fl_family *f = c->family;

	for (void *it = fl_json_first(r->json); it; it = fl_json_next(r->json, it)) {
		const char *key = fl_json_key(it);

		if (!fl_field_is_listed(key, read) && !(f->tie && is_same(f->tie, key)) &&
		    !fl_field_is_inert(key, fl_json_value(it), c))
			return fl_err_data(r->err, "'%s': config.json has '%s', which is not supported", r->what, key);
	}
	if (!f->own_code && !fl_field_is_off(fl_json_get(r->json, "auto_map")))
		return fl_err_data(r->err,
		    "'%s': config.json has 'auto_map', and a model with code of its own is not supported", r->what);
	return 0;
}
