/* SPDX-License-Identifier: Apache-2.0 */
#include "export/gguf_impl.h"

int
fl_gguf_model_check(const struct fl_config *c, struct fl_err *err)
{
	return fl_gguf_form_choose(c, err) ? 0 : -1;
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
	}
	fl_bug("tensor type %d", type);
}

static int
write_to(const struct fl_gguf_tensors *t, struct fl_gguf *g, const char *output, struct fl_err *err)
{
	struct fl_output *out = fl_output_open(output, err);

	if (!out)
		return -1;
	if (fl_gguf_begin(g, out, err) < 0 || fl_gguf_tensors_write(t, g, err) < 0) {
		fl_output_abandon(out);
		return -1;
	}
	if (!fl_gguf_complete(g))
		fl_bug("a GGUF file is short of data");
	return fl_output_commit(out, err);
}

int
fl_gguf_model_write(const struct fl_model *m, enum fl_export_type type, const char *output,
    struct fl_err *err)
{
	const struct fl_gguf_form *f = fl_gguf_form_choose(&m->config, err);
	struct fl_gguf_tensors t = { 0 };
	struct fl_gguf *g;
	int rc = -1;

	if (!f)
		return -1;
	g = fl_gguf_new(f->arch);
	if (fl_gguf_tensors_plan(&t, m, f, type, err) < 0)
		goto out;
	fl_gguf_str(g, "general.type", "model");
	fl_gguf_u32(g, "general.file_type", file_type(t.type));
	fl_gguf_u32(g, "general.quantization_version", 2);
	fl_gguf_form_keys(f, &m->config, g);
	if (fl_gguf_vocab_keys(m, g, err) < 0)
		goto out;
	for (size_t i = 0; i < t.n; i++)
		fl_gguf_tensor(g, t.v[i].name, t.v[i].type, t.v[i].cols, t.v[i].rows);
	rc = write_to(&t, g, output, err);
out:
	fl_gguf_tensors_free(&t);
	fl_gguf_free(g);
	return rc;
}
