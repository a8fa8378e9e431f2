/* SPDX-License-Identifier: Apache-2.0 */
/* fl-train.c -- train a checkpoint further: continued pretraining, distillation from a teacher, or tuning on
 * conversations.
 *
 * A run is in model/train_run.h; this file opens what it takes and writes what it gives. */
#include <math.h>
#include <string.h>

#include "base/cli.h"
#include "base/digest.h"
#include "base/log.h"
#include "base/ranks.h"
#include "base/str.h"
#include "io/history.h"
#include "model/forward.h"
#include "model/params.h"
#include "model/bits.h"
#include "model/tokenizer_of.h"
#include "model/train.h"
#include "model/train_run.h"
#include "model/train_text.h"
#include "text/tokens.h"

static const char *tokens_path, *chat_path, *date, *teacher_path, *held_path, *state_path, *curve_path;
static const char *output, *dtype, *qat;
static const char *const qats[] = { "int4", NULL };
static const char *schedule = "cosine";
static const char *const schedules[] = { "cosine", "linear", NULL };
static const char *const dtypes[] = { "float32", "bfloat16", NULL };
static bool zstd, no_history, documents, recompute, bf16, ask;
static int steps = 100, batch = 8, accumulate = 1, context, warmup = -1, seed, held_every, state_every = 100, top = 64;
static double rate = 3e-4, floor_ = 0.1, beta1 = 0.9, beta2 = 0.95, eps = 1e-8, decay = 0.1, clip = 1;
static double temperature = 1, mix = 1;

static const struct fl_opt opts[] = {
	FL_OPT_TOKENS(tokens_path),
	{ 0, "chat", "file", "Train on the answers in these conversations, JSON lines, instead of tokens.",
	  .str = &chat_path, .file = true },
	FL_OPT_DATE(date),
	{ 0, "steps", "n", "Train for n steps. The default is 100.", .num = &steps, .min = 0, .max = 1 << 30 },
	{ 0, "batch", "n", "Take n sequences at once. The default is 8.", .num = &batch, .min = 1, .max = 1 << 16 },
	{ 0, "accumulate", "n", "Take n such batches a step. The default is 1.", .num = &accumulate, .min = 1,
	  .max = 1 << 16 },
	{ 0, "context", "n",
	  "Cut the tokens into sequences of n. The default is the smaller of 2048 and the model's maximum.",
	  .num = &context, .min = 2, .max = 1 << 20 },
	{ 0, "documents", NULL,
	  "Let no token see another document: attention does not reach back across an end-of-text token.",
	  .flag = &documents },
	{ 0, "rate", "x", "Set the highest learning rate. The default is 3e-4.", .real = &rate, .min = 0, .max = 10 },
	{ 0, "floor", "x", "End with x times that rate. The default is 0.1.", .real = &floor_, .min = 0, .max = 1 },
	{ 0, "warmup", "n", "Reach the highest rate after n steps. The default is a twentieth of them.",
	  .num = &warmup, .min = 0, .max = 1 << 30 },
	{ 0, "schedule", "shape", "Let the rate fall along a cosine or linear. The default is cosine.",
	  .word = &schedule, .words = schedules },
	{ 0, "beta1", "x", "AdamW's decay of the first moment. The default is 0.9.", .real = &beta1, .min = 0,
	  .max = 0.999999 },
	{ 0, "beta2", "x", "AdamW's decay of the second moment. The default is 0.95.", .real = &beta2, .min = 0,
	  .max = 0.999999 },
	{ 0, "eps", "x", "AdamW's epsilon. The default is 1e-8.", .real = &eps, .min = 1e-12, .max = 1 },
	{ 0, "decay", "x", "AdamW's decay of matrices; norms and biases have none. The default is 0.1.",
	  .real = &decay, .min = 0, .max = 10 },
	{ 0, "clip", "x", "Shorten longer gradients to norm x; 0 leaves them. The default is 1.", .real = &clip,
	  .min = 0, .max = 1e9 },
	{ 0, "teacher", "path",
	  "Learn what this checkpoint, of the same vocabulary, predicts, or what --ask wrote of one.",
	  .str = &teacher_path, .file = true },
	{ 0, "ask", NULL,
	  "Do not train: write what the operand, a teacher, says of the sequences of such a run.", .flag = &ask },
	{ 0, "top", "n", "With --ask: tell the n likeliest tokens, and the rest as one. The default is 64.",
	  .num = &top, .min = 1, .max = FL_TEACHER_TOP, .with = "teacher ask" },
	{ 0, "temperature", "x", "Soften student and teacher by x. The default is 1.", .real = &temperature,
	  .min = 0.01, .max = 100, .with = "teacher ask" },
	{ 0, "mix", "x", "Weigh the teacher with x and the text with 1 - x. The default is 1.", .real = &mix,
	  .min = 0, .max = 1, .with = "teacher ask" },
	{ 0, "held", "file", "Measure the loss on these held-out tokens.", .str = &held_path, .file = true },
	{ 0, "held-every", "n", "Do so every n steps. The default is at the end alone.", .num = &held_every,
	  .min = 1, .max = 1 << 30, .with = "held" },
	{ 0, "curve", "file", "Write the learning curve to file, a row a step.", .str = &curve_path, .mute = true },
	{ 0, "state", "file",
	  "Keep in file what the run can be taken up from, and take it up from there if it exists.",
	  .str = &state_path, .mute = true },
	{ 0, "state-every", "n", "Do so every n steps. The default is 100.", .num = &state_every, .min = 1,
	  .max = 1 << 30, .with = "state ask", .mute = true },
	{ 0, "recompute", NULL,
	  "Keep the input of each layer alone and compute the rest again: less memory, a third more time.",
	  .flag = &recompute, .mute = true },
	{ 0, "bf16", NULL,
	  "Round the operands of matrix products to bfloat16: faster where the CPU multiplies that.", .flag = &bf16 },
	{ 0, "qat", "type",
	  "Train for fl-quantize: the loss is that of weights in int4, and of activations in 8 bits as runtimes have them.",
	  .word = &qat, .words = qats },
	{ 0, "dtype", "type", "Store weights as float32 or bfloat16. The default is the input's type.",
	  .word = &dtype, .words = dtypes },
	FL_OPT_SEED(seed),
	FL_OPT_CKPT_OUTPUT(output),
	FL_OPT_ZSTD(zstd),
	FL_OPT_HISTORY(no_history),
	FL_OPT_THREADS,
	{ 0 },
};

