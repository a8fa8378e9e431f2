/* SPDX-License-Identifier: Apache-2.0 */
/* fl-import.c -- make a checkpoint of a GGUF file. */
#include <string.h>

#include "base/cli.h"
#include "export/gguf_import.h"

static struct fl_sink sink = { .tool = "fl-import" };
static struct fl_gguf_import_opts import;
static const char *dtype;

static const char *const dtypes[] = { "auto", "f32", "f16", "bf16", NULL };

static const struct fl_opt opts[] = {
	{ 0, "type", "type",
	  "Store all weights as f32, f16 or bf16. The default, auto, keeps what is stored so, and makes f32 of what is "
	  "quantized.", .word = &dtype, .words = dtypes },
	{ 0, "pre", "name",
	  "Cut words as the pre-tokenizer of this name does, such as llama-bpe or qwen2, whatever the file says.",
	  .str = &import.pre },
	{ 0, "no-tokenizer", NULL, "Leave the tokenizer out, such as one that cannot be told from the file.",
	  .flag = &import.no_tokenizer },
	{ 0, "tokenizer", NULL, "Write the files of the tokenizer and nothing else, whatever the model's architecture.",
	  .flag = &import.tokenizer_only },
	FL_OPT_CKPT_OUTPUT(sink.output),
	FL_OPT_ZSTD(sink.zstd),
	FL_OPT_HISTORY(sink.no_history),
	FL_OPT_THREADS,
	{ 0 },
};

static const struct fl_tool tool = {
	.name = "fl-import", .brief = "make a checkpoint of a GGUF file",
	.operands = "[file]", .max_operands = 1, .opts = opts,
};

static enum fl_dtype
dtype_by_name(const char *name)
{
	static const enum fl_dtype types[] = { FL_DTYPES, FL_F32, FL_F16, FL_BF16 };
	size_t i = 0;

	while (name && strcmp(dtypes[i], name) != 0)
		i++;
	return types[i];
}

int
main(int argc, char **argv)
{
	struct fl_err err = { 0 };
	int i = fl_cli(&tool, argc, argv);

	if (import.no_tokenizer && (import.tokenizer_only || import.pre))
		fl_die(FL_EXIT_USAGE, "--no-tokenizer leaves nothing for --tokenizer or --pre");
	fl_cli_refuse_terminal(sink.output);
	import.dtype = dtype_by_name(dtype);
	if (fl_gguf_import(argv[i], &import, &sink, fl_cli_record(), &err) < 0)
		fl_die_err(&err);
	return FL_EXIT_OK;
}
