/* SPDX-License-Identifier: Apache-2.0 */
/* fl-predict.c -- what the columns of a table say of one another. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cli.h"
#include "base/str.h"
#include "search/agree.h"
#include "search/crossval.h"
#include "search/surrogate.h"
#include "search/table.h"
#include "search/times.h"

static struct fl_strs pairs;
static const char *column_name;
static bool json, crossval;
static int folds = 10;

static const struct fl_opt opts[] = {
	{ 0, "agree", "a,b", "Print how far columns a and b rank the architectures alike. Repeatable.",
	  .list = &pairs },
	{ 0, "cv", NULL, "Print how well a time is predicted from rows it was not learnt from, by cross-validation.",
	  .flag = &crossval },
	{ 0, "folds", "n", "Cross-validate with n parts of the rows, as many as there are rows to leave out one at a time. The "
	  "default is 10.", .num = &folds, .min = 2, .max = 1000000, .with = "cv" },
	{ 0, "column", "col", "Predict col, a time or a rate. The default is the first ttft column.",
	  .str = &column_name },
	FL_OPT_JSON(json),
	{ 0 },
};

static const struct fl_tool tool = {
	.name = "fl-predict",
	.brief = "predict times from tables, and say how far measurements agree",
	.operands = "[table...]",
	.max_operands = -1,
	.opts = opts,
};

static void
print_agreement(const struct fl_agreement *g, bool header)
{
	struct fl_row row = { 0 };

	fl_row_str(&row, "a", g->a);
	fl_row_str(&row, "b", g->b);
	fl_row_real(&row, "tau", g->tau);
	fl_row_real(&row, "tau_se", g->tau_se);
	fl_row_real(&row, "spearman", g->rho);
	fl_row_int(&row, "n", (long long)g->n);
	fl_row_print(&row, stdout, header, json);
	fl_row_free(&row);
}

/* Times ------------------------------------------------------------------------------------------ */

static void
print_score(const char *model, const struct fl_score *s, size_t n, bool header)
{
	struct fl_row row = { 0 };

	fl_row_str(&row, "model", model);
	fl_row_real(&row, "r2", s->r2);
	fl_row_real(&row, "mape", s->mape);
	fl_row_real(&row, "within_5", s->within_5);
	fl_row_real(&row, "within_10", s->within_10);
	fl_row_real(&row, "tau", s->tau);
	fl_row_real(&row, "spearman", s->rho);
	fl_row_real(&row, "cover_95", s->cover_95);
	fl_row_int(&row, "n", (long long)n);
	fl_row_print(&row, stdout, header, json);
	fl_row_free(&row);
}

/* Linear in a column that all rows have; a table without it has no such baseline. */
static void
print_baseline(const struct fl_table *t, const struct fl_times *x, const char *label, const char *name)
{
	int c = fl_table_column(t, name);
	double *v = fl_alloc(x->n, sizeof *v);
	struct fl_score s;

	for (size_t i = 0; i < x->n; i++)
		if (c < 0 || isnan(v[i] = fl_table_cell(t, x->row[i], (size_t)c)->value))
			return;
	s = fl_crossval_linear(v, 1, x->log_s, x->n, folds);
	print_score(label, &s, x->n, false);
}

static void
print_crossval(const struct fl_table *t, const struct fl_times *x)
{
	struct fl_str flop = { 0 };
	struct fl_score s;

	if (x->n < 20)
		fl_die(FL_EXIT_DATA, "--cv takes 20 rows or more with %s: there are %zu", x->name, x->n);
	if ((size_t)folds > x->n)
		folds = (int)x->n;
	s = fl_crossval_surrogate(x->arch, x->log_s, x->noise, x->n, folds);
	print_score("gp", &s, x->n, true);
	fl_str_printf(&flop, "%.*s_flop", (int)(strlen(x->name) - strlen(fl_table_goal(x->name) > 0 ? "_tok_s" : "_s")), x->name);
	print_baseline(t, x, "params", "params");
	print_baseline(t, x, "flop", flop.data);
	s = fl_crossval_shape(x->arch, x->log_s, x->n, folds);
	print_score("linear", &s, x->n, false);
}

/* The architectures on standard input, one a line, as rows. */
static void
print_predictions(const struct fl_times *x)
{
	struct fl_surrogate *model = fl_surrogate_fit(x->arch, x->log_s, x->noise, x->n, true);
	bool is_rate = fl_table_goal(x->name) > 0;
	double mean, sd;
	struct fl_str sd_name = { 0 };
	struct fl_err err = { 0 };
	struct fl_arch a;
	char line[2 * FL_ARCH_LEN]; /* f1f1... is the longest spelling */

	fl_str_printf(&sd_name, "%s_sd", x->name);
	for (bool first = true; fgets(line, sizeof line, stdin); first = false) {
		struct fl_row row = { 0 };

		line[strcspn(line, "\n")] = '\0';
		if (fl_arch_parse(line, &a, &err) < 0)
			fl_die_err(&err);
		fl_surrogate_predict(model, &a, &mean, &sd);
		mean = exp(is_rate ? -mean : mean);
		fl_row_str(&row, "arch", fl_arch_format(&a, line));
		fl_row_real(&row, x->name, mean);
		fl_row_real(&row, sd_name.data, mean * sd);
		fl_row_print(&row, stdout, first, json);
		fl_row_free(&row);
	}
	if (ferror(stdin))
		fl_die(FL_EXIT_SYSTEM, "cannot read 'standard input'");
}

int
main(int argc, char **argv)
{
	static const char *const standard_input[] = { "-" };
	int first = fl_cli(&tool, argc, argv);
	const char *const *paths = first < argc ? (const char *const *)argv + first : standard_input;
	struct fl_err err = { 0 };
	struct fl_table *t;

	if (pairs.n && (crossval || column_name))
		fl_die(FL_EXIT_USAGE, "--agree compares columns: it takes neither --cv nor --column");
	if (pairs.n == 0 && !crossval && first == argc)
		fl_die(FL_EXIT_USAGE, "which table? The architectures are on standard input");
	for (int i = first; i < argc && pairs.n == 0 && !crossval; i++)
		if (strcmp(argv[i], "-") == 0)
			fl_die(FL_EXIT_USAGE, "the architectures are on standard input: the table must be a file");
	t = fl_table_read(paths, first < argc ? (size_t)(argc - first) : 1, &err);
	if (!t)
		fl_die_err(&err);
	for (size_t i = 0; i < pairs.n; i++) {
		struct fl_agreement g;

		if (fl_agree(t, pairs.v[i], &g, &err) < 0)
			fl_die_option("--agree", &err);
		print_agreement(&g, i == 0);
	}
	if (pairs.n == 0) {
		struct fl_times x;

		if (fl_times_read(t, column_name, &x, &err) < 0)
			fl_die_option("--column", &err);
		if (crossval)
			print_crossval(t, &x);
		else
			print_predictions(&x);
	}
	return fl_finish(FL_EXIT_OK);
}
