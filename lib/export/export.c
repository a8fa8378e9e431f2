/* SPDX-License-Identifier: Apache-2.0 */
#include "export/export.h"

#include <string.h>

#include "export/gguf_impl.h"

static const struct fl_target targets[] = {
	{ "gguf", fl_gguf_model_check, fl_gguf_model_write },
	{ 0 },
};

const char *const fl_export_targets[] = { "gguf", NULL };
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
fl_export_check(const char *target, const struct fl_config *c, struct fl_err *err)
{
	return find(target)->check(c, err);
}

int
fl_export_write(const char *target, const struct fl_model *m, enum fl_export_type type,
    const char *output, struct fl_err *err)
{
	if (fl_export_check(target, &m->config, err) < 0)
		return -1;
	return find(target)->write(m, type, output, err);
}
