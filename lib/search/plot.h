/* SPDX-License-Identifier: Apache-2.0 */
/* plot.h -- a table's architectures as points and its frontier as a line: for gnuplot, or in text.
 *
 * x is logarithmic where all of it is positive. The plots are pure functions of the points; who runs
 * gnuplot is the caller's affair. */
#ifndef FL_SEARCH_PLOT_H
#define FL_SEARCH_PLOT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "search/objective.h"

struct fl_plot_point {
	double x, y; /* finite */
	int layers;
	bool front;
};

struct fl_plot {
	const char *x, *y; /* column names; they become labels with units */
	bool x_large, y_large; /* which way is better */
	size_t n; /* at least 1 */
	struct fl_plot_point *point; /* [n], by rising x; owned */
};

/* The rows of t that have both objectives, at least one of them; front[0 .. n) are on the frontier. */
struct fl_plot fl_plot_rows(const struct fl_table *t, const struct fl_objective *y,
    const struct fl_objective *x, const size_t *front, size_t n);
void fl_plot_free(struct fl_plot *p);

/* Appends a gnuplot (5.4) script that draws on its standard output, coloured by number of layers. */
void fl_plot_gnuplot(struct fl_str *out, const struct fl_plot *p, bool svg);

/* Appends lines of at most `columns` characters, about `lines` of them: O on the frontier, + else. */
void fl_plot_text(struct fl_str *out, const struct fl_plot *p, int columns, int lines);

#endif
