/* SPDX-License-Identifier: Apache-2.0 */
/* gguf_import_config.c -- makes config.json of a GGUF file: sizes from its keys; family, biases and tying from its
 * tensors; the attention of each layer from head counts, window flags and attention whose output matrix is zero. Keys
 * that llama.cpp does not read for the architecture are not read here either. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "export/gguf_import_impl.h"

struct sizes {
	int width, ffn, layers, context, head_dim, heads, kv_heads, vocab, window;
	char pattern[FL_ARCH_LAYERS + 1];
	double norm_eps;
	bool tied, qk_norm, qkv_bias, o_bias;
};

const char *
fl_gguf_import_key(const struct fl_gguf_source *s, const char *key, char *buf)
{
	snprintf(buf, FL_GGUF_KEY, "%s%s", s->form->arch, key);
	return buf;
}

double
fl_gguf_import_real(const struct fl_gguf_source *s, const char *key, double otherwise)
{
	char buf[FL_GGUF_KEY];

	return fl_gguf_keys_real(s->file->keys, fl_gguf_import_key(s, key, buf), otherwise);
}

const struct fl_gguf_stored *
fl_gguf_import_tensor(const struct fl_gguf_source *s, int layer, const char *stem, const char *ending)
{
	char name[FL_GGUF_NAME + 1];

	if (layer < 0)
		snprintf(name, sizeof name, "%s.%s", stem, ending);
	else
		snprintf(name, sizeof name, "blk.%d.%s.%s", layer, stem, ending);
	return fl_gguf_file_tensor(s->file, name);
}

/* Numbers ---------------------------------------------------------------------------------------- */

/* Reads a number for each of n layers: from an array, or one for all. The key must be there if `otherwise` < 0. */
static int
read_list(const struct fl_gguf_source *s, const char *key, int min, int max, int otherwise, int n, int *out)
{
	char buf[FL_GGUF_KEY];
	const char *name = fl_gguf_import_key(s, key, buf);
	size_t items = fl_gguf_keys_numbers(s->file->keys, name);

	if (items && items != (size_t)n)
		return fl_err_data(s->err, "'%s': key '%s' has %zu items, the model %d layers", s->file->name, name, items, n);
	if (!fl_gguf_keys_has(s->file->keys, name) && otherwise < 0)
		return fl_err_data(s->err, "'%s': key '%s' is missing", s->file->name, name);
	for (int i = 0; i < n; i++) {
		double x = items ? fl_gguf_keys_number(s->file->keys, name, (size_t)i)
				 : fl_gguf_keys_real(s->file->keys, name, otherwise);

		if (!(x >= min && x <= max) || x != (int)x)
			return fl_err_data(s->err, "'%s': key '%s' is no integer from %d to %d", s->file->name, name, min, max);
		out[i] = (int)x;
	}
	return 0;
}

static int
read_int(const struct fl_gguf_source *s, const char *key, int min, int max, int otherwise, int *out)
{
	return read_list(s, key, min, max, otherwise, 1, out);
}

/* Reads a number that must be the same in all layers. */
static int
read_same(const struct fl_gguf_source *s, const char *key, int layers, int *out)
{
	int list[FL_ARCH_LAYERS];

	if (read_list(s, key, 1, 1 << 24, -1, layers, list) < 0)
		return -1;
	for (int i = 1; i < layers; i++)
		if (list[i] != list[0])
			return fl_err_data(s->err, "'%s': '%s%s' differs from layer to layer, which is not supported",
			    s->file->name, s->form->arch, key);
	*out = list[0];
	return 0;
}

/* Layers ----------------------------------------------------------------------------------------- */

/* A layer skips attention if it has no heads at all, or an output matrix of zeros. */
static bool
is_skip(const struct fl_gguf_source *s, int i, int heads, int kv_heads)
{
	const struct fl_gguf_stored *o = fl_gguf_import_tensor(s, i, fl_gguf_names[FL_O], "weight");

	if (s->form->skip == FL_SKIP_NONE)
		return false;
	return (heads == 0 && kv_heads == 0) || (o && fl_gguf_import_is_zero(o));
}

/* Finds the layers that attend, whose head counts must agree. */
static int
read_heads(const struct fl_gguf_source *s, struct sizes *z)
{
	int heads[FL_ARCH_LAYERS], kv[FL_ARCH_LAYERS], first = -1;
	char buf[FL_GGUF_KEY];
	const char *kv_key = fl_gguf_keys_has(s->file->keys, fl_gguf_import_key(s, ".attention.head_count_kv", buf))
	    ? ".attention.head_count_kv"
	    : ".attention.head_count";

	if (read_list(s, ".attention.head_count", 0, 65536, -1, z->layers, heads) < 0 ||
	    read_list(s, kv_key, 0, 65536, -1, z->layers, kv) < 0)
		return -1;
	for (int i = 0; i < z->layers; i++) {
		z->pattern[i] = is_skip(s, i, heads[i], kv[i]) ? 's' : 'f';
		if (z->pattern[i] == 's')
			continue;
		first = first < 0 ? i : first;
		if (heads[i] == 0 || kv[i] == 0 || heads[i] != heads[first] || kv[i] != kv[first])
			return fl_err_data(s->err, "'%s': layer %d has %d heads and %d for keys and values, layer %d %d and %d, "
			    "which is not supported", s->file->name, i, heads[i], kv[i], first, heads[first], kv[first]);
	}
	/* Where no layer attends, any number of heads will do. */
	z->heads = first < 0 ? 1 : heads[first];
	z->kv_heads = first < 0 ? 1 : kv[first];
	return 0;
}

