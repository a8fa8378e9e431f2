/* SPDX-License-Identifier: Apache-2.0 */
/* fl-calibrate.c -- measure what each layer, channel and dimension is worth.
 *
 * The sums are in model/calibrate.h, the file in model/metrics.h; fl-prune derives scores from it. */
#include <string.h>

#include "base/cli.h"
#include "base/log.h"
#include "base/size.h"
#include "base/str.h"
#include "model/calibrate.h"
#include "model/drop.h"
#include "model/special.h"
#include "text/tokens.h"

enum { REACH = 2 };

static const char *tokens_path, *output;
static int context, sequences, drop_layers, drop_attention, drop_sequences = 16, drop_context = 256, reach;
static bool bos, moments, weights_alone, merge;
static struct fl_strs parts;
static bool wanted[FL_MOMENTS];

static const struct fl_opt opts[] = {
	FL_OPT_TOKENS(tokens_path),
	{ 0, "context", "n",
	  "Cut the tokens into sequences of n. The default is the smaller of 2048 and the model's maximum.",
	  .num = &context, .min = 2, .max = 1 << 20, .with = "tokens" },
	{ 0, "sequences", "n", "Take n sequences alone, evenly spread over the tokens.", .num = &sequences, .min = 1,
	  .max = 1 << 30, .with = "tokens" },
	{ 0, "bos", NULL, "Begin every sequence with the model's BOS token, one of the n.",
	  .flag = &bos, .with = "tokens" },
	{ 0, "moments", NULL,
	  "Also sum the matrices of second moments, from which repairs, rotations and fl-quantize --method gptq compute.",
	  .flag = &moments, .with = "tokens" },
	{ 0, "moments-of", "part",
	  "Sum the moments of one part alone: ffn, dim, dim.out, attn, layer.across or attn.across. Repeatable.",
	  .list = &parts, .with = "tokens" },
	{ 0, "reach", "n",
	  "Let moments of layer.across mend n layers that go in a row. The default is 2.", .num = &reach, .min = 1,
	  .max = FL_REACH_MOST },
	{ 0, "drop-layers", "n",
	  "Also find which n layers cost the least loss when they go, one after the other, in n rounds.",
	  .num = &drop_layers, .min = 1, .max = FL_ARCH_LAYERS, .with = "tokens" },
	{ 0, "drop-attention", "n", "The same for the attention parts of n layers.", .num = &drop_attention, .min = 1,
	  .max = FL_ARCH_LAYERS, .with = "tokens" },
	{ 0, "drop-sequences", "n", "Do so on n sequences, evenly spread over the tokens. The default is 16.",
	  .num = &drop_sequences, .min = 1, .max = 1 << 30, .with = "drop-layers drop-attention" },
	{ 0, "drop-context", "n", "Cut those to n tokens. The default is 256.", .num = &drop_context, .min = 2,
	  .max = 1 << 20, .with = "drop-layers drop-attention" },
	{ 0, "static", NULL, "Write the scores of the weights alone. Needs no tokens.",
	  .flag = &weights_alone },
	{ 0, "merge", NULL, "Add metrics files, the operands, in the order given.", .flag = &merge },
	FL_OPT_OUTPUT(output),
	FL_OPT_THREADS,
	{ 0 },
};

static const struct fl_tool tool = {
	.name = "fl-calibrate", .brief = "measure what each layer, channel and dimension is worth",
	.operands = "[checkpoint | metrics ...]", .max_operands = -1, .opts = opts,
};

/* --moments is all, --moments-of one by one; named as in the file. */
static void
choose_moments(void)
{
	struct fl_str name = { 0 };

	for (size_t i = 0; i < parts.n; i++) {
		enum fl_moment k = 0;

		fl_str_clear(&name);
		fl_str_printf(&name, "%s%smoment", parts.v[i], strchr(parts.v[i], '.') ? "_" : ".");
		while (k < FL_MOMENTS && strcmp(name.data, fl_moment_name(k)) != 0)
			k++;
		if (k == FL_MOMENTS)
			fl_die(FL_EXIT_USAGE, "there are no moments of '%s'", parts.v[i]);
		wanted[k] = true;
	}
	fl_str_free(&name);
	for (enum fl_moment k = 0; k < FL_MOMENTS && moments; k++)
		wanted[k] = true;
}

