/* SPDX-License-Identifier: Apache-2.0 */
#include "export/export.h"

#include <string.h>

#include "export/executorch.h"
#include "export/gguf_impl.h"
#include "export/hf.h"
#include "export/onnx_impl.h"

static const struct fl_target targets[] = {
	{ "executorch", fl_executorch_check, NULL, fl_executorch_write },
	{ "gguf", fl_gguf_model_check, fl_gguf_vocab_check, fl_gguf_model_write },
	{ "hf", fl_hf_check, NULL, fl_hf_write },
	{ "onnx", fl_onnx_model_check, NULL, fl_onnx_model_write },
	{ 0 },
};

const char *const fl_export_targets[] = { "executorch", "gguf", "hf", "onnx", NULL };
const char *const fl_export_types[FL_EXPORT_TYPES + 1] = { "auto", "f32", "f16", "bf16", "q8_0",
	"q4_0" };

static const struct fl_target *
find(const char *name)
{
	for (const struct fl_target *t = targets; t->name; t++)
		if (strcmp(t->name, name) == 0)
			return t;
	fl_bug("export target '%s'", name);
}

int
fl_export_check(const char *target, const struct fl_config *c, const struct fl_export_opts *o,
    struct fl_err *err)
{
	return find(target)->check(c, o, err);
}

int
fl_export_check_tokenizer(const char *target, const struct fl_tokenizer *t, const struct fl_config *c,
    struct fl_err *err)
{
	const struct fl_target *f = find(target);

	return f->check_tokenizer ? f->check_tokenizer(t, c, err) : 0;
}

int
fl_export_write(const char *target, struct fl_reader *in, const struct fl_config *c,
    const struct fl_export_opts *o, struct fl_err *err)
{
	if (fl_export_check(target, c, o, err) == 0)
		return find(target)->write(in, c, o, err);
	fl_reader_close(in);
	return -1;
}
