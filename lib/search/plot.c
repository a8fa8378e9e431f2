/* SPDX-License-Identifier: Apache-2.0 */
#include "search/plot.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

static int
by_x(const void *a, const void *b)
{
	const struct fl_plot_point *p = a, *q = b;

	return p->x != q->x ? (p->x > q->x) - (p->x < q->x) : (p->y > q->y) - (p->y < q->y);
}

struct fl_plot
fl_plot_rows(const struct fl_table *t, const struct fl_objective *y, const struct fl_objective *x,
    const size_t *front, size_t n)
{
	struct fl_plot_point *point = fl_alloc(t->rows, sizeof *point);
	bool *on_front = fl_alloc(t->rows, sizeof *on_front);
	size_t points = 0;

	for (size_t i = 0; i < n; i++)
		on_front[front[i]] = true;
	for (size_t r = 0; r < t->rows; r++)
		if (!isnan(x->v[r]) && !isnan(y->v[r]))
			point[points++] = (struct fl_plot_point){ x->sign * x->v[r], y->sign * y->v[r],
				t->arch[r].layers, on_front[r] };
	free(on_front);
	qsort(point, points, sizeof *point, by_x);
	return (struct fl_plot){ x->name, y->name, x->sign < 0, y->sign < 0, points, point };
}

void
fl_plot_free(struct fl_plot *p)
{
	free(p->point);
	*p = (struct fl_plot){ 0 };
}

struct span {
	double lo, hi;
	bool log;
};

/* The range of an axis with a margin of 6 % on each side; never empty. A table's numbers are within
 * 1e100 of zero, so nothing here overflows. */
static struct span
span(const struct fl_plot *p, bool x)
{
	double lo = INFINITY, hi = -INFINITY, margin;
	bool flat;

	for (size_t i = 0; i < p->n; i++) {
		double v = x ? p->point[i].x : p->point[i].y;

		lo = fmin(lo, v);
		hi = fmax(hi, v);
	}
	flat = hi - lo <= 1e-9 * fmax(fabs(lo), fabs(hi));
	if (x && lo > 1e-100) {
		margin = flat ? 1.1 : pow(hi / lo, .06);
		return (struct span){ lo / margin, hi * margin, true };
	}
	margin = flat ? fmax(.1 * fabs(lo), 1e-6) : .06 * (hi - lo);
	return (struct span){ lo - margin, hi + margin, false };
}

/* Where v lies along the axis, from 0 to 1. */
static double
along(struct span s, double v)
{
	return s.log ? log(v / s.lo) / log(s.hi / s.lo) : (v - s.lo) / (s.hi - s.lo);
}

/* ttft_1024_s is "time to first token, 1024-token prompt (s)"; a name not known here stays as it is. */
static void
label(struct fl_str *out, const char *column)
{
	int n = 0, end = 0;

	if (strcmp(column, "loss_nats") == 0)
		fl_str_puts(out, "loss (nats per token)");
	else if (sscanf(column, "ttft_%9d_s%n", &n, &end) == 1 && end && !column[end])
		fl_str_printf(out, "time to first token, %d-token prompt (s)", n);
	else if (sscanf(column, "decode_%9d_tok_s%n", &n, &end) == 1 && end && !column[end])
		fl_str_printf(out, "decode rate at %d tokens (tokens/s)", n);
	else
		fl_str_puts(out, column);
}

/* Gnuplot ---------------------------------------------------------------------------------------- */

/* Gnuplot runs what stands in backticks inside double quotes, and trips over a quote that begins a
 * string in single ones. Octal escapes are safe. */
static void
quoted(struct fl_str *out, const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 "
				    "_-.,()/";

	fl_str_putc(out, '"');
	for (; *text; text++)
		if (strchr(plain, *text))
			fl_str_putc(out, *text);
		else
			fl_str_printf(out, "\\%03o", (unsigned char)*text);
	fl_str_putc(out, '"');
}

