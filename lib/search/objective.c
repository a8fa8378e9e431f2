/* SPDX-License-Identifier: Apache-2.0 */
#include "search/objective.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/num.h"
#include "base/str.h"
#include "search/hypervolume.h"

int
fl_objective_assignment(const struct fl_table *t, const char *text, double *v, struct fl_err *err)
{
	const char *equals = strrchr(text, '=');

	if (!equals || fl_num_real(equals + 1, -1e300, 1e300, v) < 0)
		return fl_err_usage(err, "'%s' is not column=number", text);
	return fl_table_named(t, text, (size_t)(equals - text), err);
}

static int
load(const struct fl_table *t, int c, struct fl_objective *o, struct fl_err *err)
{
	*o = (struct fl_objective){ .name = t->name[c], .column = (size_t)c, .sign = -fl_table_goal(t->name[c]), .ref = NAN };
	if (o->sign == 0)
		return fl_err_usage(err, "'%s' ends in no unit that says whether less or more is better",
		    o->name);
	o->v = fl_alloc(t->rows, sizeof *o->v);
	o->se = fl_alloc(t->rows, sizeof *o->se);
	for (size_t r = 0; r < t->rows; r++) {
		const struct fl_cell *cell = fl_table_cell(t, r, o->column);

		o->v[r] = o->sign * cell->value;
		o->se[r] = cell->sd / sqrt(cell->n);
	}
	return 0;
}

int
fl_objective_choose(const struct fl_table *t, const char *names, struct fl_objective *y,
    struct fl_objective *x, struct fl_err *err)
{
	int c[2] = { fl_table_column(t, "loss_nats"), fl_table_first_ttft(t) };

	if (names && fl_table_two_columns(t, names, c, err) < 0)
		return -1;
	if (c[0] < 0 || c[1] < 0)
		return fl_err_data(err, "the table has no %s to compare by; name two columns",
		    c[0] < 0 ? "loss_nats" : "ttft column");
	if (load(t, c[0], y, err) < 0)
		return -1;
	if (load(t, c[1], x, err) == 0)
		return 0;
	fl_objective_free(y);
	return -1;
}

void
fl_objective_free(struct fl_objective *o)
{
	free(o->v);
	free(o->se);
	*o = (struct fl_objective){ 0 };
}

int
fl_objective_bound(const struct fl_table *t, const char *text, bool least, struct fl_objective *y,
    struct fl_objective *x, struct fl_err *err)
{
	double bound, v;
	int c = fl_objective_assignment(t, text, &bound, err);

	if (c < 0)
		return -1;
	for (size_t r = 0; r < t->rows; r++) {
		v = fl_table_cell(t, r, (size_t)c)->value;
		if (!(least ? v >= bound : v <= bound)) /* NaN is neither */
			y->v[r] = x->v[r] = NAN;
	}
	return 0;
}

int
fl_objective_set_ref(const struct fl_table *t, const char *text, struct fl_objective *y,
    struct fl_objective *x, struct fl_err *err)
{
	double v;
	int c = fl_objective_assignment(t, text, &v, err);

	if (c < 0)
		return -1;
	if (strcmp(t->name[c], y->name) == 0)
		y->ref = fmin(y->ref, y->sign * v);
	else if (strcmp(t->name[c], x->name) == 0)
		x->ref = fmin(x->ref, x->sign * v);
	else
		return fl_err_usage(err, "'%s' is neither objective", t->name[c]);
	return 0;
}

double
fl_objective_ref(const struct fl_objective *o, const size_t *front, size_t n)
{
	double *v, ref = o->ref;

	if (!isnan(ref))
		return ref;
	v = fl_alloc(n, sizeof *v);
	for (size_t i = 0; i < n; i++)
		v[i] = o->v[front[i]];
	ref = fl_hypervolume_reference(v, n);
	free(v);
	return ref;
}