static const struct fl_tool tool = {
	.name = "fl-train", .brief = "train a checkpoint further",
	.operands = "[checkpoint]", .max_operands = 1, .opts = opts,
};

static struct fl_train_opts
options(void)
{
	struct fl_train_opts o = { .steps = steps, .batch = batch, .accumulate = accumulate, .rate = rate,
		.floor = floor_, .warmup = warmup < 0 ? steps / 20 : warmup,
		.linear = strcmp(schedule, "linear") == 0, .clip = clip,
		.bf16 = bf16, .kept = recompute ? FL_ACTS_INPUTS : FL_ACTS_ALL,
		.distill = { (float)mix, (float)temperature } };

	o.adamw = (struct fl_adamw){ .beta1 = (float)beta1, .beta2 = (float)beta2, .eps = (float)eps,
		.decay = (float)decay };
	return o;
}

/* Options of the steps go with --ask too: it takes those of the run that it is for. */
static void
check_ask(void)
{
	if (ask && (teacher_path || fl_ranks_count() > 1))
		fl_die(FL_EXIT_USAGE, "--ask is for one teacher, the operand, on one rank");
	if (ask && (held_path || curve_path || state_path || zstd))
		fl_die(FL_EXIT_USAGE, "--ask does not train: it takes no %s",
		    held_path ? "--held" : curve_path ? "--curve" : state_path ? "--state" : "--zstd");
}