static void
axis_label(struct fl_str *out, const char *axis, const char *column)
{
	struct fl_str text = { 0 };

	label(&text, column);
	fl_str_printf(out, "set %slabel ", axis);
	quoted(out, text.data);
	fl_str_puts(out, " noenhanced\n");
	fl_str_free(&text);
}

/* Gnuplot marks decades only, and less than one has none. Over more than a decade and a half 1, 2, 5,
 * down to half a decade 1, 2, 3, 5, 7, below that about six round numbers. */
static void
log_ticks(struct fl_str *out, struct span s)
{
	static const double mantissa[] = { 1, 2, 5, 3, 7 };
	const char *comma = "";
	double ratio = s.hi / s.lo, step, unit;

	fl_str_puts(out, "set logscale x\nset xtics (");
	if (ratio > 3)
		for (double decade = pow(10, floor(log10(s.lo))); decade <= s.hi; decade *= 10)
			for (int k = 0; k < (ratio > 30 ? 3 : 5); k++) {
				double v = decade * mantissa[k];

				if (v < s.lo || v > s.hi)
					continue;
				fl_str_printf(out, "%s'%.3g' %.9g", comma, v, v);
				comma = ", ";
			}
	else {
		unit = pow(10, floor(log10((s.hi - s.lo) / 6)));
		step = (s.hi - s.lo) / 6 / unit;
		step = unit * (step > 5 ? 10 : step > 2 ? 5 : step > 1 ? 2 : 1);
		for (double k = ceil(s.lo / step); k * step <= s.hi; k++) {
			fl_str_printf(out, "%s'%.6g' %.9g", comma, k * step, k * step);
			comma = ", ";
		}
	}
	fl_str_puts(out, ")\n");
}

/* The colour at t, 0 to 1, from dark violet to amber, which also reads in grey. */
static int
colour_at(double t)
{
	static const unsigned char anchor[][3] = { { 68, 1, 84 }, { 59, 82, 139 }, { 33, 145, 140 }, { 94, 201, 98 },
		{ 240, 180, 0 } };
	int i = t < 1 ? (int)(4 * t) : 3, rgb = 0;

	for (int k = 0; k < 3; k++)
		rgb = rgb << 8 | (int)lround(anchor[i][k] + (4 * t - i) * (anchor[i + 1][k] - anchor[i][k]));
	return rgb;
}

/* One band of colour for each number of layers; gnuplot's own way of cutting a palette makes one too many. */
static void
colours(struct fl_str *out, const struct fl_plot *p)
{
	int lo = p->point[0].layers, hi = lo;

	for (size_t i = 1; i < p->n; i++) {
		lo = p->point[i].layers < lo ? p->point[i].layers : lo;
		hi = p->point[i].layers > hi ? p->point[i].layers : hi;
	}
	fl_str_puts(out, "set palette defined (");
	for (int n = lo; n <= hi; n++) {
		int rgb = colour_at(hi > lo ? (double)(n - lo) / (hi - lo) : 0);

		fl_str_printf(out, "%s%d.5 '#%06x', %d.5 '#%06x'", n > lo ? ", " : "", n - 1, rgb, n, rgb);
	}
	fl_str_puts(out, ")\n");
	if (lo == hi) {
		fl_str_printf(out, "unset colorbox\nset cbrange [%d:%d]\n", lo - 1, hi + 1);
		return;
	}
	fl_str_printf(out,
	    "set cbrange [%d.5:%d.5]\nset cbtics %d out nomirror scale .5\n"
	    "set cblabel 'layers'\n",
	    lo - 1, hi, hi - lo > 12 ? (hi - lo) / 6 : 1);
}

static void
point(struct fl_str *out, const struct fl_plot_point *p)
{
	fl_str_printf(out, "%.9g %.9g %d\n", p->x, p->y, p->layers);
}

static void
points(struct fl_str *out, const char *name, const struct fl_plot *p, bool all)
{
	fl_str_printf(out, "$%s << end\n", name);
	for (size_t i = 0; i < p->n; i++)
		if (all || p->point[i].front)
			point(out, &p->point[i]);
	fl_str_puts(out, "end\n");
}

