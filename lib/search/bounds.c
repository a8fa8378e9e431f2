/* SPDX-License-Identifier: Apache-2.0 */
#include "search/bounds.h"

#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "search/normal.h"

int
fl_bounds_add(struct fl_bounds *b, const struct fl_table *t, int c, double v, bool least, struct fl_err *err)
{
	struct fl_arch *arch = fl_alloc(t->rows, sizeof *arch);
	double *y = fl_alloc(t->rows, sizeof *y), *noise = fl_alloc(t->rows, sizeof *noise);
	const char *name = t->name[c];
	bool most = least == (fl_table_goal(name) > 0); /* of the cost */
	size_t n = 0;
	int rc = v > 0 ? 0 : fl_err_usage(err, "the limit of %s, %g, is not positive", name, v);

	for (size_t r = 0; r < t->rows && rc == 0; r++) {
		const struct fl_cell *cell = fl_table_cell(t, r, (size_t)c);

		if (isnan(cell->value))
			continue;
		if (cell->value <= 0)
			rc = fl_err_data(err, "%s of '%s' is not positive", name, fl_table_cell(t, r, 0)->text);
		arch[n] = t->arch[r];
		noise[n] = cell->sd / sqrt(cell->n) / cell->value;
		y[n++] = fl_table_log_cost(name, cell->value);
	}
	if (rc == 0 && n == 0)
		rc = fl_err_data(err, "no row has %s", name);
	if (rc == 0) {
		b->v = fl_grow(b->v, &b->cap, b->n + 1, sizeof *b->v);
		b->v[b->n++] = (struct fl_bound){ fl_surrogate_fit(arch, y, noise, n, true), fl_table_log_cost(name, v),
			most ? 1 : -1 };
	}
	free(arch);
	free(y);
	free(noise);
	return rc;
}

void
fl_bounds_free(struct fl_bounds *b)
{
	for (size_t i = 0; i < b->n; i++)
		fl_surrogate_free(b->v[i].model);
	free(b->v);
	*b = (struct fl_bounds){ 0 };
}

double
fl_bounds_log_probability(const struct fl_bounds *b, const struct fl_arch *a)
{
	double sum = 0, mean, sd;

	for (size_t i = 0; i < b->n; i++) {
		fl_surrogate_predict(b->v[i].model, a, &mean, &sd);
		sum += fl_normal_log_below(b->v[i].sign * (b->v[i].log - mean) / sd);
	}
	return sum;
}