static void
check_usage(const char *operand)
{
	const char *const others[] = { tokens_path, chat_path, teacher_path, held_path };
	bool from_stdin = fl_cli_one_stdin(operand, others, 4);

	if (!tokens_path == !chat_path)
		fl_die(FL_EXIT_USAGE, "give either tokens with -t or conversations with --chat");
	if (chat_path && documents)
		fl_die(FL_EXIT_USAGE, "--documents is for tokens: conversations never see one another");
	if (warmup > steps)
		fl_die(FL_EXIT_USAGE, "--warmup %d is more than --steps %d", warmup, steps);
	check_ask();
	if (fl_ranks_count() > 1 && from_stdin)
		fl_die(FL_EXIT_USAGE, "several ranks cannot share standard input: name files");
	if (fl_is_dash(curve_path) || fl_is_dash(state_path))
		fl_die(FL_EXIT_USAGE, "--curve and --state need files: standard output is the checkpoint's");
	fl_cli_refuse_terminal(output);
}

struct run {
	struct fl_params *params;
	struct fl_tokens *held;
	struct fl_windows windows; /* of held */
	struct fl_train_text text;
	struct fl_teacher teacher;
	struct fl_writer *out;	  /* of rank 0 */
	char name[FL_DIGEST_LEN]; /* of everything that decides the result: options, the model, the samples */
	struct fl_train_run of;
};

static void
name_run(struct run *r, const struct fl_reader *in)
{
	struct fl_digest *d = fl_digest_new();
	struct fl_str s = { 0 };

	fl_str_printf(&s, "%d ", fl_ranks_count());
	fl_json_write(&s, fl_cli_record(), 0);
	fl_digest_add(d, s.data, s.len);
	fl_digest_add(d, fl_reader_digest(in), strlen(fl_reader_digest(in)));
	fl_digest_add(d, r->text.name, strlen(r->text.name));
	fl_digest_hex(d, r->name);
	fl_digest_free(d);
	fl_str_free(&s);
}

/* Takes what reads the text: the chat template for conversations, the tokenizer for documents, NULL where err says why
 * there is none. */
static int
open_text(struct run *r, const struct fl_config *c, struct fl_chat *chat, struct fl_tokenizer *t, struct fl_err *err)
{
	int rc = -1;

	if (chat_path && chat) {
		fl_chat_set_date(chat, date);
		rc = fl_train_text_chat(&r->text, chat_path, c, context, seed, chat, err);
	} else if (!chat_path && (t || !documents)) {
		rc = fl_train_text_tokens(&r->text, tokens_path, c, context, seed, t, err);
	} else {
		fl_err_prefix(err, chat_path ? "--chat" : "--documents");
	}
	fl_chat_free(chat);
	fl_tokenizer_free(t);
	return rc;
}

static int
open_held(struct run *r, struct fl_err *err)
{
	const struct fl_config *c = &r->params->config;

	if (!held_path)
		return 0;
	r->held = fl_tokens_open(held_path, (size_t)c->vocab, err);
	if (!r->held)
		return -1;
	r->windows = (struct fl_windows){ .id = r->held->id, .n = r->held->n };
	if (fl_windows_init(&r->windows, c, context, 0, -1, err) < 0)
		return fl_err_prefix(err, "'%s'", fl_input_name(held_path));
	return 0;
}

static struct fl_teacher_key
teacher_key(const struct run *r, const struct fl_config *c)
{
	return (struct fl_teacher_key){ r->text.name, (float)temperature, r->text.samples.length, (size_t)c->vocab };
}

/* --ask: the operand is the teacher. */
static int
write_answers(const char *operand, struct run *r, struct fl_err *err)
{
	struct fl_model *m = fl_model_open(operand, err);
	struct fl_teacher_key key;

	if (!m || open_text(r, &m->config, chat_path ? fl_chat_of_model(m, err) : NULL,
	    documents ? fl_tokenizer_of_model(m, err) : NULL, err) < 0)
		return -1;
	key = teacher_key(r, &m->config);
	fl_note("memory: %zu MiB", (m->bytes + fl_forward_bytes(&m->config, key.length, FL_ACTS_NONE)) >> 20);
	return fl_teacher_cache_write(output, m, &r->text.samples,
	    (size_t)steps * (size_t)batch * (size_t)accumulate, &key, (size_t)top, err);
}