static void
check_usage(int operands, char **operand)
{
	if (merge)
		fl_cli_one_stdin(operand[0], (const char *const *)operand + 1, (size_t)operands - (operands > 0));
	else
		fl_cli_one_stdin(operand[0], &tokens_path, 1);
	if (merge && (tokens_path || weights_alone))
		fl_die(FL_EXIT_USAGE, "--merge goes with no option but -o");
	if (merge && !operands)
		fl_die(FL_EXIT_USAGE, "--merge needs metrics files");
	if (!merge && operands > 1)
		fl_die(FL_EXIT_USAGE, "too many operands");
	if (!merge && !tokens_path && !weights_alone)
		fl_die(FL_EXIT_USAGE, "nothing to do: give -t, --static or --merge");
	if (reach && !wanted[FL_LAYER_ACROSS])
		fl_die(FL_EXIT_USAGE, "--reach is for moments of layer.across");
	fl_cli_refuse_terminal(output);
}

static struct fl_metrics *
add_files(int n, char **paths, struct fl_err *err)
{
	struct fl_metrics *sum = fl_metrics_read(paths[0], err), *next;

	for (int i = 1; i < n && sum; i++) {
		next = fl_metrics_read(paths[i], err);
		if (!next)
			return NULL;
		if (fl_metrics_merge(sum, next, err) < 0) {
			fl_err_prefix(err, "'%s'", fl_input_name(paths[i]));
			return NULL;
		}
		fl_metrics_free(next);
	}
	return sum;
}

/* At most *n sequences of at most `length` tokens, evenly spread over the first `count` windows of w; *n := how many. */
static struct fl_windows
some_of(const struct fl_windows *w, size_t count, int length, size_t *n)
{
	size_t front = w->context - w->stride, tokens = fl_min(count * w->stride, w->n), fit;
	struct fl_windows some = *w;

	some.context = fl_min((size_t)length, w->context);
	fit = tokens / (some.context - front);
	*n = fl_min(*n, fit ? fit : 1);
	some.stride = tokens / *n;
	return some;
}

static int
drop(const struct fl_model *m, const struct fl_windows *w, size_t count, struct fl_metrics *out, struct fl_err *err)
{
	size_t n = (size_t)drop_sequences;
	struct fl_windows few = some_of(w, count, drop_context, &n);

	if (drop_layers && fl_drop(m, &few, n, FL_LAYER_DROP_LOSS, drop_layers, out, err) < 0)
		return -1;
	return drop_attention ? fl_drop(m, &few, n, FL_ATTN_DROP_LOSS, drop_attention, out, err) : 0;
}

static int
count_tokens(const struct fl_model *m, struct fl_metrics *out, struct fl_err *err)
{
	struct fl_tokens *t = fl_tokens_open(tokens_path, (size_t)m->config.vocab, err);
	struct fl_windows w, some;
	long begin = -1;
	size_t count, n;
	int bad = 0;

	if (!t || (bos && fl_special_bos(m, NULL, &begin, err) < 0))
		return -1;
	w = (struct fl_windows){ .id = t->id, .n = t->n };
	if (fl_windows_init(&w, &m->config, context, 0, begin, err) < 0)
		return fl_err_prefix(err, "'%s'", fl_input_name(tokens_path));
	count = fl_calibrate_count(&w, 0);
	n = sequences ? (size_t)sequences : count;
	some = some_of(&w, count, (int)w.context, &n);
	if (!sequences && t->n > count * w.stride)
		fl_note("the last %zu tokens make no whole sequence and are left out",
		    t->n - count * w.stride);
	if (wanted[FL_LAYER_ACROSS])
		out->reach = reach ? reach : REACH;
	for (enum fl_moment k = 0; k < FL_MOMENTS && !bad; k++)
		bad = wanted[k] && fl_metrics_make_moments(out, k, err) < 0;
	bad = bad || fl_calibrate(m, &some, n, out, err) < 0;
	bad = bad || drop(m, &w, count, out, err) < 0;
	fl_tokens_close(t);
	return bad ? -1 : 0;
}

static struct fl_metrics *
measure(const char *path, struct fl_err *err)
{
	struct fl_model *m = fl_model_open(path, err);
	struct fl_metrics *out;

	if (!m)
		return NULL;
	fl_model_pack(m);
	out = fl_metrics_new(&m->config);
	if (tokens_path && count_tokens(m, out, err) < 0)
		return NULL;
	if (weights_alone && fl_calibrate_static(m, out, err) < 0)
		return NULL;
	fl_model_free(m);
	return out;
}

int
main(int argc, char **argv)
{
	struct fl_err err = { 0 };
	int i = fl_cli(&tool, argc, argv);
	struct fl_metrics *out;

	choose_moments();
	check_usage(argc - i, argv + i);
	out = merge ? add_files(argc - i, argv + i, &err) : measure(argv[i], &err);
	if (!out || fl_metrics_write(out, output, &err) < 0)
		fl_die_err(&err);
	fl_metrics_free(out);
	return FL_EXIT_OK;
}
