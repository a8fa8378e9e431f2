/* SPDX-License-Identifier: Apache-2.0 */
#include "search/agree.h"

#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "search/rank.h"

int
fl_agree(const struct fl_table *t, const char *names, struct fl_agreement *out, struct fl_err *err)
{
	int pair[2];
	double *a, *b;
	size_t n = 0;

	if (fl_table_two_columns(t, names, pair, err) < 0)
		return -1;
	a = fl_alloc(t->rows, sizeof *a);
	b = fl_alloc(t->rows, sizeof *b);
	for (size_t r = 0; r < t->rows; r++) {
		a[n] = fl_table_cell(t, r, (size_t)pair[0])->value;
		b[n] = fl_table_cell(t, r, (size_t)pair[1])->value;
		n += !isnan(a[n]) && !isnan(b[n]);
	}
	*out = (struct fl_agreement){ t->name[pair[0]], t->name[pair[1]], fl_rank_tau(a, b, n),
		fl_rank_tau_se(a, b, n), fl_rank_rho(a, b, n), n };
	free(a);
	free(b);
	return 0;
}
