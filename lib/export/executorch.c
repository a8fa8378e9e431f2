/* SPDX-License-Identifier: Apache-2.0 */
/* What executorch.extension.llm.export.export_llm of ExecuTorch 1.1 takes. It ignores what it does not know, so all
 * that would be computed otherwise is refused here. Windows are no property of the model there but an option,
 * local_global_attention: a ring of twice the window, which is right for chunks of at most the window and one, so
 * that max_seq_length is no more. */
#include "export/executorch.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "export/executorch_impl.h"
#include "export/folder.h"
#include "model/special.h"

enum { CHUNK = 1024, CONTEXT = 4096 }; /* at most, in export.yaml; a layer of attention takes CONTEXT^2 bytes there */

static bool
scales_rope(const struct fl_config *c)
{
	return c->rope.kind == FL_ROPE_LLAMA3;
}

static int
check_rope(const struct fl_config *c, struct fl_err *err)
{
	const struct fl_rope *r = &c->rope;

	if (r->kind != FL_ROPE_PLAIN && !scales_rope(c))
		return fl_err_no(err, "executorch cannot express %s RoPE scaling", fl_rope_name(r->kind));
	if (scales_rope(c) && (r->low != 1 || r->original != 8192 || r->factor != floor(r->factor) || r->high != floor(r->high)))
		return fl_err_no(err,
		    "executorch cannot express llama3 RoPE scaling but from 8192 tokens, with a low factor of 1 and whole numbers");
	return 0;
}

static int
check_quant(const struct fl_config *c, struct fl_err *err)
{
	if (c->quant.head == 8)
		return fl_err_no(err,
		    "executorch cannot express a head of 8 bits in groups: its own has one scale a row; quantize with --head int4");
	if (c->quant.linear == 8)
		return fl_err_no(err, "executorch cannot express linear layers of 8 bits in groups");
	if (fl_quant_mixed(&c->quant))
		return fl_err_no(err, "executorch cannot express linear layers of different bits");
	if (fl_quant_any(&c->quant) && (c->width == FL_MATRIX_GROUP || c->ffn == FL_MATRIX_GROUP))
		return fl_err_no(err, "executorch cannot express rows of one group, %d long", FL_MATRIX_GROUP);
	return 0;
}

int
fl_executorch_check(const struct fl_config *c, const struct fl_export_opts *o, struct fl_err *err)
{
	if (o->type != FL_EXPORT_AUTO)
		return fl_err_usage(err, "--type is not for executorch, where every weight keeps its type");
	if (c->o_bias)
		return fl_err_no(err, "executorch cannot express a bias of the attention's output");
	if (c->head_dim % 2)
		return fl_err_no(err, "executorch cannot express heads of %d dimensions", c->head_dim);
	return check_rope(c, err) < 0 ? -1 : check_quant(c, err);
}

/* params.json ---------------------------------------------------------------------------------- */

static void
set_int(struct fl_json *o, const char *key, long long v)
{
	fl_json_set(o, key, fl_json_new_int(v));
}

static struct fl_json *
layer_types(const struct fl_config *c)
{
	struct fl_json *types = fl_json_new_array();

	for (int l = 0; l < c->layers; l++)
		fl_json_push(types, fl_json_new_str(c->pattern[l] == 's' ? "skip_attention" : "full_attention"));
	return types;
}

static struct fl_json *
params(const struct fl_config *c)
{
	struct fl_json *p = fl_json_new_object(), *quant = fl_json_new_object();

	set_int(p, "dim", c->width);
	set_int(p, "n_layers", c->layers);
	set_int(p, "n_heads", c->heads);
	set_int(p, "n_kv_heads", c->kv_heads);
	set_int(p, "head_dim", c->head_dim);
	set_int(p, "hidden_dim", c->ffn);
	set_int(p, "vocab_size", c->vocab);
	fl_json_set(p, "norm_eps", fl_json_new_real(c->norm_eps));
	fl_json_set(p, "rope_theta", fl_json_new_real(c->rope.theta));
	fl_json_set(p, "use_hf_rope", fl_json_new_bool(false));
	fl_json_set(p, "use_scaled_rope", fl_json_new_bool(scales_rope(c)));
	if (scales_rope(c)) {
		set_int(p, "rope_scale_factor", (long long)c->rope.factor);
		set_int(p, "high_freq_factor", (long long)c->rope.high);
	}
	fl_json_set(p, "attention_qkv_bias", fl_json_new_bool(c->qkv_bias));
	fl_json_set(p, "use_qk_norm", fl_json_new_bool(c->family->qk_norm));
	fl_json_set(p, "qk_norm_before_rope", fl_json_new_bool(c->family->qk_norm));
	if (fl_config_has(c, 's'))
		fl_json_set(p, "layer_types", layer_types(c));
	if (fl_quant_any(&c->quant)) {
		set_int(quant, "group_size", FL_MATRIX_GROUP);
		fl_json_set(p, "quantization_args", fl_json_copy(quant));
	}
	fl_json_free(quant);
	return p;
}

