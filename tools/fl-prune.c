/* SPDX-License-Identifier: Apache-2.0 */
/* fl-prune.c -- remove the least important units from a checkpoint.
 *
 * What stays is chosen in model/prune.h from the sums that fl-calibrate measured; this file connects
 * the choice to streams. */
#include <string.h>

#include "base/cli.h"
#include "model/prune.h"
#include "model/score.h"

static struct fl_prune_opts opt = { .align = 32 };
static struct fl_sink sink = { .tool = "fl-prune" };
static const char *arch_text, *metrics_path;
static bool paper, repair, no_repair;

static const struct fl_opt opts[] = {
	FL_OPT_ARCH(arch_text,
	    "Prune to the width, ffn and number of layers of this architecture string, fl-arch(7). The "
	    "layers that stay keep their own attention."),
	FL_OPT_METRICS(metrics_path, .with = "arch"),
	{ 0, "score", "formula",
	  "Rank FFN channels and residual dimensions by flash, minitron, mean, static or random; channels by obs, what "
	  "their removal does to the layer's output. The default is obs, and --rotate, where metrics have moments; else flash.",
	  .word = &opt.score, .words = fl_score_names, .with = "arch" },
	{ 0, "layer-score", "formula",
	  "Rank layers by flash, bi, angular, loss or random. The default is loss as far as metrics have it, else flash.",
	  .word = &opt.layer_score, .words = fl_layer_score_names, .with = "arch" },
	{ 0, "block", "n",
	  "Keep or remove aligned blocks of n channels or dimensions. The default is 1, each by itself.",
	  .num = &opt.block, .min = 1, .max = 65536, .with = "arch" },
	{ 0, "align", "n", "Require target sizes to be multiples of n. The default is 32.",
	  .num = &opt.align, .min = 1, .max = 65536, .with = "arch" },
	{ 0, "rotate", NULL,
	  "Cut the width to the principal directions of the residual stream. Needs metrics made with "
	  "fl-calibrate --moments.", .flag = &opt.rotate, .with = "arch" },
	{ 0, "repair", NULL,
	  "Where FFN channels, dimensions or layers go, solve what is left again by least squares for what they gave. "
	  "Needs metrics made with fl-calibrate --moments. The default where metrics have what it needs.", .flag = &repair,
	  .with = "arch" },
	{ 0, "no-repair", NULL, "Inherit weights as they are.", .flag = &no_repair, .with = "arch" },
	{ 0, "paper", NULL,
	  "Do as MobileLLM-Flash does: --score flash --layer-score flash --block 32 --no-repair.", .flag = &paper,
	  .with = "arch" },
	FL_OPT_SEED(opt.seed, .with = "arch"),
	{ 0, "tie", NULL, "Drop the output head: the embedding serves as head.", .flag = &opt.tie },
	{ 0, "untie", NULL, "Give a model with a tied embedding a head of its own, a copy.",
	  .flag = &opt.untie },
	{ 0, "force", NULL, "Accept metrics of a model with another fingerprint but the same sizes.",
	  .flag = &opt.force, .with = "metrics" },
	FL_OPT_CKPT_OUTPUT(sink.output),
	FL_OPT_ZSTD(sink.zstd),
	FL_OPT_HISTORY(sink.no_history),
	FL_OPT_THREADS,
	{ 0 },
};

static const struct fl_tool tool = {
	.name = "fl-prune", .brief = "remove the least important units from a checkpoint",
	.operands = "[checkpoint]", .max_operands = 1, .opts = opts,
};

static bool
is_random(const char *score)
{
	return score && strcmp(score, "random") == 0;
}

/* Brings together what the options say. */
static void
settle(const char *operand)
{
	if (paper)
		opt.score = opt.layer_score = "flash";
	if (!opt.block)
		opt.block = paper ? 32 : 1;
	opt.repair = repair ? FL_REPAIR_ON : no_repair || paper ? FL_REPAIR_OFF : FL_REPAIR_USUAL;
	opt.checkpoint = operand && strcmp(operand, "-") != 0 ? operand : NULL;
}

static void
check_usage(const char *operand)
{
	fl_cli_one_stdin(operand, &metrics_path, 1);
	if (opt.tie && opt.untie)
		fl_die(FL_EXIT_USAGE, "--tie and --untie exclude each other");
	if (repair && no_repair)
		fl_die(FL_EXIT_USAGE, "--repair and --no-repair exclude each other");
	if (paper && (opt.score || opt.layer_score || opt.block || opt.rotate || repair))
		fl_die(FL_EXIT_USAGE, "--paper says how: it goes with no --score, --layer-score, --block, --rotate or --repair");
	if (opt.seed && !is_random(opt.score) && !is_random(opt.layer_score))
		fl_die(FL_EXIT_USAGE, "-s goes with --score or --layer-score random");
	if (!arch_text && !opt.tie && !opt.untie)
		fl_die(FL_EXIT_USAGE, "nothing to do: give -a, --tie or --untie");
	fl_cli_refuse_terminal(sink.output);
}

int
main(int argc, char **argv)
{
	struct fl_err err = { 0 };
	struct fl_config config;
	struct fl_arch arch;
	struct fl_metrics *metrics = NULL;
	struct fl_reader *in;
	struct fl_plan *plan;
	int i;

	i = fl_cli(&tool, argc, argv);
	check_usage(argv[i]);
	settle(argv[i]);
	if ((arch_text && fl_arch_parse(arch_text, &arch, &err) < 0) ||
	    (metrics_path && !(metrics = fl_metrics_read(metrics_path, &err))))
		fl_die_err(&err);
	in = fl_config_open(argv[i], &config, &err);
	if (!in)
		fl_die_err(&err);
	plan = fl_plan_prune(&config, fl_reader_name(in), arch_text ? &arch : NULL, metrics, &opt, &err);
	if (!plan || fl_plan_apply(plan, in, &sink, fl_cli_record(), &err) < 0)
		fl_die_err(&err);
	return FL_EXIT_OK;
}
