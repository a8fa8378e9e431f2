/* SPDX-License-Identifier: Apache-2.0 */
#include "search/table.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/num.h"
#include "base/str.h"

#define LARGEST 1e100 /* of a cell; room for products and differences */

int
fl_table_goal(const char *name)
{
	static const struct {
		const char *suffix;
		int goal;
	} unit[] = { { "_tok_s", 1 }, { "_acc", 1 }, { "_s", -1 }, { "_nats", -1 }, { "_mib", -1 },
		{ "bits_per_byte", -1 }, { "perplexity", -1 } };

	for (size_t i = 0; i < sizeof unit / sizeof *unit; i++)
		if (fl_str_ends(name, unit[i].suffix))
			return unit[i].goal;
	return 0;
}

double
fl_table_log_cost(const char *name, double v)
{
	return fl_table_goal(name) > 0 ? -log(v) : log(v);
}

int
fl_table_first_ttft(const struct fl_table *t)
{
	for (size_t i = 0; i < t->columns; i++)
		if (fl_str_begins(t->name[i], "ttft_") && fl_table_goal(t->name[i]))
			return (int)i;
	return -1;
}

/* X, X_sd, X_n and X_se where X has a unit: what repeats may differ in. */
static bool
is_measured(const char *name)
{
	static const char *const suffix[] = { "", "_sd", "_n", "_se" };

	for (size_t i = 0; i < sizeof suffix / sizeof *suffix; i++)
		if (fl_str_ends(name, suffix[i])) {
			char *stem = fl_strndup(name, strlen(name) - strlen(suffix[i]));
			int goal = fl_table_goal(stem);

			free(stem);
			if (goal)
				return true;
		}
	return false;
}

size_t
fl_table_rows_of(const struct fl_table *t, size_t n)
{
	return n ? t->rows_after[n - 1] : 0;
}

int
fl_table_column(const struct fl_table *t, const char *name)
{
	for (size_t i = 0; i < t->columns; i++)
		if (strcmp(t->name[i], name) == 0)
			return (int)i;
	return -1;
}

int
fl_table_named(const struct fl_table *t, const char *text, size_t n, struct fl_err *err)
{
	char *name = fl_strndup(text, n);
	int c = fl_table_column(t, name);

	if (c < 0)
		fl_err_usage(err, "the table has no column '%s'", name);
	free(name);
	return c;
}

int
fl_table_two_columns(const struct fl_table *t, const char *text, int column[2], struct fl_err *err)
{
	const char *comma = strchr(text, ',');

	if (!comma)
		return fl_err_usage(err, "'%s' is not two columns with a comma between", text);
	column[0] = fl_table_named(t, text, (size_t)(comma - text), err);
	column[1] = fl_table_named(t, comma + 1, strlen(comma + 1), err);
	return column[0] < 0 || column[1] < 0 ? -1 : 0;
}

/* The column NAME_SUFFIX, or -1. */
static int
companion(const struct fl_table *t, const char *name, const char *suffix)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < t->columns; i++)
		if (strncmp(t->name[i], name, n) == 0 && strcmp(t->name[i] + n, suffix) == 0)
			return (int)i;
	return -1;
}

const struct fl_cell *
fl_table_cell(const struct fl_table *t, size_t row, size_t column)
{
	return &t->cell[row * t->columns + column];
}

bool
fl_cell_is_pending(const struct fl_cell *c)
{
	return c->text && !*c->text;
}

/* Reading ---------------------------------------------------------------------------------------- */

static bool
is_failed(const char *text)
{
	return strcasecmp(text + (*text == '-'), "nan") == 0;
}

static int
read_cell(struct fl_cell *c, const char *text, const char *column, struct fl_err *err)
{
	*c = (struct fl_cell){ .value = NAN, .n = 1, .text = text };
	if (*text && !is_failed(text) && fl_num_real(text, -LARGEST, LARGEST, &c->value) < 0) {
		c->value = NAN;
		if (is_measured(column))
			return fl_err_data(err, "%s is '%s', not a number within 1e100 of zero",
			    column, text);
	}
	return 0;
}

