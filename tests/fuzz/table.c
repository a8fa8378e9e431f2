/* SPDX-License-Identifier: Apache-2.0 */
/* A table that is read prints and has a frontier of rows of its own. */
#include "base/alloc.h"
#include "search/objective.h"
#include "search/pareto.h"
#include "search/table.h"
#include "fuzz.h"

static void
use(const struct fl_table *t, struct fl_err *err)
{
	struct fl_objective y = { 0 }, x = { 0 };
	size_t *front = fl_alloc(t->rows, sizeof *front);

	for (size_t r = 0; r < t->rows; r++) {
		struct fl_row row = { 0 };

		fl_table_row(t, r, r % 2, &row);
		if (row.n != t->columns)
			abort();
		fl_row_free(&row);
	}
	if (fl_objective_choose(t, NULL, &y, &x, err) == 0 &&
	    fl_pareto(x.v, y.v, t->rows, front) > t->rows)
		abort();
	fl_objective_free(&y);
	fl_objective_free(&x);
	free(front);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fl_err err = { 0 };
	char path[FUZZ_PATH];
	const char *const paths[] = { path, path };
	struct fl_table *t;
	int fd;

	fuzz_open(data, size, false, &fd, path);
	t = fl_table_read(paths, 1 + size % 2, &err);
	close(fd);
	fuzz_check(t != NULL, &err);
	if (t)
		use(t, &err);
	fl_table_free(t);
	return 0;
}
