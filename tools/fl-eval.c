/* SPDX-License-Identifier: Apache-2.0 */
/* fl-eval.c -- how well a checkpoint predicts held-out tokens and does tasks, as a row of a table. */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cli.h"
#include "base/log.h"
#include "base/str.h"
#include "base/tsv.h"
#include "io/output.h"
#include "model/eval.h"
#include "model/judge.h"
#include "model/logits.h"
#include "model/special.h"
#include "model/tokenizer_of.h"
#include "text/tokens.h"

static const char *tokens_path, *logits_path, *shots_path, *marks_path, *kv = "f32";
static struct fl_output *logits, *marks_file; /* to be committed when all else is done */
static struct fl_strs task_paths;
static int context, stride, skip, shots, seed;
static bool bos, dequantize, json;
static struct fl_special special; /* read where a task asks for answers */

static const struct fl_opt opts[] = {
	FL_OPT_TOKENS(tokens_path),
	{ 0, "context", "n",
	  "Cut the tokens into windows of n. The default is the smaller of 2048 and the model's maximum.",
	  .num = &context, .min = 2, .max = 1 << 20, .with = "tokens" },
	{ 0, "stride", "n",
	  "Begin a window every n tokens. The default is the context. Less gives every prediction a past of "
	  "at least the difference; no token counts twice.", .num = &stride, .min = 1, .max = 1 << 20, .with = "tokens" },
	{ 0, "skip", "n", "Count none of the first n tokens of a window. The default is 1.", .num = &skip,
	  .min = 1, .max = 1 << 20, .with = "tokens" },
	{ 0, "bos", NULL, "Begin every window with the model's BOS token, one of the n.", .flag = &bos,
	  .with = "tokens" },
	{ 0, "logits", "file",
	  "Write the logits after every token of every window to file, too, a safetensors file.",
	  .str = &logits_path, .with = "tokens", .mute = true },
	{ 0, "task", "file",
	  "Judge by the questions in file, fl-task(5), whose name without its ending names the columns. May be "
	  "given again.", .list = &task_paths },
	{ 0, "shots", "n", "Put n examples before each question. The default is 0.", .num = &shots, .min = 0,
	  .max = 1000, .with = "task" },
	{ 0, "shots-file", "file",
	  "Draw the examples from file, of the same form. The default is the task's own file; a question is "
	  "never its own example.", .str = &shots_path, .file = true },
	FL_OPT_SEED(seed, .with = "shots"),
	{ 0, "marks", "file", "Write what each question got to file, as JSON lines.", .str = &marks_path,
	  .with = "task", .mute = true },
	{ 0, "dequantize", NULL,
	  "Turn quantized weights into floats and round no activations, instead of computing as 8-bit runtimes do.",
	  .flag = &dequantize },
	{ 0, "kv", "type",
	  "For the loss and --logits, store keys and values as type, and int8 rounds queries, too. The default is f32.",
	  .word = &kv, .words = fl_kv_kinds, .with = "tokens" },
	FL_OPT_JSON(json),
	FL_OPT_THREADS,
	{ 0 },
};

static const struct fl_tool tool = {
	.name = "fl-eval", .brief = "measure how well a checkpoint predicts text and does tasks",
	.operands = "[checkpoint]", .max_operands = 1, .opts = opts,
};

/* --- loss --- */

static void
put_loss(struct fl_row *row, const struct fl_loss *loss, long long bytes)
{
	fl_row_real(row, "loss_nats", loss->nats);
	if (loss->windows > 1)
		fl_row_real(row, "loss_nats_se", loss->se);
	fl_row_real(row, "perplexity", exp(loss->nats));
	if (bytes > 0)
		fl_row_real(row, "bits_per_byte",
		    loss->nats * (double)loss->tokens / (double)bytes / log(2));
	fl_row_int(row, "tokens", loss->tokens);
}

static int
predict(const struct fl_model *m, const struct fl_tokenizer *tokenizer, struct fl_row *row,
    struct fl_err *err)
{
	struct fl_tokens *t = fl_tokens_open(tokens_path, (size_t)m->config.vocab, err);
	struct fl_windows w;
	struct fl_loss loss;
	long begin = -1;

	if (!t || (bos && fl_special_bos(m, tokenizer, &begin, err) < 0))
		return -1;
	w = (struct fl_windows){ .id = t->id, .n = t->n, .skip = (size_t)skip };
	if (fl_windows_init(&w, &m->config, context, stride, begin, err) < 0)
		return fl_err_prefix(err, "'%s'", fl_input_name(tokens_path));
	if (fl_eval_loss(m, &w, fl_kv_kind(kv), &loss, err) < 0 ||
	    (logits_path && !(logits = fl_logits_write(m, &w, fl_kv_kind(kv), logits_path, err))))
		return -1;
	put_loss(row, &loss, tokenizer ? fl_eval_bytes(&w, tokenizer) : 0);
	fl_tokens_close(t);
	return 0;
}

