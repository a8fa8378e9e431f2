/* SPDX-License-Identifier: Apache-2.0 */
/* fl-attnpattern.c -- set the attention of each layer: full, sliding window, or none. */
#include "base/cli.h"
#include "model/prune.h"

static struct fl_sink sink = { .tool = "fl-attnpattern" };
static const char *arch_text;
static int window;

static const struct fl_opt opts[] = {
	FL_OPT_ARCH(arch_text,
	    "Give each layer the attention of this architecture string, fl-arch(7): f full, w sliding "
	    "window, s none. Its width, ffn and number of layers must be the checkpoint's."),
	{ 0, "window", "n",
	  "Let window layers see n tokens, themselves included. The default is the checkpoint's, or 256.",
	  .num = &window, .min = 1, .max = 1 << 30 },
	FL_OPT_CKPT_OUTPUT(sink.output),
	FL_OPT_ZSTD(sink.zstd),
	FL_OPT_HISTORY(sink.no_history),
	{ 0 },
};

static const struct fl_tool tool = {
	.name = "fl-attnpattern", .brief = "set the attention of each layer of a checkpoint",
	.operands = "[checkpoint]", .max_operands = 1, .opts = opts,
};

int
main(int argc, char **argv)
{
	struct fl_err err = { 0 };
	struct fl_config config;
	struct fl_arch arch;
	struct fl_reader *in;
	struct fl_plan *plan;
	int i = fl_cli(&tool, argc, argv);

	if (!arch_text)
		fl_die(FL_EXIT_USAGE, "option '-a' is required");
	fl_cli_refuse_terminal(sink.output);
	if (fl_arch_parse(arch_text, &arch, &err) < 0)
		fl_die_err(&err);
	in = fl_config_open(argv[i], &config, &err);
	if (!in)
		fl_die_err(&err);
	plan = fl_plan_pattern(&config, fl_reader_name(in), &arch, window, &err);
	if (!plan || fl_plan_apply(plan, in, &sink, fl_cli_record(), &err) < 0)
		fl_die_err(&err);
	return FL_EXIT_OK;
}