/* Mean and variance of two groups of repeats taken together (Chan, Golub, LeVeque 1979). */
static void
pool(struct fl_cell *a, const struct fl_cell *b)
{
	double n = a->n + b->n, d = b->value - a->value;
	double squares = (a->n - 1) * a->sd * a->sd + (b->n - 1) * b->sd * b->sd +
	    d * d * a->n * b->n / n;

	a->value += d * b->n / n;
	a->sd = sqrt(squares / (n - 1));
	a->n = n;
	a->text = NULL;
}

/* A failure stands before nothing, numbers and words before both. */
enum standing { PENDING, FAILED, SAID };

static enum standing
standing(const struct fl_cell *c)
{
	if (fl_cell_is_pending(c))
		return PENDING;
	return c->text && is_failed(c->text) ? FAILED : SAID;
}

static bool
is_same(const struct fl_cell *a, const struct fl_cell *b)
{
	return strcmp(a->text, b->text) == 0 || a->value == b->value;
}

/* The same cell of a later row: a measurement is pooled with it, and what else a table says, how it
 * was measured, must be the same, or the mean would be of two experiments. */
static int
merge(struct fl_cell *into, const struct fl_cell *c, const char *column, const char *arch,
    struct fl_err *err)
{
	if (standing(into) < SAID || standing(c) < SAID) {
		if (standing(c) > standing(into))
			*into = *c;
	} else if (is_measured(column)) {
		pool(into, c);
	} else if (!is_same(into, c)) {
		return fl_err_data(err, "%s of '%s' is '%s', and '%s' in an earlier row: that is no repeat",
		    column, arch, c->text, into->text);
	}
	return 0;
}

/* Row r of a source whose column i is the table's column to[i]. */
static int
add_row(struct fl_table *t, const struct fl_tsv *tsv, size_t r, const size_t *to,
    struct fl_cell *row, struct fl_err *err)
{
	char name[FL_ARCH_LEN];
	struct fl_arch arch;
	struct fl_cell *into;
	size_t at;

	if (fl_arch_parse(fl_tsv_cell(tsv, r, 0), &arch, err) < 0)
		return -1;
	for (size_t i = 0; i < t->columns; i++)
		row[i] = (struct fl_cell){ .value = NAN, .n = 1, .text = "" };
	for (size_t i = 0; i < tsv->columns; i++)
		if (read_cell(&row[to[i]], fl_tsv_cell(tsv, r, i), tsv->name[i], err) < 0)
			return -1;
	for (size_t i = 0; i < t->columns; i++) {
		if (t->sd[i] >= 0 && row[t->sd[i]].value > 0)
			row[i].sd = row[t->sd[i]].value;
		if (t->n[i] >= 0 && row[t->n[i]].value > 1)
			row[i].n = row[t->n[i]].value;
	}
	at = fl_archset_add(&t->archs, fl_arch_format(&arch, name));
	row[to[0]].text = t->archs.name[at];
	if (at == t->rows) {
		t->arch = fl_grow(t->arch, &t->arch_cap, at + 1, sizeof *t->arch);
		t->arch[at] = arch;
		t->cell = fl_grow(t->cell, &t->cap, (at + 1) * t->columns, sizeof *t->cell);
		memcpy(t->cell + at * t->columns, row, t->columns * sizeof *row);
		t->rows++;
		return 0;
	}
	into = t->cell + at * t->columns;
	for (size_t i = 0; i < t->columns; i++)
		if (merge(&into[i], &row[i], t->name[i], into->text, err) < 0)
			return -1;
	return 0;
}

