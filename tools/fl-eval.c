/* SPDX-License-Identifier: Apache-2.0 */
/* fl-eval.c -- how well a checkpoint predicts held-out tokens, as a row of a table. */
#include <math.h>
#include <string.h>

#include "base/cli.h"
#include "base/str.h"
#include "base/tsv.h"
#include "model/eval.h"
#include "model/logits.h"
#include "model/tokenizer_of.h"
#include "text/tokens.h"

static const char *tokens_path, *logits_path;
static struct fl_output *logits; /* to be committed when all else is done */
static int context, stride, skip;
static bool bos, json;

static const struct fl_opt opts[] = {
	FL_OPT_TOKENS(tokens_path),
	{ 0, "context", "n",
	  "Cut the tokens into windows of n. The default is the smaller of 2048 and the model's maximum.",
	  .num = &context, .min = 2, .max = 1 << 20 },
	{ 0, "stride", "n",
	  "Begin a window every n tokens. The default is the context. Less gives every prediction a past of "
	  "at least the difference; no token counts twice.", .num = &stride, .min = 1, .max = 1 << 20 },
	{ 0, "skip", "n", "Count none of the first n tokens of a window. The default is 1.", .num = &skip,
	  .min = 1, .max = 1 << 20 },
	{ 0, "bos", NULL, "Begin every window with the model's BOS token, one of the n.", .flag = &bos },
	{ 0, "logits", "file",
	  "Write the logits after every token of every window to file, too, a safetensors file.",
	  .str = &logits_path, .mute = true },
	FL_OPT_JSON(json),
	FL_OPT_THREADS,
	{ 0 },
};

static const struct fl_tool tool = {
	.name = "fl-eval", .brief = "measure the loss of a checkpoint",
	.operands = "[checkpoint]", .max_operands = 1, .opts = opts,
};

static void
print(const struct fl_model *m, const struct fl_loss *loss, long long bytes)
{
	char text[FL_ARCH_LEN];
	struct fl_arch arch;
	struct fl_row row = { 0 };

	fl_config_arch(&m->config, &arch);
	fl_row_str(&row, "arch", fl_arch_format(&arch, text));
	fl_row_real(&row, "loss_nats", loss->nats);
	if (loss->windows > 1)
		fl_row_real(&row, "loss_nats_se", loss->se);
	fl_row_real(&row, "perplexity", exp(loss->nats));
	if (bytes > 0)
		fl_row_real(&row, "bits_per_byte",
		    loss->nats * (double)loss->tokens / (double)bytes / log(2));
	fl_row_int(&row, "tokens", loss->tokens);
	fl_row_print(&row, stdout, true, json);
	fl_row_free(&row);
}

static int
evaluate(const struct fl_model *m, struct fl_err *err)
{
	struct fl_tokens *t = fl_tokens_open(tokens_path, (size_t)m->config.vocab, err);
	struct fl_tokenizer *tokenizer = NULL;
	struct fl_windows w;
	struct fl_loss loss;

	if (!t)
		return -1;
	w = (struct fl_windows){ .id = t->id, .n = t->n, .skip = (size_t)skip };
	if (fl_windows_init(&w, &m->config, context, stride, bos, err) < 0)
		return fl_err_prefix(err, "'%s'", fl_input_name(tokens_path));
	if (fl_tokenizer_in_model(m) && !(tokenizer = fl_tokenizer_of_model(m, err)))
		return -1;
	if (fl_eval_loss(m, &w, &loss, err) < 0 ||
	    (logits_path && !(logits = fl_logits_write(m, &w, logits_path, err))))
		return -1;
	print(m, &loss, tokenizer ? fl_eval_bytes(&w, tokenizer) : 0);
	fl_tokenizer_free(tokenizer);
	fl_tokens_close(t);
	return 0;
}

int
main(int argc, char **argv)
{
	struct fl_err err = { 0 };
	int i = fl_cli(&tool, argc, argv);
	struct fl_model *m;

	if (!tokens_path)
		fl_die(FL_EXIT_USAGE, "give tokens with -t");
	if (strcmp(tokens_path, "-") == 0 && (!argv[i] || strcmp(argv[i], "-") == 0))
		fl_die(FL_EXIT_USAGE, "tokens and checkpoint cannot both come from standard input");
	m = fl_model_open(argv[i], &err);
	if (!m || evaluate(m, &err) < 0)
		fl_die_err(&err);
	fl_model_free(m);
	fl_finish(FL_EXIT_OK);
	if (logits && fl_output_commit(logits, &err) < 0)
		fl_die_err(&err);
	return FL_EXIT_OK;
}
