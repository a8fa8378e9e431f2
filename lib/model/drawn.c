/* SPDX-License-Identifier: Apache-2.0 */
#include "model/drawn.h"

#include "base/str.h"
#include "io/checkpoint.h"
#include "model/bits.h"

static struct fl_json *
read_config(const char *path, struct fl_err *err)
{
	static const char *const name[] = { "config.json" };
	struct fl_str text = { 0 };
	struct fl_json *tree = NULL;

	if (fl_str_ends(path, ".json"))
		text.data = fl_slurp(path, 16 << 20, &text.len, err);
	else if (fl_checkpoint_members(path, name, 1, &text, err) == 0 && !text.data)
		fl_err_data(err, "'%s' has no config.json", fl_input_name(path));
	if (text.data)
		tree = fl_json_parse(text.data, text.len, fl_input_name(path), err);
	fl_str_free(&text);
	return tree;
}

static int
quantize_config(struct fl_config *c, const char *name, struct fl_err *err)
{
	struct fl_quant q;

	if (fl_bits_choose(c, name, -1, -1, &q, err) < 0)
		return -1;
	c->quant = q;
	return 0;
}

struct fl_model *
fl_model_drawn(const char *path, const char *arch_text, bool quantize, struct fl_err *err)
{
	const char *name = fl_input_name(path);
	struct fl_json *text = read_config(path, err);
	struct fl_model *m = NULL;
	struct fl_config c = { 0 };
	struct fl_arch arch;
	int bad = !text || (arch_text && fl_arch_parse(arch_text, &arch, err) < 0) ||
	    fl_config_parse(&c, text, name, err) < 0;

	if (!bad && arch_text)
		fl_config_resize(&c, &arch);
	if (!bad && quantize)
		bad = quantize_config(&c, name, err);
	if (!bad)
		m = fl_model_random(&c, 0);
	fl_config_free(&c);
	fl_json_free(text);
	return m;
}
