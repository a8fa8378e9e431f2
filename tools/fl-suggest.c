/* SPDX-License-Identifier: Apache-2.0 */
/* fl-suggest.c -- the next architectures to try. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cli.h"
#include "base/log.h"
#include "search/objective.h"
#include "search/suggest.h"
#include "search/table.h"
#include "search/times.h"

static const char *space_path, *objectives, *latency, *baseline;
static struct fl_strs refs, maxima, minima;
static int batch = 8, initial = 10, seed;
static bool refine;

static const struct fl_opt opts[] = {
	{ 0, "space", "file", "Choose from the space in file, fl-space(5). Required.",
	  .str = &space_path },
	{ 0, "batch", "n", "Suggest n architectures. The default is 8.", .num = &batch, .min = 1,
	  .max = 1000000 },
	{ 0, "initial", "n", "Spread architectures evenly until n are measured; after that suggest what "
	  "is expected to improve the frontier most. The default is 10.", .num = &initial, .min = 1,
	  .max = 1000000 },
	{ 0, "latency", "table", "Learn the cost from table too, and take it from there for rows that lack it.",
	  .str = &latency },
	{ 0, "refine", NULL, "Suggest where least is known of the cost, whatever the quality.", .flag = &refine },
	{ 0, "objectives", "y,x", "Improve columns y, a quality, and x, a cost. The default is loss_nats and the first "
	  "ttft column.", .str = &objectives },
	{ 0, "ref", "col=v", "Only what is better than v in objective col counts. Repeatable.", .list = &refs },
	{ 0, "ref-from", "arch", "Only what is better than arch, a row of the tables, in both objectives counts.",
	  .str = &baseline },
	{ 0, "max", "col=v", "Suggest what should have at most v in column col. Repeatable.", .list = &maxima },
	{ 0, "min", "col=v", "Suggest what should have at least v in column col. Repeatable.", .list = &minima },
	FL_OPT_SEED(seed),
	{ 0 },
};

static const struct fl_tool tool = {
	.name = "fl-suggest",
	.brief = "suggest the next architectures to try",
	.operands = "[table...]",
	.max_operands = -1,
	.opts = opts,
};

/* A terminal holds no table, nor does an empty input: a search begins without one. */
static bool
has_input(void)
{
	int c = isatty(STDIN_FILENO) ? EOF : getchar();

	ungetc(c, stdin);
	return c != EOF || ferror(stdin);
}

/* The tables in the order given, the one of --latency last. */
static struct fl_table *
read_tables(const char *const *paths, size_t n)
{
	const char **all = fl_alloc(n + 1, sizeof *all);
	struct fl_err err = { 0 };
	struct fl_table *t;

	for (size_t i = 0; i < n; i++)
		all[i] = paths[i];
	all[n] = latency;
	t = fl_table_read(all, n + (latency != NULL), &err);
	if (!t)
		fl_die_err(&err);
	free(all);
	return t;
}

static void
learn(const struct fl_table *t, const char *column, const char *option, struct fl_times *times)
{
	struct fl_err err = { 0 };

	if (fl_times_read(t, column, times, &err) < 0)
		fl_die_option(option, &err);
}

/* A limit on an objective from its good side is a reference point; every other is a model's to judge. */
static int
limit(const struct fl_table *t, const char *text, bool least, struct fl_objective *y, struct fl_objective *x,
    struct fl_bounds *bounds, struct fl_err *err)
{
	double v;
	int c = fl_objective_assignment(t, text, &v, err);

	if (c < 0)
		return -1;
	if ((strcmp(t->name[c], y->name) == 0 || strcmp(t->name[c], x->name) == 0) &&
	    fl_table_goal(t->name[c]) == (least ? 1 : -1))
		return fl_objective_set_ref(t, text, y, x, err);
	return fl_bounds_add(bounds, t, c, v, least, err);
}

static void
read_limits(const struct fl_table *t, struct fl_objective *y, struct fl_objective *x, struct fl_bounds *bounds)
{
	struct fl_err err = { 0 };

	for (size_t i = 0; i < refs.n; i++)
		if (fl_objective_set_ref(t, refs.v[i], y, x, &err) < 0)
			fl_die_option("--ref", &err);
	for (size_t i = 0; i < maxima.n; i++)
		if (limit(t, maxima.v[i], false, y, x, bounds, &err) < 0)
			fl_die_option("--max", &err);
	for (size_t i = 0; i < minima.n; i++)
		if (limit(t, minima.v[i], true, y, x, bounds, &err) < 0)
			fl_die_option("--min", &err);
}

static void
explain(const char *arch, const struct fl_suggestion *s, const struct fl_objective *y, const struct fl_objective *x)
{
	bool is_rate = fl_table_goal(x->name) > 0;

	fl_note("%s: expected to raise the hypervolume by %.3g; %s %.4g +- %.2g, %s %.4g +- %.1f %%", arch, exp(s->gain),
	    y->name, y->sign * s->mean[0], s->sd[0], x->name, exp(is_rate ? -s->mean[1] : s->mean[1]),
	    100 * s->sd[1]);
}

