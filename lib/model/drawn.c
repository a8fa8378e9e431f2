/* SPDX-License-Identifier: Apache-2.0 */
#include "model/drawn.h"

#include "base/str.h"
#include "model/bits.h"
#include "model/config_file.h"

static int
quantize_config(struct fl_config *c, const char *name, int head_bits, struct fl_err *err)
{
	struct fl_quant q;

	if (fl_bits_choose(c, name, head_bits, -1, &q, err) < 0)
		return -1;
	c->quant = q;
	return 0;
}

struct fl_model *
fl_model_drawn(const char *path, const char *arch_text, int head_bits, struct fl_err *err)
{
	const char *name = fl_input_name(path);
	struct fl_json *text = fl_config_read(path, false, err);
	struct fl_model *m = NULL;
	struct fl_config c = { 0 };
	struct fl_arch arch;
	int bad = !text || (arch_text && fl_arch_parse(arch_text, &arch, err) < 0) ||
	    fl_config_parse(&c, text, name, err) < 0;

	if (!bad && arch_text)
		fl_config_resize(&c, &arch);
	if (!bad && head_bits)
		bad = quantize_config(&c, name, head_bits, err);
	if (!bad)
		m = fl_model_random(&c, 0);
	fl_config_free(&c);
	fl_json_free(text);
	return m;
}
