/* SPDX-License-Identifier: Apache-2.0 */
/* fl-predict.c -- what the columns of a table say of one another. */
#include <stdio.h>

#include "base/cli.h"
#include "search/agree.h"
#include "search/table.h"

static struct fl_strs pairs;
static bool json;

static const struct fl_opt opts[] = {
	{ 0, "agree", "a,b", "Print how far columns a and b rank the architectures alike. Repeatable.",
	  .list = &pairs },
	FL_OPT_JSON(json),
	{ 0 },
};

static const struct fl_tool tool = {
	.name = "fl-predict",
	.brief = "say how far one measurement predicts another",
	.operands = "[table...]",
	.max_operands = -1,
	.opts = opts,
};

static void
print_agreement(const struct fl_agreement *g, bool header)
{
	struct fl_row row = { 0 };

	fl_row_str(&row, "a", g->a);
	fl_row_str(&row, "b", g->b);
	fl_row_real(&row, "tau", g->tau);
	fl_row_real(&row, "tau_se", g->tau_se);
	fl_row_real(&row, "spearman", g->rho);
	fl_row_int(&row, "n", (long long)g->n);
	fl_row_print(&row, stdout, header, json);
	fl_row_free(&row);
}

int
main(int argc, char **argv)
{
	static const char *const standard_input[] = { "-" };
	int first = fl_cli(&tool, argc, argv);
	const char *const *paths = first < argc ? (const char *const *)argv + first : standard_input;
	struct fl_err err = { 0 };
	struct fl_table *t;

	if (pairs.n == 0)
		fl_die(FL_EXIT_USAGE, "which columns? --agree is missing");
	t = fl_table_read(paths, first < argc ? (size_t)(argc - first) : 1, &err);
	if (!t)
		fl_die_err(&err);
	for (size_t i = 0; i < pairs.n; i++) {
		struct fl_agreement g;

		if (fl_agree(t, pairs.v[i], &g, &err) < 0)
			fl_die_err(&err);
		print_agreement(&g, i == 0);
	}
	return fl_finish(FL_EXIT_OK);
}
