/* SPDX-License-Identifier: Apache-2.0 */
#include "export/gguf_impl.h"

int
fl_gguf_model_check(const struct fl_config *c, const struct fl_export_opts *o, struct fl_err *err)
{
	const struct fl_gguf_form *f = fl_gguf_form_choose(c, err);

	if (f && f->skip == FL_SKIP_ZEROS && o->strict && fl_config_has(c, 's'))
		return fl_err_no(err,
		    "gguf cannot express layers without attention but as attention that adds zero");
	return f ? 0 : -1;
}

/* general.file_type, a label: llama.cpp's number for "mostly" this type. */
static uint32_t
file_type(enum fl_ggml_type type)
{
	switch (type) {
	case FL_GGML_F32: return 0;
	case FL_GGML_F16: return 1;
	case FL_GGML_Q4_0: return 2;
	case FL_GGML_Q8_0: return 7;
	case FL_GGML_BF16: return 32;
	default: fl_bug("tensor type %d", type);
	}
}

static int
write_to(const struct fl_gguf_tensors *t, struct fl_gguf *g, const char *output, struct fl_err *err)
{
	struct fl_output *out = fl_output_open(output, err);
	int rc = -1;

	if (!out)
		return -1;
	if (fl_gguf_begin(g, out, err) == 0)
		rc = fl_gguf_tensors_write(t, g, err);
	if (rc == 0 && !fl_gguf_complete(g))
		fl_bug("a GGUF file is short of data");
	return fl_output_end(out, rc, err);
}

static int
write_model(const struct fl_model *m, const struct fl_export_opts *o, struct fl_err *err)
{
	const struct fl_gguf_form *f = fl_gguf_form_choose(&m->config, err);
	struct fl_gguf_tensors t = { 0 };
	struct fl_gguf *g;
	int rc = -1;

	if (!f)
		return -1;
	g = fl_gguf_new(f->arch);
	if (fl_gguf_tensors_plan(&t, m, f, o->type, err) < 0)
		goto out;
	fl_gguf_str(g, "general.type", "model");
	fl_gguf_u32(g, "general.file_type", file_type(t.type));
	fl_gguf_u32(g, "general.quantization_version", 2);
	fl_gguf_form_keys(f, &m->config, g);
	if (fl_gguf_vocab_keys(m, g, err) < 0)
		goto out;
	for (size_t i = 0; i < t.n; i++)
		fl_gguf_tensor(g, t.v[i].name, t.v[i].type, t.v[i].cols, t.v[i].rows);
	rc = write_to(&t, g, o->output, err);
out:
	fl_gguf_tensors_free(&t);
	fl_gguf_free(g);
	return rc;
}

int
fl_gguf_model_write(struct fl_reader *in, const struct fl_config *c, const struct fl_export_opts *o,
    struct fl_err *err)
{
	struct fl_model *m = fl_model_load(in, err);
	int bad = m ? write_model(m, o, err) : -1;

	(void)c;
	fl_model_free(m);
	return bad;
}