/* The bits that fl-quantize will give each kind of weight. */
static int
choose_bits(const struct run *r, const char *what, struct fl_quant *bits, struct fl_err *err)
{
	return qat ? fl_bits_choose(&r->params->config, what, -1, -1, bits, err) : 0;
}

/* Before it is taken. */
static void
promise_memory(const struct run *r, const struct fl_train_opts *o)
{
	struct fl_train_memory m = fl_train_memory(r->params, &r->text.samples, &r->teacher, o,
	    r->held ? fl_windows_rows(&r->windows) : 0);

	fl_note("memory: %zu MiB: weights, gradients and moments %zu, activations %zu, the teacher %zu, the text %zu",
	    (m.arrays + m.activations + m.teacher + m.text) >> 20, m.arrays >> 20, m.activations >> 20, m.teacher >> 20,
	    m.text >> 20);
}

static struct fl_trainer *
make_trainer(struct run *r, const struct fl_train_opts *o, struct fl_err *err)
{
	struct fl_teacher_key key = teacher_key(r, &r->params->config);

	if (teacher_path && fl_teacher_open(&r->teacher, teacher_path, &key, r->params, &r->text.samples, err) < 0)
		return NULL;
	promise_memory(r, o);
	return fl_trainer_new(r->params, &r->text.samples, &r->teacher, o);
}

static int
begin(struct run *r, struct fl_reader *in, struct fl_err *err)
{
	struct fl_train_opts o = options();
	struct fl_trainer *t;

	r->params = fl_params_read(in, err);
	if (!r->params || open_text(r, &r->params->config, chat_path ? fl_chat_of_params(r->params, err) : NULL,
	    documents ? fl_tokenizer_of_params(r->params, err) : NULL, err) < 0 || open_held(r, err) < 0)
		return -1;
	if (choose_bits(r, fl_reader_name(in), &o.qat, err) < 0)
		return -1;
	if (dtype)
		fl_config_set_dtype(&r->params->config, strcmp(dtype, "float32") == 0 ? FL_F32 : FL_BF16);
	t = make_trainer(r, &o, err);
	if (!t)
		return -1;
	name_run(r, in);
	r->of = (struct fl_train_run){ .trainer = t, .name = r->name, .steps = steps,
		.tokens = (size_t)batch * (size_t)accumulate * (size_t)fl_ranks_count() * r->text.samples.length,
		.held = r->held ? &r->windows : NULL, .state = state_path, .curve_path = curve_path,
		.held_every = held_every, .state_every = state_every };
	return fl_train_run_take_up(&r->of, err);
}

/* Before the work, so that what cannot be written is not trained. */
static int
open_output(struct run *r, struct fl_err *err)
{
	if (fl_ranks_self() != 0)
		return 0;
	r->out = fl_writer_open(output, zstd, err);
	return r->out ? 0 : -1;
}

static int
finish(struct run *r, struct fl_reader *in, struct fl_err *err)
{
	struct fl_writer *out = r->out;

	if (!out)
		return 0;
	if (fl_params_write(r->params, fl_trainer_state(r->of.trainer)->w, out, err) < 0)
		return -1;
	if (!no_history && fl_history_write(out, in, tool.name, fl_cli_record(), NULL, err) < 0)
		return -1;
	if (fl_writer_commit(out, err) < 0)
		return -1;
	return r->of.curve_file ? fl_output_commit(r->of.curve_file, err) : 0;
}

int
main(int argc, char **argv)
{
	struct fl_err err = { 0 };
	struct run r = { 0 };
	struct fl_reader *in;
	int i = fl_cli(&tool, argc, argv);

	if (fl_ranks_begin(&err) < 0)
		fl_die_err(&err);
	check_usage(argv[i]);
	if (ask) {
		if (write_answers(argv[i], &r, &err) < 0)
			fl_die_err(&err);
		return FL_EXIT_OK;
	}
	in = fl_reader_open(argv[i], &err);
	if (!in || begin(&r, in, &err) < 0 || open_output(&r, &err) < 0 || fl_train_run_go(&r.of, &err) < 0 || finish(&r, in, &err) < 0)
		fl_die_err(&err);
	fl_ranks_end();
	return FL_EXIT_OK;
}
