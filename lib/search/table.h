/* SPDX-License-Identifier: Apache-2.0 */
/* table.h -- what the columns of a table mean, fl-table(5): one row an architecture.
 *
 * Tables are read together: columns of the same name are one column, and rows of the same
 * architecture one row, in the order in which they first appear. Where several rows have a number with
 * a unit it is their mean, each row weighted by its X_n; X_sd and X_n become those of all repeats,
 * X_se a mean. A failed measurement gives way to one that succeeded. What has no unit says how it was
 * measured, and must be the same in all rows that say it. */
#ifndef FL_SEARCH_TABLE_H
#define FL_SEARCH_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arch.h"
#include "base/err.h"
#include "base/tsv.h"
#include "search/archset.h"

struct fl_cell {
	double value;	  /* NaN if the cell is pending, failed or words */
	double sd, n;	  /* of the repeats behind it: 0 and 1 where the table does not say */
	const char *text; /* as in the file, of arch its name; "" if pending; NULL for the mean of several rows */
};

struct fl_table {
	size_t rows, columns;
	struct fl_arch *arch; /* [rows] */
	char **name;	      /* [columns]; the first is "arch" */
	struct fl_cell *cell; /* [rows * columns] */

	/* Private: the rows; the columns X_sd and X_n of each column X, or -1; the files, where names and
	 * texts live. */
	struct fl_archset archs;
	int *sd, *n;
	struct fl_tsv **source;
	size_t *rows_after; /* [sources] how many rows there were after each */
	size_t sources, cap, arch_cap;
};

/* n files, "-" for standard input. NULL with err set names file and line: no arch column in front, a
 * row that is no architecture, words in a column whose name ends in a unit, rows of an architecture
 * that were measured in different ways. */
struct fl_table *fl_table_read(const char *const *paths, size_t n, struct fl_err *err) FL_MUST_USE;
void fl_table_free(struct fl_table *t);

/* The first `n` files' rows come first; how many they are. The rest are only in the files after those. */
size_t fl_table_rows_of(const struct fl_table *t, size_t n);

int fl_table_column(const struct fl_table *t, const char *name); /* its number, or -1 */

/* The same for what a user named, text[0 .. n) and "a,b": -1 with err of class USAGE where there is
 * no such column. */
int fl_table_named(const struct fl_table *t, const char *text, size_t n, struct fl_err *err);
int fl_table_two_columns(const struct fl_table *t, const char *text, int column[2],
    struct fl_err *err) FL_MUST_USE;

const struct fl_cell *fl_table_cell(const struct fl_table *t, size_t row, size_t column);

/* Nothing is in the cell yet: it is being measured, or will be. */
bool fl_cell_is_pending(const struct fl_cell *c);

/* What is wanted of a column, by the unit its name ends in: _s, _nats, _mib, bits_per_byte and
 * perplexity small (-1), _tok_s and _acc large (1), others neither (0). */
int fl_table_goal(const char *name);

/* The logarithm of a column's value v > 0 as a cost: of what should be large, such as a rate, minus that. */
double fl_table_log_cost(const char *name, double v);

/* The first column of times to the first token, or -1. */
int fl_table_first_ttft(const struct fl_table *t);

/* A row to print: texts as they were read. With `json` numbers become numbers. */
void fl_table_row(const struct fl_table *t, size_t row, bool json, struct fl_row *out);

#endif
