/* SPDX-License-Identifier: Apache-2.0 */
/* fl-export.c -- write a checkpoint as the file that another program runs. */
#include <string.h>

#include "base/cli.h"
#include "export/export.h"
#include "model/config.h"

static struct fl_export_opts export;
static const char *target, *type;

static const struct fl_opt opts[] = {
	{ 0, "to", "target",
	  "Write for target: executorch, whose exporter makes a .pte of it, gguf, which llama.cpp runs, hf, which "
	  "transformers loads, or onnx, which ONNX Runtime runs. Required.",
	  .word = &target,
	  .words = fl_export_targets },
	{ 0, "type", "type",
	  "For gguf, store the weight matrices as f32, f16, bf16, q8_0 or q4_0; auto, the default, keeps what they "
	  "are stored as: int4 becomes q4_0 and int8 q8_0, unchanged. For onnx, f32 or auto.", .word = &type,
	  .words = fl_export_types },
	{ 0, "strict", NULL,
	  "Refuse a model whose layers without attention could only be written as attention that adds zero.",
	  .flag = &export.strict },
	{ 0, "last-logits", NULL,
	  "For onnx, compute logits of the last token given and no others: all that generating takes.",
	  .flag = &export.last_logits },
	{ 'o', "output", "path",
	  "Write to path, which appears complete or not at all. For executorch and onnx it is a directory and ends in a "
	  "slash; for hf it is one if it does, else a tar. The default is standard output.", .str = &export.output,
	  .mute = true },
	FL_OPT_THREADS,
	{ 0 },
};

static const struct fl_tool tool = {
	.name = "fl-export", .brief = "write a checkpoint for another runtime",
	.operands = "[checkpoint]", .max_operands = 1, .opts = opts,
};

static enum fl_export_type
type_by_name(const char *name)
{
	enum fl_export_type t = FL_EXPORT_AUTO;

	while (name && strcmp(fl_export_types[t], name) != 0)
		t++;
	return t;
}

int
main(int argc, char **argv)
{
	struct fl_err err = { 0 };
	struct fl_config config;
	struct fl_reader *in;
	int i = fl_cli(&tool, argc, argv);

	if (!target)
		fl_die(FL_EXIT_USAGE, "which target? --to executorch, gguf, hf or onnx");
	if (export.last_logits && strcmp(target, "onnx") != 0)
		fl_die(FL_EXIT_USAGE, "--last-logits is for onnx");
	fl_cli_refuse_terminal(export.output);
	export.type = type_by_name(type);
	export.arguments = fl_cli_record();
	in = fl_config_open(argv[i], &config, &err);
	if (!in || fl_export_write(target, in, &config, &export, &err) < 0)
		fl_die_err(&err);
	return FL_EXIT_OK;
}