static int
read_windows(const struct fl_gguf_source *s, struct sizes *z)
{
	int flag[FL_ARCH_LAYERS];

	if (!s->form->windows)
		return 0;
	if (read_list(s, ".attention.sliding_window_pattern", 0, 1, 0, z->layers, flag) < 0 ||
	    read_int(s, ".attention.sliding_window", 0, 1 << 30, 0, &z->window) < 0)
		return -1;
	for (int i = 0; i < z->layers; i++)
		if (flag[i] && z->window && z->pattern[i] == 'f')
			z->pattern[i] = 'w';
	return 0;
}

/* An attention sink changes nothing where it is far below every score. */
static int
check_sinks(const struct fl_gguf_source *s, const struct sizes *z)
{
	for (int i = 0; s->form->sinks && i < z->layers; i++) {
		const struct fl_gguf_stored *t = fl_gguf_import_tensor(s, i, "attn_sinks", "weight");
		float *x = t ? fl_gguf_import_vector(t) : NULL;
		bool bad = t && !x;

		for (uint64_t k = 0; x && k < t->cols; k++)
			bad |= !(x[k] <= -1e30f);
		free(x);
		if (bad)
			return fl_err_data(s->err, "'%s': the attention sinks of layer %d are not supported", s->file->name, i);
	}
	return 0;
}

/* Whole ------------------------------------------------------------------------------------------ */

static bool
same_data(const struct fl_gguf_stored *a, const struct fl_gguf_stored *b)
{
	return a->type == b->type && a->cols == b->cols && a->rows == b->rows &&
	    memcmp(a->data, b->data, fl_ggml_row_size(a->type, a->cols) * a->rows) == 0;
}

/* Reads what only tensors say. A bias may be one of the three of a fused matrix. */
static int
read_tensors(const struct fl_gguf_source *s, struct sizes *z)
{
	const struct fl_gguf_stored *embed = fl_gguf_import_tensor(s, -1, fl_gguf_names[FL_EMBED], "weight");
	const struct fl_gguf_stored *head = fl_gguf_import_tensor(s, -1, fl_gguf_names[FL_HEAD], "weight");
	int i = (int)strspn(z->pattern, "s");

	if (!embed)
		return fl_err_data(s->err, "'%s': tensor '%s.weight' is missing", s->file->name, fl_gguf_names[FL_EMBED]);
	if (embed->rows > 1 << 24)
		return fl_err_data(s->err, "'%s': %llu tokens are too many", s->file->name, (unsigned long long)embed->rows);
	z->vocab = (int)embed->rows;
	z->tied = !head || same_data(embed, head);
	z->qk_norm = fl_gguf_import_tensor(s, i, fl_gguf_names[FL_Q_NORM], "weight");
	z->qkv_bias = fl_gguf_import_tensor(s, i, fl_gguf_names[FL_Q], "bias") ||
	    fl_gguf_import_tensor(s, i, FL_GGUF_QKV, "bias");
	z->o_bias = fl_gguf_import_tensor(s, i, fl_gguf_names[FL_O], "bias");
	return 0;
}

/* Refuses what llama.cpp reads for some of these architectures and is not computed here. */
static int
check_fixed(const struct fl_gguf_source *s, const struct sizes *z)
{
	static const struct {
		const char *key;
		double off, other; /* values that say nothing */
	} fixed[] = { { ".expert_count", 0, 0 }, { ".attention.scale", 0, 0 }, { ".logit_scale", 1, 0 },
		{ ".residual_scale", 1, 0 }, { ".embedding_scale", 1, 0 }, { ".attention.causal", 1, 1 },
		{ ".nextn_predict_layers", 0, 0 } };
	int rotated, value_length, want = s->form->double_rope ? 2 * z->head_dim : z->head_dim;

	for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) {
		double x = fl_gguf_import_real(s, fixed[i].key, fixed[i].off);

		if (x != fixed[i].off && x != fixed[i].other)
			return fl_err_data(s->err, "'%s': '%s%s' is %g, which is not supported", s->file->name, s->form->arch,
			    fixed[i].key, x);
	}
	if (read_int(s, ".attention.value_length", 1, 65536, z->head_dim, &value_length) < 0 ||
	    read_int(s, ".rope.dimension_count", 0, 1 << 20, want, &rotated) < 0)
		return -1;
	if (value_length != z->head_dim)
		return fl_err_data(s->err, "'%s': values of %d elements beside keys of %d are not supported", s->file->name,
		    value_length, z->head_dim);
	if (rotated != want)
		return fl_err_data(s->err, "'%s': RoPE on %d of %d dimensions is not supported", s->file->name, rotated,
		    z->head_dim);
	return 0;
}

