/* SPDX-License-Identifier: Apache-2.0 */
/* tsv.h -- tables as text, fl-table(5): tab-separated, one header line, then rows.
 *
 * This is the text alone; what columns mean is in search/table. */
#ifndef FL_BASE_TSV_H
#define FL_BASE_TSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/err.h"

/* A row being made: names and values in the order they were put. Zero-initialise. */
struct fl_row {
	size_t n, cap;
	struct fl_row_cell {
		char *name, *value;
		bool number;
	} *cell;
};

void fl_row_str(struct fl_row *r, const char *name, const char *value);
void fl_row_int(struct fl_row *r, const char *name, long long value);
void fl_row_real(struct fl_row *r, const char *name, double value); /* six significant digits */
void fl_row_free(struct fl_row *r);

/* Adds what `more` has under names that r has not, and frees it. */
void fl_row_complete(struct fl_row *r, struct fl_row *more);

/* Header (if asked for) and row, or one JSON object a line; tabs and line breaks in values become
 * spaces; a number that is not finite is written nan, and null in JSON. */
void fl_row_print(const struct fl_row *r, FILE *out, bool header, bool json);

/* A table read whole. Cells are strings owned by the table; every row has `columns` cells. */
struct fl_tsv {
	size_t rows, columns;
	char **name;  /* [columns] */
	char **cell;  /* [rows * columns] */
	char *text;   /* what the strings point into */
};

/* "-" is standard input. A row with fewer or more cells than the header, a column without a name or
 * with another's, a NUL, or no header at all is refused with file and line. */
struct fl_tsv *fl_tsv_read(const char *path, struct fl_err *err) FL_MUST_USE;
void fl_tsv_free(struct fl_tsv *t);
int fl_tsv_column(const struct fl_tsv *t, const char *name); /* its number, or -1 */
const char *fl_tsv_cell(const struct fl_tsv *t, size_t row, size_t column);

#endif
