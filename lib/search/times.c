/* SPDX-License-Identifier: Apache-2.0 */
#include "search/times.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"

static int
find_column(const struct fl_table *t, const char *name, struct fl_err *err)
{
	int c = name ? fl_table_named(t, name, strlen(name), err) : fl_table_first_ttft(t);

	if (c >= 0 && !fl_str_ends(t->name[c], "_s"))
		return fl_err_usage(err, "'%s' is neither a time, _s, nor a rate, _tok_s", t->name[c]);
	return c < 0 && !name ? fl_err_data(err, "the table has no ttft column; name one") : c;
}

static int
collect(const struct fl_table *t, size_t column, struct fl_times *out, struct fl_err *err)
{
	for (size_t r = 0; r < t->rows; r++) {
		const struct fl_cell *cell = fl_table_cell(t, r, column);
		double v = cell->value;

		if (isnan(v))
			continue;
		if (v <= 0)
			return fl_err_data(err, "%s of '%s' is not positive", out->name,
			    fl_table_cell(t, r, 0)->text);
		out->arch[out->n] = t->arch[r];
		out->log_s[out->n] = fl_table_log_cost(out->name, v);
		out->noise[out->n] = cell->sd / sqrt(cell->n) / v;
		out->row[out->n++] = r;
	}
	return out->n ? 0 : fl_err_data(err, "no row has %s", out->name);
}

int
fl_times_read(const struct fl_table *t, const char *name, struct fl_times *out, struct fl_err *err)
{
	int c = find_column(t, name, err);

	if (c < 0)
		return -1;
	*out = (struct fl_times){ t->name[c], 0, fl_alloc(t->rows, sizeof *out->arch),
		fl_alloc(t->rows, sizeof *out->log_s), fl_alloc(t->rows, sizeof *out->noise), fl_alloc(t->rows, sizeof *out->row) };
	if (collect(t, (size_t)c, out, err) == 0)
		return 0;
	fl_times_free(out);
	return -1;
}

void
fl_times_free(struct fl_times *t)
{
	free(t->arch);
	free(t->log_s);
	free(t->noise);
	free(t->row);
	*t = (struct fl_times){ 0 };
}