static int
add_source(struct fl_table *t, const struct fl_tsv *tsv, const char *path, struct fl_err *err)
{
	size_t *to = fl_alloc(tsv->columns, sizeof *to);
	struct fl_cell *row = fl_alloc(t->columns, sizeof *row);
	int rc = 0;

	for (size_t i = 0; i < tsv->columns; i++)
		to[i] = (size_t)fl_table_column(t, tsv->name[i]);
	for (size_t r = 0; r < tsv->rows && rc == 0; r++) {
		rc = add_row(t, tsv, r, to, row, err);
		if (rc < 0)
			fl_err_prefix(err, "'%s', line %zu", fl_input_name(path), r + 2);
	}
	free(to);
	free(row);
	return rc;
}

/* Where repeats were pooled, the columns beside them say so. */
static void
update_companions(struct fl_table *t)
{
	for (size_t r = 0; r < t->rows; r++) {
		struct fl_cell *row = t->cell + r * t->columns;

		for (size_t i = 0; i < t->columns; i++) {
			if (row[i].text)
				continue;
			if (t->sd[i] >= 0)
				row[t->sd[i]] = (struct fl_cell){ .value = row[i].sd, .n = 1 };
			if (t->n[i] >= 0)
				row[t->n[i]] = (struct fl_cell){ .value = row[i].n, .n = 1 };
		}
	}
}

static int
read_sources(struct fl_table *t, const char *const *paths, size_t n, struct fl_err *err)
{
	size_t cap = 0;

	t->source = fl_alloc(n, sizeof *t->source);
	for (; t->sources < n; t->sources++) {
		struct fl_tsv *tsv = t->source[t->sources] = fl_tsv_read(paths[t->sources], err);

		if (!tsv)
			return -1;
		if (strcmp(tsv->name[0], "arch") != 0) {
			fl_err_data(err, "'%s': the first column is '%s', not 'arch'",
			    fl_input_name(paths[t->sources]), tsv->name[0]);
			t->sources++;
			return -1;
		}
		for (size_t i = 0; i < tsv->columns; i++)
			if (fl_table_column(t, tsv->name[i]) < 0) {
				t->name = fl_grow(t->name, &cap, t->columns + 1, sizeof *t->name);
				t->name[t->columns++] = tsv->name[i];
			}
	}
	t->sd = fl_alloc(t->columns, sizeof *t->sd);
	t->n = fl_alloc(t->columns, sizeof *t->n);
	for (size_t i = 0; i < t->columns; i++) {
		t->sd[i] = companion(t, t->name[i], "_sd");
		t->n[i] = companion(t, t->name[i], "_n");
	}
	return 0;
}

struct fl_table *
fl_table_read(const char *const *paths, size_t n, struct fl_err *err)
{
	struct fl_table *t = fl_alloc(1, sizeof *t);
	int rc = read_sources(t, paths, n, err);

	t->rows_after = fl_alloc(n, sizeof *t->rows_after);
	for (size_t i = 0; i < n && rc == 0; i++) {
		rc = add_source(t, t->source[i], paths[i], err);
		t->rows_after[i] = t->rows;
	}
	if (rc < 0) {
		fl_table_free(t);
		return NULL;
	}
	update_companions(t);
	return t;
}

void
fl_table_free(struct fl_table *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->sources; i++)
		fl_tsv_free(t->source[i]);
	free(t->source);
	free(t->rows_after);
	free(t->name);
	free(t->sd);
	free(t->n);
	free(t->cell);
	free(t->arch);
	fl_archset_free(&t->archs);
	free(t);
}

void
fl_table_row(const struct fl_table *t, size_t row, bool json, struct fl_row *out)
{
	for (size_t i = 0; i < t->columns; i++) {
		const struct fl_cell *c = fl_table_cell(t, row, i);
		long long whole;

		if (c->text && (!json || isnan(c->value)))
			fl_row_str(out, t->name[i], c->text);
		else if (c->text && fl_num_int(c->text, LLONG_MIN, LLONG_MAX, &whole) == 0)
			fl_row_int(out, t->name[i], whole);
		else
			fl_row_real(out, t->name[i], c->value);
	}
}