/* --- tasks --- */

struct task {
	const char *path;
	char *name; /* of its columns */
	struct fl_task *questions;
};

/* NAME_SUFFIX, with its standard error where there is one. */
static void
put_figure(struct fl_row *row, const char *name, const char *suffix, struct fl_figure f)
{
	struct fl_str column = { 0 };

	fl_str_printf(&column, "%s_%s", name, suffix);
	fl_row_real(row, column.data, f.mean);
	fl_str_puts(&column, "_se");
	if (!isnan(f.se) || isnan(f.mean))
		fl_row_real(row, column.data, f.se);
	fl_str_free(&column);
}

static void
put_count(struct fl_row *row, const char *name, const char *suffix, size_t n)
{
	struct fl_str column = { 0 };

	fl_str_printf(&column, "%s_%s", name, suffix);
	fl_row_int(row, column.data, (long long)n);
	fl_str_free(&column);
}

static void
put_judgement(struct fl_row *row, const struct task *t, const struct fl_judgement *j)
{
	double perplexity = exp(j->nats.mean);

	put_figure(row, t->name, t->questions->kind == FL_TASK_ANSWERS ? "em_acc" : "acc", j->acc);
	if (j->has_norm)
		put_figure(row, t->name, "norm_acc", j->norm);
	if (j->has_nats)
		put_figure(row, t->name, "perplexity",
		    (struct fl_figure){ perplexity, perplexity * j->nats.se });
	put_count(row, t->name, "questions", j->n);
	if (shots)
		put_count(row, t->name, "shots", (size_t)shots);
}

/* True, false, or null for a mark that is not a number. */
static struct fl_json *
verdict(double right)
{
	return isnan(right) ? fl_json_new_null() : fl_json_new_bool(right > 0);
}

static void
put_mark(struct fl_str *out, const struct task *t, size_t i, const struct fl_judgement *j)
{
	const struct fl_mark *mark = &j->mark[i];
	struct fl_json *o = fl_json_new_object(), *nats = fl_json_new_array();
	size_t n = mark->nats ? fl_question_pairs(&t->questions->question[i]) : 0;

	fl_json_set(o, "task", fl_json_new_str(t->name));
	fl_json_set(o, "line", fl_json_new_int((long long)i + 1));
	fl_json_set(o, "right", verdict(mark->right));
	if (j->has_norm)
		fl_json_set(o, "right_norm", verdict(mark->right_norm));
	for (size_t k = 0; k < n; k++)
		fl_json_push(nats, isfinite(mark->nats[k]) ? fl_json_new_real(mark->nats[k]) : fl_json_new_null());
	if (mark->nats)
		fl_json_set(o, "nats", nats);
	else
		fl_json_free(nats);
	if (mark->answer)
		fl_json_set(o, "answer", fl_json_new_str(mark->answer));
	fl_json_write(out, o, 0);
	fl_str_putc(out, '\n');
	fl_json_free(o);
}

/* One task, with examples of `from` or of its own. */
static int
judge(const struct fl_model *m, const struct fl_tokenizer *tokenizer, const struct task *t,
    const struct fl_task *from, struct fl_row *row, struct fl_str *marks, struct fl_err *err)
{
	struct fl_judgement j = { 0 };
	struct fl_prompter *p = fl_prompter_new(tokenizer, (size_t)m->config.context,
	    from ? from : t->questions, (size_t)shots, (uint64_t)seed, err);
	int bad = p ? fl_judge(m, tokenizer, &special, t->questions, p, &j, err) : -1;

	if (bad)
		return fl_err_prefix(err, "'%s'", fl_input_name(t->path));
	if (j.cut)
		fl_warn("'%s': %zu of %zu questions are longer than the model's context of %d and lose their "
			"beginning", fl_input_name(t->path), j.cut, j.n, m->config.context);
	put_judgement(row, t, &j);
	for (size_t i = 0; marks_path && i < j.n; i++)
		put_mark(marks, t, i, &j);
	fl_judgement_free(&j);
	fl_prompter_free(p);
	return 0;
}

static int
judge_all(const struct fl_model *m, const struct fl_tokenizer *tokenizer, const struct task *tasks,
    const struct fl_task *from, struct fl_row *row, struct fl_str *marks, struct fl_err *err)
{
	bool answers = false;

	for (size_t i = 0; i < task_paths.n; i++)
		answers |= tasks[i].questions->kind == FL_TASK_ANSWERS;
	if (answers && fl_special_of_model(&special, m, tokenizer, err) < 0)
		return -1;
	fl_special_remark(&special, fl_model_name(m), ": answers end where the task says");
	for (size_t i = 0; i < task_paths.n; i++)
		if (judge(m, tokenizer, &tasks[i], from, row, marks, err) < 0)
			return -1;
	return 0;
}

