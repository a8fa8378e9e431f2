/* SPDX-License-Identifier: Apache-2.0 */
/* fl-quantize.c -- store the weight matrices of a checkpoint in 4 bits.
 *
 * The layout is compressed-tensors' pack-quantized; the arithmetic is in compute/quant.h. */
#include <string.h>

#include "base/cli.h"
#include "model/quantize.h"

static struct fl_sink sink = { .tool = "fl-quantize" };
static const char *const types[] = { "int4", "int8", "none", NULL };
static struct fl_quantize_opts opt;
static const char *head, *embed, *metrics_path;

static const struct fl_opt opts[] = {
	{ 0, "method", "name",
	  "Find the scale of each group by mse, the least squared error; by rtn, rounding to the nearest at "
	  "the scale that just fits; by calib, the least squared error of what comes out; or by gptq, calib with what a "
	  "weight loses made up for by others. The last two need -m. The default is calib with -m, else mse.", .word = &opt.method, .words = fl_quantize_methods },
	FL_OPT_METRICS(metrics_path),
	{ 0, "rotate", NULL,
	  "Mix the dimensions of the residual stream by a Hadamard matrix first or, where the embedding is tied, put them in "
	  "order: the model computes the same, but is rounded differently. Needs -m.", .flag = &opt.rotate },
	{ 0, "signed", NULL,
	  "Take a negative scale where it errs less. GGUF and compressed-tensors have them, ExecuTorch "
	  "refuses them.", .flag = &opt.negative },
	{ 0, "head", "type", "Store the output head as int4, int8 or none (unquantized). The default is int4, or the embedding's type where the "
	  "two are tied.",
	  .word = &head, .words = types },
	{ 0, "embedding", "type",
	  "Store the embedding as int4, int8 or none (unquantized). The default is int8.", .word = &embed, .words = types },
	{ 0, "force", NULL, "Accept metrics of a model with another fingerprint but the same sizes.",
	  .flag = &opt.force, .with = "metrics" },
	FL_OPT_CKPT_OUTPUT(sink.output),
	FL_OPT_ZSTD(sink.zstd),
	FL_OPT_HISTORY(sink.no_history),
	FL_OPT_THREADS,
	{ 0 },
};

static const struct fl_tool tool = {
	.name = "fl-quantize", .brief = "store the weights of a checkpoint in 4 bits",
	.operands = "[checkpoint]", .max_operands = 1, .opts = opts,
};

static int
bits(const char *type)
{
	return !type ? -1 : strcmp(type, "int4") == 0 ? 4 : strcmp(type, "int8") == 0 ? 8 : 0;
}

static void
check_usage(const char *operand)
{
	bool measured = !opt.method || strcmp(opt.method, "calib") == 0 || strcmp(opt.method, "gptq") == 0;

	fl_cli_one_stdin(operand, &metrics_path, 1);
	if (metrics_path && !measured && !opt.rotate)
		fl_die(FL_EXIT_USAGE, "-m goes with --rotate, --method calib or gptq");
	if (opt.negative && opt.method && strcmp(opt.method, "rtn") == 0)
		fl_die(FL_EXIT_USAGE, "--signed goes with a search, not with --method rtn");
	fl_cli_refuse_terminal(sink.output);
}

int
main(int argc, char **argv)
{
	struct fl_err err = { 0 };
	struct fl_config config;
	struct fl_metrics *metrics = NULL;
	struct fl_reader *in;
	struct fl_plan *plan;
	int i;

	i = fl_cli(&tool, argc, argv);
	check_usage(argv[i]);
	opt.head = bits(head);
	opt.embed = bits(embed);
	if (metrics_path && !(metrics = fl_metrics_read(metrics_path, &err)))
		fl_die_err(&err);
	in = fl_config_open(argv[i], &config, &err);
	if (!in)
		fl_die_err(&err);
	plan = fl_plan_quantize(&config, fl_reader_name(in), metrics, &opt, &err);
	if (!plan || fl_plan_apply(plan, in, &sink, fl_cli_record(), &err) < 0)
		fl_die_err(&err);
	return FL_EXIT_OK;
}
