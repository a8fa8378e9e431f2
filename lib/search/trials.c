/* SPDX-License-Identifier: Apache-2.0 */
#include "search/trials.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "search/hypervolume.h"
#include "search/pareto.h"

/* The values of the trials that no other beats: v[2][n], n returned. */
static size_t
frontier(const struct fl_trials *t, double *v[2])
{
	size_t *front = fl_alloc(t->n, sizeof *front), n = fl_pareto(t->y[0], t->y[1], t->n, front);

	for (int j = 0; j < 2; j++) {
		v[j] = fl_alloc(n, sizeof *v[j]);
		for (size_t i = 0; i < n; i++)
			v[j][i] = t->y[j][front[i]];
	}
	free(front);
	return n;
}

static void
find_reference(const struct fl_objective *const o[2], struct fl_trials *t)
{
	double *v[2];
	size_t n = frontier(t, v);

	t->limit[0] = o[0]->ref;
	t->limit[1] = isnan(o[1]->ref) ? NAN : fl_table_log_cost(o[1]->name, o[1]->sign * o[1]->ref);
	for (int j = 0; j < 2; j++) {
		t->ref[j] = !isnan(t->limit[j]) ? t->limit[j] : n ? fl_hypervolume_reference(v[j], n) : NAN;
		free(v[j]);
	}
}

/* y[2] := the values of a row. 1 if it has both, 0 if they are pending, -1 if one failed. */
static int
values(const struct fl_table *t, size_t row, const struct fl_objective *const o[2],
    const struct fl_surrogate *cost, double y[2])
{
	double x = o[1]->v[row], sd;
	bool pending[2];

	for (int j = 0; j < 2; j++)
		pending[j] = fl_cell_is_pending(fl_table_cell(t, row, o[j]->column));
	y[0] = o[0]->v[row];
	y[1] = isnan(x) ? NAN : fl_table_log_cost(o[1]->name, o[1]->sign * x);
	if (cost && pending[1]) {
		fl_surrogate_predict(cost, &t->arch[row], &y[1], &sd);
		pending[1] = false;
	}
	if (!isnan(y[0]) && !isnan(y[1]))
		return 1;
	y[0] = y[1] = NAN;
	return pending[0] || pending[1] ? 0 : -1;
}

int
fl_trials_collect(const struct fl_table *t, size_t rows, const struct fl_objective *y,
    const struct fl_objective *x, const struct fl_surrogate *cost, struct fl_trials *out, struct fl_err *err)
{
	const struct fl_objective *const o[2] = { y, x };
	struct fl_trials r = { .arch = fl_alloc(rows, sizeof *r.arch), .cost = cost,
		.y = { fl_alloc(rows, sizeof **r.y), fl_alloc(rows, sizeof **r.y) },
		.noise = { fl_alloc(rows, sizeof **r.noise), fl_alloc(rows, sizeof **r.noise) } };

	for (size_t i = 0; i < rows; i++) {
		double v[2];
		int is;

		if (x->sign * x->v[i] <= 0) {
			fl_trials_free(&r);
			return fl_err_data(err, "%s of '%s' is not positive", x->name, fl_table_cell(t, i, 0)->text);
		}
		is = values(t, i, o, cost, v);
		if (is < 0)
			continue;
		r.arch[r.n] = t->arch[i];
		r.noise[0][r.n] = y->se[i];
		r.noise[1][r.n] = isnan(x->v[i]) ? 0 : x->se[i] / fabs(x->v[i]);
		r.y[0][r.n] = v[0];
		r.y[1][r.n++] = v[1];
		r.done += is == 1;
	}
	find_reference(o, &r);
	*out = r;
	return 0;
}

int
fl_trials_set_baseline(struct fl_trials *t, const char *arch, struct fl_err *err)
{
	char text[FL_ARCH_LEN], name[FL_ARCH_LEN];
	struct fl_arch a;
	double *v[2];
	size_t i = 0, n;

	if (fl_arch_parse(arch, &a, err) < 0)
		return -1;
	fl_arch_format(&a, name);
	while (i < t->n && (isnan(t->y[0][i]) || strcmp(fl_arch_format(&t->arch[i], text), name) != 0))
		i++;
	if (i == t->n)
		return fl_err_usage(err, "no row of '%s' has both objectives", arch);
	t->ref[0] = t->y[0][i];
	t->ref[1] = t->y[1][i];
	n = frontier(t, v);
	fl_hypervolume_relax(v[0], v[1], n, t->ref);
	for (int j = 0; j < 2; j++) {
		t->ref[j] = fmin(t->ref[j], t->limit[j]);
		free(v[j]);
	}
	return 0;
}

void
fl_trials_free(struct fl_trials *t)
{
	free(t->arch);
	free(t->y[0]);
	free(t->y[1]);
	free(t->noise[0]);
	free(t->noise[1]);
	*t = (struct fl_trials){ 0 };
}