static int
write_marks(const struct fl_str *marks, struct fl_err *err)
{
	marks_file = fl_output_open(marks_path, err);
	return marks_file ? fl_output_write(marks_file, marks->data, marks->len, err) : -1;
}

/* The name of a file without directories and what follows its first point. */
static char *
name_of(const char *path)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	char *name = fl_is_dash(path) ? fl_strdup("task") : fl_strndup(base, strcspn(base, "."));

	for (const char *p = name; *p || p == name; p++)
		if (!isalnum((unsigned char)*p) && *p != '_' && *p != '-')
			fl_die(FL_EXIT_USAGE, "'%s' makes no column's name of letters, digits, '-' and '_'", path);
	return name;
}

static struct task *
read_tasks(struct fl_err *err)
{
	struct task *t = fl_alloc(task_paths.n, sizeof *t);

	for (size_t i = 0; i < task_paths.n; i++) {
		t[i].path = task_paths.v[i];
		t[i].name = name_of(t[i].path);
		for (size_t k = 0; k < i; k++)
			if (strcmp(t[k].name, t[i].name) == 0)
				fl_die(FL_EXIT_USAGE, "two tasks are called '%s'", t[i].name);
	}
	for (size_t i = 0; i < task_paths.n; i++)
		if (!(t[i].questions = fl_task_read(t[i].path, err)))
			return NULL;
	return t;
}

/* --- the row --- */

static int
evaluate(const struct fl_model *m, const struct task *tasks, const struct fl_task *from, struct fl_err *err)
{
	char text[FL_ARCH_LEN];
	struct fl_arch arch;
	struct fl_row row = { 0 };
	struct fl_str marks = { 0 };
	struct fl_tokenizer *tokenizer = NULL;

	if ((task_paths.n || fl_tokenizer_in_model(m)) &&
	    !(tokenizer = fl_tokenizer_of_model(m, err)))
		return task_paths.n ? fl_err_prefix(err, "--task") : -1;
	fl_config_arch(&m->config, &arch);
	fl_row_str(&row, "arch", fl_arch_format(&arch, text));
	if (tokens_path && predict(m, tokenizer, &row, err) < 0)
		return -1;
	if (judge_all(m, tokenizer, tasks, from, &row, &marks, err) < 0)
		return -1;
	if (marks_path && write_marks(&marks, err) < 0)
		return -1;
	fl_row_print(&row, stdout, true, json);
	fl_row_free(&row);
	fl_str_free(&marks);
	fl_tokenizer_free(tokenizer);
	return 0;
}

static void
check_stdin(const char *checkpoint)
{
	const char **others = fl_alloc(task_paths.n + 2, sizeof *others);

	for (size_t i = 0; i < task_paths.n; i++)
		others[i] = task_paths.v[i];
	others[task_paths.n] = tokens_path;
	others[task_paths.n + 1] = shots_path;
	fl_cli_one_stdin(checkpoint, others, task_paths.n + 2);
	free(others);
}

static void
check_usage(const char *checkpoint)
{
	check_stdin(checkpoint);
	if (!tokens_path && !task_paths.n)
		fl_die(FL_EXIT_USAGE, "give tokens with -t or a task with --task");
	if (shots_path && (!shots || task_paths.n > 1))
		fl_die(FL_EXIT_USAGE, "--shots-file goes with --shots and one task");
	if (fl_is_dash(marks_path) || fl_is_dash(logits_path))
		fl_die(FL_EXIT_USAGE, "%s needs a file, standard output is the table's",
		    fl_is_dash(marks_path) ? "--marks" : "--logits");
}

int
main(int argc, char **argv)
{
	struct fl_err err = { 0 };
	int i = fl_cli(&tool, argc, argv);
	struct fl_task *from = NULL;
	struct task *tasks;
	struct fl_model *m;

	check_usage(argv[i]);
	tasks = read_tasks(&err);
	if (!tasks || (shots_path && !(from = fl_task_read(shots_path, &err))))
		fl_die_err(&err);
	m = fl_model_open(argv[i], &err);
	if (m && !dequantize)
		fl_model_pack(m);
	if (!m || evaluate(m, tasks, from, &err) < 0)
		fl_die_err(&err);
	fl_model_free(m);
	fl_finish(FL_EXIT_OK);
	if ((logits && fl_output_commit(logits, &err) < 0) || (marks_file && fl_output_commit(marks_file, &err) < 0))
		fl_die_err(&err);
	return FL_EXIT_OK;
}
