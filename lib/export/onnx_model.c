/* SPDX-License-Identifier: Apache-2.0 */
#include "export/folder.h"
#include "export/hf.h"
#include "export/onnx_impl.h"
#include "io/members.h"

/* The graph has the sines and cosines of every position, as F32: half a gibibyte each at most. */
enum { MOST_ANGLES = 1 << 27 };

int
fl_onnx_model_check(const struct fl_config *c, const struct fl_export_opts *o, struct fl_err *err)
{
	if (o->type != FL_EXPORT_AUTO && o->type != FL_EXPORT_F32)
		return fl_err_usage(err, "for onnx --type is auto or f32");
	if (c->head_dim % 8 && (fl_config_has(c, 'f') || fl_config_has(c, 'w')))
		return fl_err_no(err,
		    "onnx cannot express heads of %d: the GroupQueryAttention of ONNX Runtime wants a multiple "
		    "of 8", c->head_dim);
	if ((uint64_t)c->context * (uint64_t)c->head_dim / 2 > MOST_ANGLES)
		return fl_err_no(err, "onnx cannot express a context of %d tokens, whose positions would take %llu MiB",
		    c->context, (unsigned long long)c->context * (unsigned long long)c->head_dim >> 18);
	return 0;
}

/* config.json for those who read it with transformers, which knows neither layers without attention nor, here,
 * what to do with few bits. What is computed stands in the graph. */
static struct fl_json *
config_there(const struct fl_config *c)
{
	struct fl_config plain;
	struct fl_json *v;

	fl_config_copy(&plain, c);
	for (int l = 0; l < plain.layers; l++)
		if (plain.pattern[l] == 's')
			plain.pattern[l] = 'f';
	plain.quant = (struct fl_quant){ 0 };
	fl_json_del(plain.json, "quantization_config");
	fl_hf_rename(&plain);
	v = fl_config_json(&plain);
	fl_config_free(&plain);
	return v;
}

static int
write_graph(const struct fl_output *dir, const struct fl_onnx_graph *g, struct fl_err *err)
{
	struct fl_str bytes = { 0 };
	int bad;

	fl_onnx_pack(g->onnx, &bytes);
	bad = fl_folder_file(dir, FL_ONNX_MODEL_NAME, bytes.data, bytes.len, err);
	fl_str_free(&bytes);
	return bad;
}

static int
write_data(const struct fl_output *dir, const struct fl_onnx_graph *g, const struct fl_model *m,
    struct fl_err *err)
{
	struct fl_output *out = fl_output_open_in(dir, FL_ONNX_DATA_NAME, err);

	return out ? fl_output_end(out, fl_onnx_data_write(g, m, out, err), err) : -1;
}

static int
write_files(const struct fl_output *dir, const struct fl_model *m, const struct fl_export_opts *o,
    struct fl_err *err)
{
	struct fl_onnx_graph g = { 0 };
	struct fl_json *genai;
	int bad = -1;

	fl_onnx_graph_make(&g, m, o);
	genai = fl_onnx_genai(m, g.caches, err);
	if (genai)
		bad = fl_folder_json(dir, "genai_config.json", genai, err) < 0 ||
		    fl_folder_json(dir, FL_MEMBER_CONFIG_NAME, config_there(&m->config), err) < 0 ||
		    write_graph(dir, &g, err) < 0 || write_data(dir, &g, m, err) < 0;
	fl_onnx_graph_free(&g);
	return bad ? -1 : 0;
}

int
fl_onnx_model_write(struct fl_reader *in, const struct fl_config *c, const struct fl_export_opts *o,
    struct fl_err *err)
{
	(void)c;
	return fl_folder_write(in, o, write_files, err);
}
