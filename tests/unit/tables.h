/* SPDX-License-Identifier: Apache-2.0 */
/* tables.h -- tables from texts, for tests. */
#ifndef FL_TEST_TABLES_H
#define FL_TEST_TABLES_H

#include <unistd.h>

#include "search/table.h"
#include "test.h"

/* The table of one text, or of two. */
static inline struct fl_table *
test_table(const char *one, const char *two, struct fl_err *err)
{
	char path[2][32] = { "/tmp/fl-table-XXXXXX", "/tmp/fl-table-XXXXXX" };
	const char *text[] = { one, two }, *const paths[] = { path[0], path[1] };
	struct fl_table *t;
	int n = two ? 2 : 1;

	for (int i = 0; i < n; i++) {
		int fd = mkstemp(path[i]);

		if (fd < 0 || write(fd, text[i], strlen(text[i])) < 0)
			exit(1);
		close(fd);
	}
	t = fl_table_read(paths, (size_t)n, err);
	for (int i = 0; i < n; i++)
		unlink(path[i]);
	return t;
}

/* One that must be in order. */
static inline struct fl_table *
test_good_table(const char *one, const char *two)
{
	struct fl_err err = { 0 };
	struct fl_table *t = test_table(one, two, &err);

	if (!test_check(t != NULL, __FILE__, __LINE__, "table", err.text))
		exit(1);
	return t;
}

#endif