/* Suggests by models of the objectives where enough of the first `rows` rows have them; returns how many. */
static size_t
improve(const struct fl_space *space, const struct fl_table *t, size_t rows, struct fl_archset *known)
{
	struct fl_objective y = { 0 }, x = { 0 };
	struct fl_bounds bounds = { 0 };
	struct fl_times times = { 0 };
	struct fl_surrogate *cost = NULL;
	struct fl_trials trials;
	struct fl_err err = { 0 };
	struct fl_suggestion *why = fl_alloc((size_t)batch, sizeof *why);
	size_t found;

	if (rows == 0 || fl_objective_choose(t, objectives, &y, &x, &err) < 0) {
		if (rows && (objectives || baseline || refs.n || maxima.n || minima.n))
			fl_die_option("--objectives", &err);
		return 0;
	}
	read_limits(t, &y, &x, &bounds);
	if (latency) {
		learn(t, x.name, "--latency", &times);
		cost = fl_surrogate_fit(times.arch, times.log_s, times.noise, times.n, true);
	}
	if (fl_trials_collect(t, rows, &y, &x, cost, &trials, &err) < 0)
		fl_die_err(&err);
	if (baseline && fl_trials_set_baseline(&trials, baseline, &err) < 0)
		fl_die_option("--ref-from", &err);
	if (trials.done < (size_t)initial)
		return 0;
	found = fl_suggest_nehvi(space, &trials, &bounds, (uint64_t)seed, (size_t)batch, known, why);
	for (size_t i = 0; i < found; i++)
		explain(known->name[known->n - found + i], &why[i], &y, &x);
	return found;
}

/* The rows whose time is pending are being measured. */
static struct fl_arch *
find_pending(const struct fl_table *t, const struct fl_times *times, size_t *n)
{
	struct fl_arch *pending = fl_alloc(t->rows, sizeof *pending);
	size_t column = (size_t)fl_table_column(t, times->name), known = 0;

	*n = 0;
	for (size_t r = 0; r < t->rows; r++)
		if (known < times->n && times->row[known] == r)
			known++;
		else if (fl_cell_is_pending(fl_table_cell(t, r, column)))
			pending[(*n)++] = t->arch[r];
	return pending;
}

/* Suggests what a model of the cost is least sure of, where enough is measured. */
static size_t
find_unsure(const struct fl_space *space, const struct fl_table *t, struct fl_archset *known)
{
	const char *comma = objectives ? strchr(objectives, ',') : NULL;
	struct fl_surrogate *model;
	struct fl_times times = { 0 };
	double *sd = fl_alloc((size_t)batch, sizeof *sd);
	struct fl_arch *pending;
	size_t found, n;

	if (t->rows == 0)
		return 0;
	learn(t, comma ? comma + 1 : objectives, "--objectives", &times);
	if (times.n < (size_t)initial)
		return 0;
	pending = find_pending(t, &times, &n);
	model = fl_surrogate_fit(times.arch, times.log_s, times.noise, times.n, true);
	found = fl_suggest_refine(space, model, pending, n, (uint64_t)seed, (size_t)batch, known, sd);
	for (size_t i = 0; i < found; i++)
		fl_note("%s: %s known to %.1f %%", known->name[known->n - found + i], times.name, 100 * sd[i]);
	return found;
}

static void
check_usage(const char *const *table, size_t tables)
{
	if (!space_path)
		fl_die(FL_EXIT_USAGE, "which space? --space is missing");
	fl_cli_one_stdin(space_path, table, tables);
	if (latency)
		fl_cli_one_stdin(latency, table, tables);
	if (refine && (refs.n || maxima.n || minima.n || baseline))
		fl_die(FL_EXIT_USAGE, "--refine asks what is least known: it takes no --ref, --ref-from, --max and --min");
	if (baseline && refs.n)
		fl_die(FL_EXIT_USAGE, "--ref-from names the reference: it takes no --ref");
}

int
main(int argc, char **argv)
{
	static const char *const standard_input[] = { "-" };
	int first = fl_cli(&tool, argc, argv), n = argc - first;
	const char *const *paths = n ? (const char *const *)argv + first : standard_input;
	struct fl_err err = { 0 };
	struct fl_table *tables;
	struct fl_archset known = { 0 };
	struct fl_space space;
	size_t rows, before, found;

	check_usage(paths, (size_t)n);
	if (fl_space_read(&space, space_path, &err) < 0)
		fl_die_err(&err);
	if (n == 0 && has_input())
		n = 1;
	tables = read_tables(paths, (size_t)n);
	rows = fl_table_rows_of(tables, (size_t)n);
	for (size_t r = 0; r < (refine ? tables->rows : rows); r++)
		fl_archset_add(&known, fl_table_cell(tables, r, 0)->text);
	before = known.n;
	found = refine ? find_unsure(&space, tables, &known) : improve(&space, tables, rows, &known);
	found += fl_suggest_sobol(&space, (uint64_t)seed, (size_t)batch - found, &known);
	for (size_t i = before; i < known.n; i++)
		puts(known.name[i]);
	if (found < (size_t)batch)
		fl_warn("the space is exhausted: %d asked for, %zu left", batch, found);
	return fl_finish(found < (size_t)batch ? FL_EXIT_NO : FL_EXIT_OK);
}
