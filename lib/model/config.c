/* SPDX-License-Identifier: Apache-2.0 */
#include "model/config.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "model/bits.h"
#include "model/config_impl.h"

const struct fl_family fl_families[] = {
	{ .model_type = "llama", .architecture = "LlamaForCausalLM", .biases = FL_BIAS_FLAG,
	  .context = 2048 },
	{ .model_type = "mistral", .architecture = "MistralForCausalLM", .windows = FL_WINDOW_ALL,
	  .window = 4096, .context = 131072 },
	{ .model_type = "mobilellm", .architecture = "MobileLLMForCausalLM", .biases = FL_BIAS_FLAG,
	  .context = 2048, .tie = "share_embedding", .own_code = true },
	{ .model_type = "qwen2", .architecture = "Qwen2ForCausalLM", .biases = FL_BIAS_QKV,
	  .windows = FL_WINDOW_FLAG, .window = 4096, .context = 32768 },
	{ .model_type = "qwen3", .architecture = "Qwen3ForCausalLM", .qk_norm = true,
	  .biases = FL_BIAS_FLAG, .windows = FL_WINDOW_FLAG, .window = 4096, .head_dim = 128,
	  .context = 32768 },
	{ 0 },
};

/* An integer field in [min, max]; absent or null gives `otherwise`, or is an error if that is -1. */
static int
read_int(const struct fl_reading *r, const char *key, int min, int max, int otherwise, int *out)
{
	const struct fl_json *v = fl_json_get(r->json, key);
	long long n = fl_json_int(v, (long long)min - 1);

	if (fl_field_is_off(v) && otherwise >= 0) {
		*out = otherwise;
		return 0;
	}
	if (n < min || n > max)
		return fl_err_data(r->err, "'%s': '%s' in config.json must be an integer from %d to %d",
		    r->what, key, min, max);
	*out = (int)n;
	return 0;
}

/* A boolean field; absent or null is false. */
static int
read_bool(const struct fl_reading *r, const char *key, bool *out)
{
	const struct fl_json *v = fl_json_get(r->json, key);

	*out = fl_json_bool(v, false);
	if (fl_field_is_off(v) || *out)
		return 0;
	return fl_err_data(r->err, "'%s': '%s' in config.json must be true or false", r->what, key);
}

int
fl_read_positive(const struct fl_reading *r, const struct fl_json *object, const char *key, double otherwise,
    double *out)
{
	const struct fl_json *v = fl_json_get(object, key);

	*out = fl_json_real(v, fl_field_is_off(v) ? otherwise : -1);
	if (!(*out > 0))
		return fl_err_data(r->err, "'%s': '%s' in config.json must be a positive number", r->what,
		    key);
	return 0;
}

static int
read_sizes(const struct fl_reading *r, struct fl_config *c)
{
	enum { BIG = 1 << 24 };

	if (read_int(r, "hidden_size", 1, BIG, -1, &c->width) < 0 ||
	    read_int(r, "intermediate_size", 1, BIG, -1, &c->ffn) < 0 ||
	    read_int(r, "num_hidden_layers", 1, FL_ARCH_LAYERS, -1, &c->layers) < 0 ||
	    read_int(r, "num_attention_heads", 1, 65536, -1, &c->heads) < 0 ||
	    read_int(r, "num_key_value_heads", 1, 65536, c->heads, &c->kv_heads) < 0 ||
	    read_int(r, "vocab_size", 1, BIG, -1, &c->vocab) < 0 ||
	    read_int(r, "max_position_embeddings", 1, 1 << 30, c->family->context, &c->context) < 0 ||
	    read_int(r, "head_dim", 2, 65536,
		c->family->head_dim ? c->family->head_dim : c->width / c->heads, &c->head_dim) < 0 ||
	    fl_read_positive(r, r->json, "rms_norm_eps", 1e-6, &c->norm_eps) < 0)
		return -1;
	if (c->heads % c->kv_heads)
		return fl_err_data(r->err, "'%s': %d attention heads are not shared evenly by %d",
		    r->what, c->heads, c->kv_heads);
	if (c->head_dim % 2 || c->head_dim == 0)
		return fl_err_data(r->err, "'%s': head_dim %d is not even and positive", r->what, c->head_dim);
	return 0;
}

static int
read_layer_types(const struct fl_reading *r, const struct fl_json *types, struct fl_config *c)
{
	if (fl_json_type(types) != FL_JSON_ARRAY || fl_json_len(types) != (size_t)c->layers)
		return fl_err_data(r->err, "'%s': layer_types in config.json must have %d entries", r->what,
		    c->layers);
	for (int i = 0; i < c->layers; i++) {
		const char *t = fl_json_str(fl_json_at(types, (size_t)i));

		if (t && strcmp(t, "full_attention") == 0)
			c->pattern[i] = 'f';
		else if (t && strcmp(t, "sliding_attention") == 0)
			c->pattern[i] = 'w';
		else if (t && strcmp(t, "skip_attention") == 0)
			c->pattern[i] = 's';
		else
			return fl_err_data(r->err, "'%s': layer type '%s' is not supported", r->what,
			    t ? t : "(no string)");
	}
	return 0;
}

