/* SPDX-License-Identifier: Apache-2.0 */
/* fl-pareto.c -- the architectures no other beats in both of two objectives. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cli.h"
#include "base/str.h"
#include "io/output.h"
#include "search/gnuplot.h"
#include "search/hypervolume.h"
#include "search/objective.h"
#include "search/pareto.h"
#include "search/plot.h"
#include "search/table.h"

static const char *objectives, *plot_path;
static struct fl_strs refs, maxima, minima;
static double confidence;
static bool hypervolume, trace, best, text_plot, json;

static const struct fl_opt opts[] = {
	{ 0, "objectives", "y,x", "Compare by columns y and x. The default is loss_nats and the first "
	  "ttft column.", .str = &objectives },
	{ 0, "max", "col=v", "Consider only rows whose col is at most v. Repeatable.", .list = &maxima },
	{ 0, "min", "col=v", "Consider only rows whose col is at least v. Repeatable.",
	  .list = &minima },
	{ 0, "confidence", "p", "Leave a row out only where another beats it with a probability of at "
	  "least p, from 0.5 to 1, given how far repeats scatter.",
	  .real = &confidence, .min = .5, .max = 1 },
	{ 0, "best", NULL, "Print one row: the best in y, and of several such the best in x.",
	  .flag = &best },
	{ 0, "hypervolume", NULL, "Print the hypervolume and its reference point instead.",
	  .flag = &hypervolume },
	{ 0, "trace", NULL, "Print instead for every row in turn the hypervolume of it and those before.",
	  .flag = &trace },
	{ 0, "ref", "col=v", "Measure the hypervolume up to v in objective col. Repeatable.",
	  .list = &refs, .with = "hypervolume trace" },
	{ 0, "plot", "file", "Also draw all rows and the frontier into file, .svg or .png.",
	  .str = &plot_path },
	{ 0, "text-plot", NULL, "Also draw them in text, as is done on a terminal.",
	  .flag = &text_plot },
	FL_OPT_JSON(json),
	{ 0 },
};

static const struct fl_tool tool = {
	.name = "fl-pareto",
	.brief = "find the architectures that no other beats",
	.operands = "[table...]",
	.max_operands = -1,
	.opts = opts,
};

static const char *const standard_input[] = { "-" };

static void
consider(const struct fl_table *t, struct fl_objective *y, struct fl_objective *x)
{
	struct fl_err err = { 0 };

	if (fl_objective_choose(t, objectives, y, x, &err) < 0)
		fl_die_option("--objectives", &err);
	for (size_t i = 0; i < maxima.n; i++)
		if (fl_objective_bound(t, maxima.v[i], false, y, x, &err) < 0)
			fl_die_option("--max", &err);
	for (size_t i = 0; i < minima.n; i++)
		if (fl_objective_bound(t, minima.v[i], true, y, x, &err) < 0)
			fl_die_option("--min", &err);
	for (size_t i = 0; i < refs.n; i++)
		if (fl_objective_set_ref(t, refs.v[i], y, x, &err) < 0)
			fl_die_option("--ref", &err);
}

static size_t
frontier(const struct fl_table *t, const struct fl_objective *y, const struct fl_objective *x,
    size_t *front)
{
	struct fl_pareto_errors se = { x->se, y->se };

	return confidence ? fl_pareto_sure(x->v, y->v, t->rows, se, confidence, front)
			  : fl_pareto(x->v, y->v, t->rows, front);
}

/* What was not given is inferred from the frontier as measured, whatever --confidence adds to it. */
static void
set_reference(const struct fl_table *t, struct fl_objective *y, struct fl_objective *x)
{
	size_t *front = fl_alloc(t->rows, sizeof *front), n = fl_pareto(x->v, y->v, t->rows, front);

	y->ref = fl_objective_ref(y, front, n);
	x->ref = fl_objective_ref(x, front, n);
	free(front);
}

static void
print_hypervolume(const struct fl_table *t, const struct fl_objective *y, const struct fl_objective *x)
{
	struct fl_row row = { 0 };

	fl_row_real(&row, "hypervolume", fl_hypervolume(x->v, y->v, t->rows, x->ref, y->ref));
	fl_row_real(&row, y->name, y->sign * y->ref);
	fl_row_real(&row, x->name, x->sign * x->ref);
	fl_row_print(&row, stdout, true, json);
	fl_row_free(&row);
}

