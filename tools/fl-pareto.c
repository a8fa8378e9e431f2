/* SPDX-License-Identifier: Apache-2.0 */
/* fl-pareto.c -- the architectures no other beats in both of two objectives. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/arch.h"
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
static bool hypervolume, best, text_plot, json;

static const struct fl_opt opts[] = {
	{ 0, "objectives", "y,x", "Compare by columns y and x. The default is loss_nats and the first "
	  "ttft column.", .str = &objectives },
	{ 0, "max", "col=v", "Consider only rows whose col is at most v. Repeatable.", .list = &maxima },
	{ 0, "min", "col=v", "Consider only rows whose col is at least v. Repeatable.",
	  .list = &minima },
	{ 0, "best", NULL, "Print one row: the best in y, and of several such the best in x.",
	  .flag = &best },
	{ 0, "hypervolume", NULL, "Print the hypervolume and its reference point instead.",
	  .flag = &hypervolume },
	{ 0, "ref", "col=v", "Measure the hypervolume up to v in objective col. Repeatable.",
	  .list = &refs },
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
	int rc = fl_objective_choose(t, objectives, y, x, &err);

	for (size_t i = 0; i < maxima.n && rc == 0; i++)
		rc = fl_objective_bound(t, maxima.v[i], false, y, x, &err);
	for (size_t i = 0; i < minima.n && rc == 0; i++)
		rc = fl_objective_bound(t, minima.v[i], true, y, x, &err);
	for (size_t i = 0; i < refs.n && rc == 0; i++)
		rc = fl_objective_set_ref(t, refs.v[i], y, x, &err);
	if (rc < 0)
		fl_die_err(&err);
}

static void
print_hypervolume(const struct fl_table *t, const struct fl_objective *y, const struct fl_objective *x,
    const size_t *front, size_t n)
{
	double ref_y = fl_objective_ref(y, front, n), ref_x = fl_objective_ref(x, front, n);
	struct fl_row row = { 0 };

	fl_row_real(&row, "hypervolume", fl_hypervolume(x->v, y->v, t->rows, ref_x, ref_y));
	fl_row_real(&row, y->name, y->sign * ref_y);
	fl_row_real(&row, x->name, x->sign * ref_x);
	fl_row_print(&row, stdout, true, json);
	fl_row_free(&row);
}

/* The frontier ends with the best in y; of equal rows there the first. */
static const size_t *
best_of(const struct fl_objective *y, const size_t *front, size_t n)
{
	size_t i = n - 1;

	while (i > 0 && y->v[front[i - 1]] == y->v[front[i]])
		i--;
	return &front[i];
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

static int
by_x(const void *a, const void *b)
{
	const struct fl_plot_point *p = a, *q = b;

	return p->x != q->x ? (p->x > q->x) - (p->x < q->x) : (p->y > q->y) - (p->y < q->y);
}

static struct fl_plot
plot_of(const struct fl_table *t, const struct fl_objective *y, const struct fl_objective *x,
    const size_t *front, size_t n)
{
	struct fl_plot_point *point = fl_alloc(t->rows, sizeof *point);
	bool *on_front = fl_alloc(t->rows, sizeof *on_front);
	size_t points = 0;

	for (size_t i = 0; i < n; i++)
		on_front[front[i]] = true;
	for (size_t r = 0; r < t->rows; r++) {
		struct fl_err err = { 0 };
		struct fl_arch a;

		if (isnan(x->v[r]) || isnan(y->v[r]))
			continue;
		if (fl_arch_parse(fl_table_cell(t, r, 0)->text, &a, &err) < 0)
			fl_die_err(&err);
		point[points++] = (struct fl_plot_point){ x->sign * x->v[r], y->sign * y->v[r],
			a.layers, on_front[r] };
	}
	qsort(point, points, sizeof *point, by_x);
	return (struct fl_plot){ x->name, y->name, x->sign < 0, y->sign < 0, points, point };
}

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
	size_t *front, n;

	if (plot_path && !fl_str_ends(plot_path, ".svg") && !fl_str_ends(plot_path, ".png"))
		fl_die(FL_EXIT_USAGE, "option '--plot': '%s' ends neither in .svg nor in .png", plot_path);
	t = fl_table_read(paths, first < argc ? (size_t)(argc - first) : 1, &err);
	if (!t)
		fl_die_err(&err);
	consider(t, &y, &x);
	front = fl_alloc(t->rows, sizeof *front);
	n = fl_pareto(x.v, y.v, t->rows, front);
	if (n == 0)
		fl_die(FL_EXIT_NO, "no row has %s and %s%s", y.name, x.name,
		    maxima.n + minima.n ? " within the bounds" : "");
	p = plot_of(t, &y, &x, front, n);
	if (plot_path)
		image = draw(&p);
	if (hypervolume)
		print_hypervolume(t, &y, &x, front, n);
	else if (best)
		print_rows(t, best_of(&y, front, n), 1);
	else
		print_rows(t, front, n);
	if (text_plot || (isatty(STDOUT_FILENO) && !json && !hypervolume && !best))
		draw_text(&p);
	fl_finish(FL_EXIT_OK);
	if (image && fl_output_commit(image, &err) < 0)
		fl_die_err(&err);
	return FL_EXIT_OK;
}