/* The first layer with a window where no list says which have one; all layers from there on do. A llama that was made
 * of a Qwen has the flag, false, and the window. */
static int
read_first_window(const struct fl_reading *r, const struct fl_config *c, bool flag, int *first)
{
	const struct fl_json *window = fl_json_get(r->json, "sliding_window");
	bool none = fl_json_type(window) == FL_JSON_NONE ? c->family->window == 0 : fl_field_is_off(window);

	*first = c->layers;
	if (none)
		return 0;
	switch (c->family->windows) {
	case FL_WINDOW_ALL: *first = 0; return 0;
	case FL_WINDOW_FLAG:
		return flag ? read_int(r, "max_window_layers", 0, FL_ARCH_LAYERS, 28, first) : 0;
	case FL_WINDOW_LISTED:
		if (!flag && fl_json_type(fl_json_get(r->json, "use_sliding_window")) == FL_JSON_BOOL)
			return 0;
	}
	return fl_err_data(r->err,
	    "'%s': config.json has 'sliding_window' without 'layer_types', which is not supported for %s",
	    r->what, c->family->model_type);
}

static int
read_pattern(const struct fl_reading *r, struct fl_config *c)
{
	const struct fl_json *types = fl_json_get(r->json, "layer_types");
	int first;
	bool flag;

	memset(c->pattern, 'f', (size_t)c->layers);
	if (read_bool(r, "use_sliding_window", &flag) < 0)
		return -1;
	if (!fl_field_is_off(types)) {
		if (read_layer_types(r, types, c) < 0)
			return -1;
		if (c->family->windows == FL_WINDOW_FLAG && fl_config_has(c, 'w') && !flag)
			return fl_err_data(r->err,
			    "'%s': layer_types has sliding_attention but use_sliding_window is false",
			    r->what);
	} else {
		if (read_first_window(r, c, flag, &first) < 0)
			return -1;
		for (int i = first; i < c->layers; i++)
			c->pattern[i] = 'w';
	}
	if (fl_config_has(c, 'w'))
		return read_int(r, "sliding_window", 1, 1 << 30,
		    c->family->window ? c->family->window : FL_WINDOW, &c->window);
	return 0;
}

static const struct {
	const char *name;
	enum fl_dtype dtype;
} dtypes[] = { { "float32", FL_F32 }, { "float16", FL_F16 }, { "bfloat16", FL_BF16 } };
enum { DTYPES = sizeof dtypes / sizeof *dtypes };

/* The name of a type, torch.bfloat16 too; "auto" says none. */
static int
read_dtype(const struct fl_reading *r, struct fl_config *c)
{
	const struct fl_json *v = fl_json_get(r->json, "dtype");
	const char *s;

	if (fl_field_is_off(v))
		v = fl_json_get(r->json, "torch_dtype");
	c->dtype = FL_F32;
	if (fl_field_is_off(v))
		return 0;
	s = fl_json_str(v);
	if (s && strcmp(s, "auto") == 0)
		return 0;
	for (size_t i = 0; s && i < DTYPES; i++)
		if (strcmp(s + (fl_str_begins(s, "torch.") ? strlen("torch.") : 0), dtypes[i].name) == 0) {
			c->dtype = dtypes[i].dtype;
			return 0;
		}
	return fl_err_data(r->err, "'%s': dtype '%s' in config.json is not supported", r->what,
	    s ? s : "(no string)");
}

int
fl_config_check_ids(const struct fl_json *json, const char *what, const char *file, struct fl_err *err)
{
	static const char *const keys[] = { "eos_token_id", "bos_token_id", "pad_token_id" };
	enum { MOST = 1024 };

	if (fl_json_type(json) != FL_JSON_OBJECT)
		return fl_err_data(err, "'%s': %s is no object", what, file);
	for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
		const struct fl_json *v = fl_json_get(json, keys[k]);
		bool list = k == 0 && fl_json_type(v) == FL_JSON_ARRAY;
		size_t n = list ? fl_json_len(v) : fl_json_type(v) > FL_JSON_NULL;

		if (n > MOST)
			return fl_err_data(err, "'%s': '%s' in %s has more than %d ids", what, keys[k], file, MOST);
		for (size_t i = 0; i < n; i++)
			if (fl_json_type(list ? fl_json_at(v, i) : v) != FL_JSON_INT)
				return fl_err_data(err, "'%s': '%s' in %s is no token id", what, keys[k], file);
	}
	return 0;
}

