/* SPDX-License-Identifier: Apache-2.0 */
#include "search/trials.h"

#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "search/hypervolume.h"
#include "search/pareto.h"

static bool
is_pending(const struct fl_table *t, size_t row, const struct fl_objective *o)
{
	const char *text = fl_table_cell(t, row, (size_t)fl_table_column(t, o->name))->text;

	return text && !*text;
}

static void
find_reference(const struct fl_objective *const o[2], struct fl_trials *t)
{
	size_t *front = fl_alloc(t->n, sizeof *front), n = fl_pareto(t->y[0], t->y[1], t->n, front);
	double *v = fl_alloc(n, sizeof *v);

	for (int j = 0; j < 2; j++) {
		for (size_t i = 0; i < n; i++)
			v[i] = t->y[j][front[i]];
		if (!isnan(o[j]->ref))
			t->ref[j] = j ? fl_table_log_cost(o[j]->name, o[j]->sign * o[j]->ref) : o[j]->ref;
		else
			t->ref[j] = n ? fl_hypervolume_reference(v, n) : NAN;
	}
	free(front);
	free(v);
}

int
fl_trials_collect(const struct fl_table *t, const struct fl_objective *y, const struct fl_objective *x,
    struct fl_trials *out, struct fl_err *err)
{
	struct fl_trials r = { .arch = fl_alloc(t->rows, sizeof *r.arch),
		.y = { fl_alloc(t->rows, sizeof **r.y), fl_alloc(t->rows, sizeof **r.y) } };

	for (size_t i = 0; i < t->rows; i++) {
		const char *name = fl_table_cell(t, i, 0)->text;
		bool has = !isnan(y->v[i]) && !isnan(x->v[i]);

		if (!has && !is_pending(t, i, y) && !is_pending(t, i, x))
			continue;
		if (has && x->sign * x->v[i] <= 0) {
			fl_trials_free(&r);
			return fl_err_data(err, "%s of '%s' is not positive", x->name, name);
		}
		if (fl_arch_parse(name, &r.arch[r.n], err) < 0) {
			fl_trials_free(&r);
			return -1;
		}
		r.y[0][r.n] = has ? y->v[i] : NAN;
		r.y[1][r.n++] = has ? fl_table_log_cost(x->name, x->sign * x->v[i]) : NAN;
		r.done += has;
	}
	find_reference((const struct fl_objective *const[2]){ y, x }, &r);
	*out = r;
	return 0;
}

void
fl_trials_free(struct fl_trials *t)
{
	free(t->arch);
	free(t->y[0]);
	free(t->y[1]);
	*t = (struct fl_trials){ 0 };
}
