/* SPDX-License-Identifier: Apache-2.0 */
/* fl-generate.c -- text from a checkpoint, shown as it is made. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cli.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "model/chat.h"
#include "model/forward.h"
#include "model/sample.h"
#include "model/rope_of.h"
#include "model/special.h"
#include "model/tokenizer_of.h"

enum { CHUNK = 512, MAX_PROMPT = 64 << 20 };

static const char *prompt, *prompt_file, *date, *kv = "f32";
static int count = 256, seed;
static double temperature, top_p = 1;
static bool ignore_eos, echo, chatting, dequantize;

static const struct fl_opt opts[] = {
	{ 'p', "prompt", "text",
	  "Continue text, in which special tokens are recognised. The default is the beginning of a "
	  "document.", .str = &prompt, .empty = true },
	{ 'f', "file", "file", "Continue the text in file.", .str = &prompt_file, .file = true },
	{ 0, "chat", NULL, "Answer the prompt, put into the checkpoint's chat template as what the user says.",
	  .flag = &chatting, .with = "prompt file" },
	FL_OPT_DATE(date),
	{ 'n', "count", "n", "Stop after n tokens. The default is 256.", .num = &count, .min = 0,
	  .max = 1 << 24 },
	{ 0, "temperature", "t",
	  "Draw each token from softmax(logits / t). The default is 0, the most likely token.",
	  .real = &temperature, .min = 0, .max = 1e6 },
	{ 0, "top-p", "p",
	  "Draw from the fewest tokens whose probabilities add up to p. The default is 1, all tokens.",
	  .real = &top_p, .min = 1e-9, .max = 1 },
	FL_OPT_SEED(seed, .with = "temperature"),
	{ 0, "ignore-eos", NULL, "Go on after the end of a text.", .flag = &ignore_eos },
	{ 0, "echo", NULL, "Print the prompt, too.", .flag = &echo },
	{ 0, "dequantize", NULL,
	  "Turn quantized weights into floats and round no activations, instead of computing as 8-bit runtimes do.",
	  .flag = &dequantize },
	{ 0, "kv", "type", "Store keys and values as type, and int8 rounds queries, too. The default is f32.",
	  .word = &kv, .words = fl_kv_kinds },
	FL_OPT_THREADS,
	{ 0 },
};

static const struct fl_tool tool = {
	.name = "fl-generate", .brief = "generate text with a checkpoint",
	.operands = "[checkpoint]", .max_operands = 1, .opts = opts,
};

/* Names where the prompt is from. */
static int
of_prompt(struct fl_err *err)
{
	return prompt_file ? fl_err_prefix(err, "'%s'", fl_input_name(prompt_file)) : fl_err_prefix(err, "prompt");
}

/* The prompt as what the user says; an answer ends where the template ends it. */
static int
ask(struct fl_chat *c, const char *text, size_t len, struct fl_ids *ids, struct fl_special *special,
    struct fl_err *err)
{
	fl_chat_set_date(c, date);
	if (fl_chat_prompt(c, text, len, ids, err) < 0)
		return of_prompt(err);
	fl_special_add_end(special, fl_chat_end(c));
	return 0;
}

/* Encodes the prompt as it stands; *put counts the tokens in front that are not the text's. */
static int
encode(const struct fl_tokenizer *t, const char *text, size_t len, struct fl_ids *ids, size_t *put, struct fl_err *err)
{
	long begin = fl_tokenizer_begin(t);

	if (begin >= 0 && fl_tokenizer_add_bos(t))
		fl_ids_push(ids, (uint32_t)begin);
	*put = ids->n;
	return fl_tokenizer_encode(t, text, len, true, ids, err) < 0 ? of_prompt(err) : 0;
}

/* Encodes the prompt, by the chat template c unless it is NULL. A prompt without tokens begins a document. */
static int
read_prompt(struct fl_chat *c, const struct fl_tokenizer *t, struct fl_ids *ids, size_t *put,
    struct fl_special *special, struct fl_err *err)
{
	long begin = fl_tokenizer_begin(t);
	const char *text = prompt ? prompt : "";
	size_t len = strlen(text);

	if (prompt_file && !(text = fl_slurp(prompt_file, MAX_PROMPT, &len, err)))
		return -1;
	if ((c ? ask(c, text, len, ids, special, err) : encode(t, text, len, ids, put, err)) < 0)
		return -1;
	if (ids->n == 0 && begin >= 0) {
		fl_ids_push(ids, (uint32_t)begin);
		*put = 1;
	}
	if (ids->n == 0)
		return fl_err_data(err, "the tokenizer has no token that begins a text: give a prompt");
	return 0;
}