static int
check_fixed(const struct fl_reading *r)
{
	const struct fl_json *act = fl_json_get(r->json, "hidden_act");
	const char *name = fl_json_str(act);

	if (!fl_field_is_off(act) && (!name || (strcmp(name, "silu") != 0 && strcmp(name, "swish") != 0)))
		return fl_err_data(r->err, "'%s': activation '%s' is not supported", r->what,
		    name ? name : "(no string)");
	if (!fl_field_is_off(fl_json_get(r->json, "mlp_bias")))
		return fl_err_data(r->err, "'%s': 'mlp_bias' in config.json is not supported", r->what);
	return 0;
}

static int
read_biases(const struct fl_reading *r, struct fl_config *c)
{
	bool flag;

	if (read_bool(r, "attention_bias", &flag) < 0)
		return -1;
	if (flag && c->family->biases != FL_BIAS_FLAG)
		return fl_err_data(r->err, "'%s': 'attention_bias' in config.json is not supported for %s",
		    r->what, c->family->model_type);
	c->qkv_bias = flag || c->family->biases == FL_BIAS_QKV;
	c->o_bias = flag;
	return 0;
}

static int
read_tying(const struct fl_reading *r, struct fl_config *c)
{
	bool other = false;

	if (read_bool(r, "tie_word_embeddings", &c->tied) < 0 ||
	    (c->family->tie && read_bool(r, c->family->tie, &other) < 0))
		return -1;
	c->tied |= other;
	return 0;
}

const struct fl_family *
fl_family_find(const char *model_type)
{
	const struct fl_family *f = fl_families;

	while (f->model_type && strcmp(f->model_type, model_type) != 0)
		f++;
	return f->model_type ? f : NULL;
}

static int
read_family(const struct fl_reading *r, struct fl_config *c)
{
	const char *type = fl_json_str(fl_json_get(r->json, "model_type"));

	if (!type)
		return fl_err_data(r->err, "'%s': config.json has no model_type", r->what);
	c->family = fl_family_find(type);
	if (!c->family)
		return fl_err_data(r->err, "'%s': model type '%s' is not supported", r->what, type);
	return 0;
}

static int
read_all(const struct fl_reading *r, struct fl_config *c)
{
	if (fl_json_type(r->json) != FL_JSON_OBJECT)
		return fl_err_data(r->err, "'%s': config.json is no object", r->what);
	if (read_family(r, c) < 0 || read_sizes(r, c) < 0 || fl_fields_check(r, c) < 0 || check_fixed(r) < 0 ||
	    fl_rope_read(r, c) < 0 || read_pattern(r, c) < 0 ||
	    read_dtype(r, c) < 0 || read_biases(r, c) < 0 || read_tying(r, c) < 0 ||
	    fl_config_check_ids(r->json, r->what, "config.json", r->err) < 0)
		return -1;
	if (fl_quant_read(&c->quant, fl_json_get(r->json, "quantization_config"), c->tied, c->layers, r->what,
		r->err) < 0)
		return -1;
	return fl_bits_check(c, r->what, r->err);
}

int
fl_config_parse(struct fl_config *c, const struct fl_json *json, const char *what,
    struct fl_err *err)
{
	struct fl_reading r = { json, what, err };
	struct fl_config read = { 0 };
	int bad = read_all(&r, &read);

	*c = bad ? (struct fl_config){ 0 } : read;
	if (!bad)
		c->json = fl_json_copy(json);
	return bad;
}

struct fl_reader *
fl_config_open(const char *path, struct fl_config *c, struct fl_err *err)
{
	struct fl_reader *r = fl_reader_open(path, err);

	if (r && fl_config_parse(c, fl_reader_config(r), fl_reader_name(r), err) == 0)
		return r;
	fl_reader_close(r);
	return NULL;
}

void
fl_config_copy(struct fl_config *to, const struct fl_config *from)
{
	*to = *from;
	to->json = fl_json_copy(from->json);
}

void
fl_config_free(struct fl_config *c)
{
	if (c->json)
		fl_json_free(c->json);
	*c = (struct fl_config){ 0 };
}

bool
fl_config_has(const struct fl_config *c, char letter)
{
	return memchr(c->pattern, letter, (size_t)c->layers) != NULL;
}

void
fl_config_arch(const struct fl_config *c, struct fl_arch *arch)
{
	*arch = (struct fl_arch){ .width = c->width, .ffn = c->ffn, .layers = c->layers };
	memcpy(arch->pattern, c->pattern, (size_t)c->layers);
}

void
fl_config_resize(struct fl_config *c, const struct fl_arch *arch)
{
	c->width = arch->width;
	c->ffn = arch->ffn;
	c->layers = arch->layers;
	memcpy(c->pattern, arch->pattern, sizeof c->pattern);
	if (!fl_config_has(c, 'w'))
		c->window = 0;
	else if (!c->window)
		c->window = FL_WINDOW;
}

void
fl_config_set_dtype(struct fl_config *c, enum fl_dtype t)
{
	c->dtype = t;
	fl_json_del(c->json, "dtype");
	for (size_t i = 0; i < DTYPES; i++)
		if (dtypes[i].dtype == t)
			fl_json_set(c->json, "torch_dtype", fl_json_new_str(dtypes[i].name));
}