static void
print_trace(const struct fl_table *t, const struct fl_objective *y, const struct fl_objective *x)
{
	double *so_far = fl_alloc(t->rows, sizeof *so_far);
	struct fl_str name_y = { 0 }, name_x = { 0 };

	fl_str_printf(&name_y, "ref_%s", y->name);
	fl_str_printf(&name_x, "ref_%s", x->name);
	fl_hypervolume_trace(x->v, y->v, t->rows, x->ref, y->ref, so_far);
	for (size_t r = 0; r < t->rows; r++) {
		struct fl_row row = { 0 };

		fl_row_str(&row, "arch", fl_table_cell(t, r, 0)->text);
		fl_row_int(&row, "trial", (long long)r + 1);
		fl_row_real(&row, "hypervolume", so_far[r]);
		fl_row_real(&row, name_y.data, y->sign * y->ref);
		fl_row_real(&row, name_x.data, x->sign * x->ref);
		fl_row_print(&row, stdout, r == 0, json);
		fl_row_free(&row);
	}
}

static void
print_rows(const struct fl_table *t, const size_t *front, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct fl_row row = { 0 };

		fl_table_row(t, front[i], json, &row);
		fl_row_print(&row, stdout, i == 0, json);
		fl_row_free(&row);
	}
}

/* Plots ------------------------------------------------------------------------------------------ */

/* The image, to be committed when everything else has been done. */
static struct fl_output *
draw(const struct fl_plot *p)
{
	struct fl_str script = { 0 }, image = { 0 };
	struct fl_err err = { 0 };
	struct fl_output *out;

	fl_plot_gnuplot(&script, p, fl_str_ends(plot_path, ".svg"));
	if (fl_gnuplot(&script, &image, &err) < 0 || !(out = fl_output_open(plot_path, &err)) ||
	    fl_output_write(out, image.data, image.len, &err) < 0)
		fl_die_err(&err);
	return out;
}

static void
draw_text(const struct fl_plot *p)
{
	struct winsize w = { 0 };
	struct fl_str text = { 0 };

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) < 0 || w.ws_col == 0)
		w.ws_col = 80;
	fl_plot_text(&text, p, w.ws_col, 24);
	printf("\n%s", text.data);
}

int
main(int argc, char **argv)
{
	int first = fl_cli(&tool, argc, argv);
	const char *const *paths = first < argc ? (const char *const *)argv + first : standard_input;
	struct fl_err err = { 0 };
	struct fl_table *t;
	struct fl_objective y = { 0 }, x = { 0 };
	struct fl_plot p;
	struct fl_output *image = NULL;
	size_t tables = first < argc ? (size_t)(argc - first) : 1, *front, n, top;

	if (best + hypervolume + trace > 1)
		fl_die(FL_EXIT_USAGE, "only one of --best, --hypervolume and --trace can be printed");
	if (plot_path && !fl_str_ends(plot_path, ".svg") && !fl_str_ends(plot_path, ".png"))
		fl_die(FL_EXIT_USAGE, "option '--plot': '%s' ends neither in .svg nor in .png", plot_path);
	fl_cli_one_stdin(paths[0], paths + 1, tables - 1);
	t = fl_table_read(paths, tables, &err);
	if (!t)
		fl_die_err(&err);
	consider(t, &y, &x);
	front = fl_alloc(t->rows, sizeof *front);
	n = frontier(t, &y, &x, front);
	if (n == 0)
		fl_die(FL_EXIT_NO, "no row has %s and %s%s", y.name, x.name,
		    maxima.n + minima.n ? " within the bounds" : "");
	set_reference(t, &y, &x);
	p = fl_plot_rows(t, &y, &x, front, n);
	if (plot_path)
		image = draw(&p);
	top = fl_pareto_best(y.v, front, n);
	if (trace)
		print_trace(t, &y, &x);
	else if (hypervolume)
		print_hypervolume(t, &y, &x);
	else
		print_rows(t, best ? &top : front, best ? 1 : n);
	if (text_plot || (isatty(STDOUT_FILENO) && !json && !hypervolume && !trace && !best))
		draw_text(&p);
	fl_finish(FL_EXIT_OK);
	if (image && fl_output_commit(image, &err) < 0)
		fl_die_err(&err);
	return FL_EXIT_OK;
}
