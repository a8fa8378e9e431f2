/* SPDX-License-Identifier: Apache-2.0 */
/* fl-init.c -- a checkpoint of random weights for a configuration. */
#include "base/cli.h"
#include "io/checkpoint.h"
#include "io/history.h"
#include "model/config_file.h"
#include "model/init.h"

static const char *output, *arch_text, *dtype;
static const char *const dtypes[] = { "float32", "float16", "bfloat16", NULL };
static bool zstd, no_history;
static int seed;

static const struct fl_opt opts[] = {
	FL_OPT_ARCH(arch_text, "Give the model the sizes and the attention of this architecture string, "
			       "fl-arch(7), instead of the configuration's."),
	{ 0, "dtype", "type",
	  "Store weights as float32, float16 or bfloat16. The default is the configuration's.",
	  .word = &dtype, .words = dtypes },
	FL_OPT_SEED(seed),
	FL_OPT_CKPT_OUTPUT(output),
	FL_OPT_ZSTD(zstd),
	FL_OPT_HISTORY(no_history),
	FL_OPT_THREADS,
	{ 0 },
};

static const struct fl_tool tool = {
	.name = "fl-init", .brief = "make a checkpoint of random weights",
	.operands = "config", .min_operands = 1, .max_operands = 1, .opts = opts,
};

static int
read_config(const char *path, struct fl_config *c, struct fl_err *err)
{
	struct fl_arch arch;
	struct fl_json *json = fl_config_read(path, true, err);

	path = fl_input_name(path);
	if (!json)
		return -1;
	if (dtype && fl_json_type(json) == FL_JSON_OBJECT) {
		fl_json_del(json, "dtype");
		fl_json_set(json, "torch_dtype", fl_json_new_str(dtype));
	}
	if (fl_config_parse(c, json, path, err) < 0)
		return -1;
	if (fl_quant_any(&c->quant))
		return fl_err_data(err, "'%s' is quantized; make the model first, then fl-quantize it",
		    path);
	if (arch_text) {
		if (fl_arch_parse(arch_text, &arch, err) < 0)
			return -1;
		fl_config_resize(c, &arch);
	}
	return 0;
}

int
main(int argc, char **argv)
{
	struct fl_err err = { 0 };
	struct fl_config config;
	struct fl_writer *out;
	int i = fl_cli(&tool, argc, argv);

	fl_cli_refuse_terminal(output);
	if (read_config(argv[i], &config, &err) < 0 || !(out = fl_writer_open(output, zstd, &err)) ||
	    fl_init_write(&config, seed, out, &err) < 0 ||
	    (!no_history &&
		fl_history_write(out, NULL, tool.name, fl_cli_record(), NULL, &err) < 0) ||
	    fl_writer_commit(out, &err) < 0)
		fl_die_err(&err);
	return FL_EXIT_OK;
}