/* export.yaml ---------------------------------------------------------------------------------- */

static int
least(int a, int b)
{
	return a < b ? a : b;
}

/* Where the runner begins and stops. An empty list is none; without one it would take the tokenizer's. */
static int
add_metadata(struct fl_str *s, const struct fl_model *m, struct fl_err *err)
{
	struct fl_special special;
	int bad = fl_special_of_model(&special, m, NULL, err);

	if (!bad) {
		fl_str_puts(s, "  metadata: '{");
		if (special.bos >= 0)
			fl_str_printf(s, "\"get_bos_id\": %ld, ", special.bos);
		fl_str_puts(s, "\"get_eos_ids\": [");
		for (size_t i = 0; i < special.ends.n; i++)
			fl_str_printf(s, "%s%u", i ? ", " : "", special.ends.v[i]);
		fl_str_puts(s, "]}'\n");
		fl_special_remark(&special, fl_model_name(m), ", and export.yaml names none");
	}
	fl_special_free(&special);
	return bad;
}

static void
add_windows(struct fl_str *s, const struct fl_config *c)
{
	fl_str_puts(s, "  local_global_attention: [");
	for (int l = 0; l < c->layers; l++)
		fl_str_printf(s, "%s%d", l ? ", " : "", c->pattern[l] == 'w' ? c->window : 0);
	fl_str_puts(s, "]\n");
}

static int
write_recipe(const struct fl_output *dir, const struct fl_model *m, struct fl_err *err)
{
	const struct fl_config *c = &m->config;
	bool windows = fl_config_has(c, 'w'), quantized = c->quant.linear || c->quant.head;
	int chunk = least(windows ? least(CHUNK, c->window + 1) : CHUNK, c->context);
	struct fl_str s = { 0 };
	int rc;

	fl_str_puts(&s, "# In this directory: python -m executorch.extension.llm.export.export_llm --config export.yaml\n"
			"base:\n  model_class: llama3\n  checkpoint: model.pth\n  params: params.json\n");
	if (quantized)
		fl_str_printf(&s, "  preq_mode: preq_8da4w\n  preq_group_size: %d\n", FL_MATRIX_GROUP);
	if (c->quant.embed)
		fl_str_printf(&s, "  preq_embedding_quantize: \"8,%d\"\n", FL_MATRIX_GROUP);
	if (add_metadata(&s, m, err) < 0) {
		fl_str_free(&s);
		return -1;
	}
	fl_str_printf(&s, "model:\n  use_kv_cache: true\n  use_sdpa_with_kv_cache: true\n  quantize_kv_cache: %s\n"
			  "  dtype_override: fp32\n", quantized ? "true" : "false");
	if (windows)
		add_windows(&s, c);
	if (quantized || c->quant.embed)
		fl_str_puts(&s, "quantization:\n  use_qat: true\n");
	fl_str_printf(&s, "export:\n  max_seq_length: %d\n  max_context_length: %d\n  output_name: model.pte\n"
			  "backend:\n  xnnpack:\n    enabled: true\n    extended_ops: true\n", chunk, least(CONTEXT, c->context));
	rc = fl_folder_file(dir, "export.yaml", s.data, s.len, err);
	fl_str_free(&s);
	return rc;
}

/* The directory ---------------------------------------------------------------------------------- */

static int
write_weights(const struct fl_output *dir, const struct fl_model *m, struct fl_err *err)
{
	struct fl_output *f = fl_output_open_in(dir, "model.pth", err);

	return f ? fl_output_end(f, fl_executorch_weights(m, f, err), err) : -1;
}

static int
write_files(const struct fl_output *dir, const struct fl_model *m, const struct fl_export_opts *o,
    struct fl_err *err)
{
	(void)o;
	if (fl_folder_json(dir, "params.json", params(&m->config), err) < 0 || write_recipe(dir, m, err) < 0)
		return -1;
	return write_weights(dir, m, err);
}

int
fl_executorch_write(struct fl_reader *in, const struct fl_config *c, const struct fl_export_opts *o,
    struct fl_err *err)
{
	(void)c;
	return fl_folder_write(in, o, write_files, err);
}