static void
show(struct fl_str *text)
{
	if (text->len > 0 && (fwrite(text->data, 1, text->len, stdout) < text->len || fflush(stdout) < 0))
		fl_die(FL_EXIT_SYSTEM, "cannot write standard output: %s", strerror(errno));
	fl_str_clear(text);
}

/* Shows the tokens after the prompt as they come; how many there were, or -1. */
static int
generate(struct fl_forward *f, const struct fl_tokenizer *t, size_t vocab, const struct fl_special *special,
    struct fl_decoder *d, struct fl_err *err)
{
	struct fl_sampler s = fl_sampler_new(temperature, top_p, (uint64_t)seed);
	struct fl_str text = { 0 };
	uint32_t id;
	int n = 0;

	for (; n < count; n++) {
		if (fl_sample(&s, fl_forward_last(f), vocab, &id, err) < 0)
			return -1;
		if (!ignore_eos && fl_special_ends(special, id))
			break;
		if (fl_decoder_put(d, t, id, &text, err) < 0)
			return -1;
		show(&text);
		if (n + 1 < count && fl_forward_append(f, &id, 1, err) < 0)
			return -1;
	}
	fl_decoder_end(d, &text);
	if (isatty(STDOUT_FILENO))
		fl_str_putc(&text, '\n');
	show(&text);
	return n;
}

/* The decoder has to see the prompt, from token `first` on: what it shows first depends on what came before. */
static int
show_prompt(const struct fl_tokenizer *t, const struct fl_ids *ids, size_t first, struct fl_decoder *d,
    struct fl_err *err)
{
	struct fl_str text = { 0 };

	for (size_t i = first; i < ids->n; i++)
		if (fl_decoder_put(d, t, ids->v[i], &text, err) < 0)
			return -1;
	if (!echo)
		fl_str_clear(&text);
	show(&text);
	return 0;
}

static int
run(const struct fl_model *m, struct fl_err *err)
{
	struct fl_chat *c = chatting ? fl_chat_of_model(m, err) : NULL;
	const struct fl_tokenizer *t = c ? fl_chat_tokenizer(c) : chatting ? NULL : fl_tokenizer_of_model(m, err);
	struct fl_ids ids = { 0 };
	struct fl_special special = { 0 };
	struct fl_decoder d = { 0 };
	struct fl_forward *f;
	size_t vocab = (size_t)m->config.vocab, all, put = 0;
	double start, middle;
	int n;

	if (chatting && !c)
		return fl_err_prefix(err, "--chat");
	if (!t || (!ignore_eos && fl_special_of_model(&special, m, t, err) < 0) ||
	    read_prompt(c, t, &ids, &put, &special, err) < 0)
		return -1;
	fl_special_remark(&special, fl_model_name(m), ": all tokens that -n says are generated");
	all = ids.n + (size_t)count;
	if (fl_rope_check_pieces(&m->config, all - 1, fl_model_name(m), err) < 0) /* the last token is only shown */
		return -1;
	if (all > (size_t)m->config.context)
		fl_warn("%zu tokens of prompt and %d more go beyond the model's context of %d", ids.n,
		    count, m->config.context);
	f = fl_forward_new_cached(m, ids.n < CHUNK ? ids.n : CHUNK, all,
	    &(struct fl_cache_opts){ fl_kv_kind(kv), false });
	start = fl_clock();
	if (fl_forward_append(f, ids.v, ids.n, err) < 0 || show_prompt(t, &ids, put, &d, err) < 0)
		return -1;
	middle = fl_clock();
	/* A vocabulary may be padded with ids that no token has. */
	if (fl_tokenizer_size(t) < vocab)
		vocab = fl_tokenizer_size(t);
	if ((n = generate(f, t, vocab, &special, &d, err)) < 0)
		return fl_err_prefix(err, "'%s'", fl_model_name(m));
	fl_warn("prompt %zu tokens, %.1f tokens/s; generated %d tokens, %.1f tokens/s", ids.n,
	    (double)ids.n / (middle - start), n, n / (fl_clock() - middle));
	fl_chat_free(c); /* which says what of the prompt had no token */
	return 0;
}

int
main(int argc, char **argv)
{
	struct fl_err err = { 0 };
	int i = fl_cli(&tool, argc, argv);
	struct fl_model *m;

	fl_cli_one_stdin(argv[i], &prompt_file, 1);
	if (prompt && prompt_file)
		fl_die(FL_EXIT_USAGE, "--prompt and --file exclude each other");
	if (top_p < 1 && temperature == 0)
		fl_die(FL_EXIT_USAGE, "--top-p goes with a --temperature above 0: at 0 nothing is drawn");
	m = fl_model_open(argv[i], &err);
	if (m && !dequantize)
		fl_model_pack(m);
	if (!m || run(m, &err) < 0)
		fl_die_err(&err);
	return fl_finish(FL_EXIT_OK);
}