/* The steps go through what is on the frontier as measured, and not through what is on it only
 * because of errors: from the best x on, each better in y than all before. */
static void
steps(struct fl_str *out, const struct fl_plot *p)
{
	double best = p->y_large ? -INFINITY : INFINITY;

	fl_str_puts(out, "$steps << end\n");
	for (size_t k = 0; k < p->n; k++) {
		const struct fl_plot_point *q = &p->point[p->x_large ? p->n - 1 - k : k];

		if (p->y_large ? q->y <= best : q->y >= best)
			continue;
		best = q->y;
		point(out, q);
	}
	fl_str_puts(out, "end\n");
}

void
fl_plot_gnuplot(struct fl_str *out, const struct fl_plot *p, bool svg)
{
	struct span x = span(p, true), y = span(p, false);

	points(out, "all", p, true);
	points(out, "front", p, false);
	steps(out, p);
	fl_str_puts(out, svg ? "set terminal svg size 720,480 font 'Helvetica,15' background 'white'\n"
			     : "set terminal pngcairo size 1440,960 font 'Helvetica,28' linewidth 2 "
			       "pointscale 2 background 'white'\n");
	fl_str_puts(out, "set border 3 linewidth 1\nset tics nomirror out\n"
			 "set grid linecolor '#e0e0e0' linewidth .5\n");
	fl_str_puts(out, "set key above left samplen 2\n"); /* where no frontier can run through it */
	axis_label(out, "x", p->x);
	axis_label(out, "y", p->y);
	if (x.log)
		log_ticks(out, x);
	fl_str_printf(out, "set xrange [%.9g:%.9g]\nset yrange [%.9g:%.9g]\n", x.lo, x.hi, y.lo, y.hi);
	colours(out, p);
	fl_str_puts(out,
	    "plot $steps using 1:2 with steps linecolor '#808080' linewidth 1.5 title 'frontier', \\\n"
	    "     $all using 1:2:3 with points pointtype 7 pointsize .6 linecolor palette notitle, \\\n"
	    "     $front using 1:2:3 with points pointtype 7 pointsize 1.1 linecolor palette notitle, \\\n"
	    "     $front using 1:2 with points pointtype 6 pointsize 1.1 linecolor 'black' notitle\n");
}

/* Text ------------------------------------------------------------------------------------------- */

void
fl_plot_text(struct fl_str *out, const struct fl_plot *p, int columns, int lines)
{
	enum { MARGIN = 10 };
	int width = (columns > 30 ? columns : 30) - MARGIN - 1, height = lines > 8 ? lines - 4 : 4;
	struct span x = span(p, true), y = span(p, false);
	char *grid = fl_alloc((size_t)(width * height), 1);

	memset(grid, ' ', (size_t)(width * height));
	for (size_t i = 0; i < p->n; i++) {
		int column = (int)(along(x, p->point[i].x) * (width - 1) + .5);
		int line = (int)((1 - along(y, p->point[i].y)) * (height - 1) + .5);
		char *c = &grid[line * width + column];

		if (*c != 'O')
			*c = p->point[i].front ? 'O' : '+';
	}
	label(out, p->y);
	fl_str_puts(out, "; O frontier, + others\n");
	for (int i = 0; i < height; i++) {
		double v = y.hi - (y.hi - y.lo) * i / (height - 1);

		if (i % 4 == 0 || i == height - 1)
			fl_str_printf(out, "%*.4g ", MARGIN - 1, v);
		else
			fl_str_printf(out, "%*s", MARGIN, "");
		fl_str_printf(out, "|%.*s\n", width, grid + i * width);
	}
	fl_str_printf(out, "%*s+", MARGIN, "");
	for (int i = 0; i < width; i++)
		fl_str_putc(out, '-');
	fl_str_printf(out, "\n%*s%-*.4g%.4g\n%*s", MARGIN, "", width - 6, x.lo, x.hi, MARGIN, "");
	label(out, p->x);
	fl_str_puts(out, x.log ? ", logarithmic\n" : "\n");
	free(grid);
}
