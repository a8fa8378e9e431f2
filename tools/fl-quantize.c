/* SPDX-License-Identifier: Apache-2.0 */
/* fl-quantize.c -- store the weight matrices of a checkpoint in 4 bits.
 *
 * The layout is compressed-tensors' pack-quantized; the arithmetic is in compute/quant.h. */
#include <string.h>

#include "base/cli.h"
#include "model/quantize.h"

static struct fl_sink sink = { .tool = "fl-quantize" };
static const char *const types[] = { "int4", "int8", "none", NULL };
static const char *head, *embed;

static const struct fl_opt opts[] = {
	{ 0, "head", "type", "Store the output head as int4, int8 or none (as it is). The default is int4.",
	  .word = &head, .words = types },
	{ 0, "embedding", "type",
	  "Store the embedding as int4, int8 or none (as it is). The default is int8, or the head's type "
	  "where the two are tied.", .word = &embed, .words = types },
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

int
main(int argc, char **argv)
{
	struct fl_err err = { 0 };
	struct fl_config config;
	struct fl_reader *in;
	struct fl_plan *plan;
	int i = fl_cli(&tool, argc, argv);

	fl_cli_refuse_terminal(sink.output);
	in = fl_config_open(argv[i], &config, &err);
	if (!in)
		fl_die_err(&err);
	plan = fl_plan_quantize(&config, fl_reader_name(in), bits(head), bits(embed), &err);
	if (!plan || fl_plan_apply(plan, in, &sink, fl_cli_record(), &err) < 0)
		fl_die_err(&err);
	return FL_EXIT_OK;
}