static int
read_sizes(const struct fl_gguf_source *s, struct sizes *z)
{
	enum { BIG = 1 << 24 };

	if (read_int(s, ".block_count", 1, FL_ARCH_LAYERS, -1, &z->layers) < 0 ||
	    read_int(s, ".embedding_length", 1, BIG, -1, &z->width) < 0 ||
	    read_int(s, ".context_length", 1, 1 << 30, -1, &z->context) < 0 ||
	    read_same(s, ".feed_forward_length", z->layers, &z->ffn) < 0 || read_heads(s, z) < 0 ||
	    read_windows(s, z) < 0 || check_sinks(s, z) < 0 || read_tensors(s, z) < 0 ||
	    read_int(s, ".attention.key_length", 2, 65536, z->width / z->heads, &z->head_dim) < 0)
		return -1;
	z->norm_eps = fl_gguf_import_real(s, ".attention.layer_norm_rms_epsilon", 0);
	if (!(z->norm_eps > 0))
		return fl_err_data(s->err, "'%s': key '%s.attention.layer_norm_rms_epsilon' is missing or not positive",
		    s->file->name, s->form->arch);
	return check_fixed(s, z);
}

/* The family is the one that has these tensors. */
static const struct fl_family *
family(const struct sizes *z)
{
	return fl_family_find(z->qk_norm ? "qwen3" : z->qkv_bias && !z->o_bias ? "qwen2" : "llama");
}

static void
set_id(const struct fl_gguf_source *s, struct fl_json *o, const char *name, const char *key, int vocab)
{
	long long id = fl_gguf_import_special(s->file->keys, key);

	fl_json_set(o, name, id >= 0 && id < vocab ? fl_json_new_int(id) : fl_json_new_null());
}

static struct fl_json *
make_json(const struct fl_gguf_source *s, const struct sizes *z)
{
	struct fl_json *o = fl_json_new_object(), *classes = fl_json_new_array();
	const struct fl_family *f = family(z);

	fl_json_push(classes, fl_json_new_str(f->architecture));
	fl_json_set(o, "architectures", classes);
	if (f->biases == FL_BIAS_FLAG)
		fl_json_set(o, "attention_bias", fl_json_new_bool(z->qkv_bias));
	set_id(s, o, "bos_token_id", "tokenizer.ggml.bos_token_id", z->vocab);
	set_id(s, o, "eos_token_id", "tokenizer.ggml.eos_token_id", z->vocab);
	fl_json_set(o, "head_dim", fl_json_new_int(z->head_dim));
	fl_json_set(o, "hidden_act", fl_json_new_str("silu"));
	fl_json_set(o, "hidden_size", fl_json_new_int(z->width));
	fl_json_set(o, "intermediate_size", fl_json_new_int(z->ffn));
	fl_json_set(o, "max_position_embeddings", fl_json_new_int(z->context));
	fl_json_set(o, "model_type", fl_json_new_str(f->model_type));
	fl_json_set(o, "num_attention_heads", fl_json_new_int(z->heads));
	fl_json_set(o, "num_hidden_layers", fl_json_new_int(z->layers));
	fl_json_set(o, "num_key_value_heads", fl_json_new_int(z->kv_heads));
	if (fl_gguf_keys_has(s->file->keys, "tokenizer.ggml.padding_token_id"))
		set_id(s, o, "pad_token_id", "tokenizer.ggml.padding_token_id", z->vocab);
	fl_json_set(o, "rms_norm_eps", fl_json_new_real(z->norm_eps));
	fl_json_set(o, "tie_word_embeddings", fl_json_new_bool(z->tied));
	fl_json_set(o, "vocab_size", fl_json_new_int(z->vocab));
	return o;
}

/* Parses json as a model with full attention everywhere, which every family can be, and then as it is. */
static int
parse(const struct fl_gguf_source *s, const struct sizes *z, struct fl_json *json, struct fl_config *c)
{
	struct fl_arch arch = { .width = z->width, .ffn = z->ffn, .layers = z->layers };
	struct fl_json *whole;
	int rc;

	if (fl_config_parse(c, json, s->file->name, s->err) < 0)
		return -1;
	memcpy(arch.pattern, z->pattern, (size_t)z->layers);
	c->window = z->window;
	fl_config_resize(c, &arch);
	whole = fl_config_json(c);
	fl_config_free(c);
	rc = fl_config_parse(c, whole, s->file->name, s->err);
	fl_json_free(whole);
	return rc;
}

int
fl_gguf_import_config(const struct fl_gguf_source *s, struct fl_config *c)
{
	struct sizes z = { 0 };
	struct fl_json *json;
	int rc;

	if (read_sizes(s, &z) < 0)
		return -1;
	json = make_json(s, &z);
	rc = fl_gguf_import_rope(s, z.head_dim, z.context, json);
	if (rc == 0)
		rc = parse(s, &z, json, c);
	fl_json_free(json);
	return rc;
}
