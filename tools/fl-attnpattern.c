/* SPDX-License-Identifier: Apache-2.0 */
/* fl-attnpattern.c -- set the attention of each layer: full, sliding window, or none. */
#include "base/cli.h"
#include "model/pattern.h"

static struct fl_sink sink = { .tool = "fl-attnpattern" };
static const char *arch_text, *metrics_path;
static int window, best;
static bool force, repair;

static const struct fl_opt opts[] = {
	FL_OPT_ARCH(arch_text,
	    "Give each layer the attention of this architecture string, fl-arch(7): f full, w sliding "
	    "window, s none. Its width, ffn and number of layers must be the checkpoint's."),
	{ 0, "best", "n",
	  "Let n layers skip attention instead, those that lose least by the order that fl-calibrate --drop-attention found.",
	  .num = &best, .min = 1, .max = FL_ARCH_LAYERS },
	FL_OPT_METRICS(metrics_path, .with = "best repair"),
	{ 0, "repair", NULL,
	  "Let the layer before one that loses its attention say, by least squares, what that added. Needs metrics made with "
	  "fl-calibrate --moments.", .flag = &repair },
	{ 0, "force", NULL, "Accept metrics of a model with another fingerprint but the same sizes.", .flag = &force,
	  .with = "metrics" },
	{ 0, "window", "n",
	  "Let window layers see n tokens, themselves included. The default is the checkpoint's, or 256.",
	  .num = &window, .min = 1, .max = 1 << 30 },
	FL_OPT_CKPT_OUTPUT(sink.output),
	FL_OPT_ZSTD(sink.zstd),
	FL_OPT_HISTORY(sink.no_history),
	FL_OPT_THREADS,
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
	struct fl_metrics *metrics = NULL;
	struct fl_reader *in;
	struct fl_plan *plan;
	int i = fl_cli(&tool, argc, argv);

	fl_cli_one_stdin(argv[i], &metrics_path, 1);
	if (!arch_text == !best)
		fl_die(FL_EXIT_USAGE, "one of -a and --best is required");
	fl_cli_refuse_terminal(sink.output);
	if ((arch_text && fl_arch_parse(arch_text, &arch, &err) < 0) ||
	    (metrics_path && !(metrics = fl_metrics_read(metrics_path, &err))))
		fl_die_err(&err);
	in = fl_config_open(argv[i], &config, &err);
	if (!in || (metrics && fl_metrics_check(metrics, &config, force, fl_reader_name(in), &err) < 0) ||
	    (best && fl_pattern_best(&config, metrics, best, &arch, &err) < 0) ||
	    (repair && fl_metrics_need_moment(metrics, FL_ATTN_ACROSS, "--repair", &err) < 0))
		fl_die_err(&err);
	plan = fl_plan_pattern(&config, fl_reader_name(in), &arch, window, repair ? metrics : NULL, &err);
	if (!repair)
		fl_metrics_free(metrics);
	if (!plan || fl_plan_apply(plan, in, &sink, fl_cli_record(), &err) < 0)
		fl_die_err(&err);
	return FL_EXIT_OK;
}
