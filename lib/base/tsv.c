/* SPDX-License-Identifier: Apache-2.0 */
#include "base/tsv.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/json.h"
#include "base/str.h"

enum { MAX_TABLE = 256 << 20, MAX_COLUMNS = 4096 };

static void
put(struct fl_row *r, const char *name, char *value, bool number)
{
	r->cell = fl_grow(r->cell, &r->cap, r->n + 1, sizeof *r->cell);
	r->cell[r->n++] = (struct fl_row_cell){ fl_strdup(name), value, number };
}

void
fl_row_str(struct fl_row *r, const char *name, const char *value)
{
	char *v = fl_strdup(value);

	for (char *p = v; *p; p++)
		if (*p == '\t' || *p == '\n' || *p == '\r')
			*p = ' ';
	put(r, name, v, false);
}

void
fl_row_int(struct fl_row *r, const char *name, long long value)
{
	struct fl_str s = { 0 };

	fl_str_printf(&s, "%lld", value);
	put(r, name, fl_str_steal(&s), true);
}

void
fl_row_real(struct fl_row *r, const char *name, double value)
{
	struct fl_str s = { 0 };

	if (isfinite(value))
		fl_str_printf(&s, "%.6g", value);
	else
		fl_str_puts(&s, "nan");
	put(r, name, fl_str_steal(&s), isfinite(value));
}

static bool
has(const struct fl_row *r, const char *name)
{
	for (size_t i = 0; i < r->n; i++)
		if (strcmp(r->cell[i].name, name) == 0)
			return true;
	return false;
}

void
fl_row_complete(struct fl_row *r, struct fl_row *more)
{
	for (size_t i = 0; i < more->n; i++) {
		struct fl_row_cell *c = &more->cell[i];

		if (has(r, c->name))
			continue;
		put(r, c->name, c->value, c->number);
		c->value = NULL; /* r's now */
	}
	fl_row_free(more);
}

void
fl_row_free(struct fl_row *r)
{
	for (size_t i = 0; i < r->n; i++) {
		free(r->cell[i].name);
		free(r->cell[i].value);
	}
	free(r->cell);
	*r = (struct fl_row){ 0 };
}

static void
print_json(const struct fl_row *r, FILE *out)
{
	struct fl_str s = { 0 };

	for (size_t i = 0; i < r->n; i++) {
		const struct fl_row_cell *c = &r->cell[i];
		struct fl_json *name = fl_json_new_str(c->name), *value = fl_json_new_str(c->value);

		fl_str_putc(&s, i ? ',' : '{');
		fl_json_write(&s, name, 0);
		fl_str_putc(&s, ':');
		if (c->number)
			fl_str_puts(&s, c->value);
		else if (strcmp(c->value, "nan") == 0)
			fl_str_puts(&s, "null");
		else
			fl_json_write(&s, value, 0);
		fl_json_free(name);
		fl_json_free(value);
	}
	fprintf(out, "%s}\n", r->n ? s.data : "{");
	fl_str_free(&s);
}

void
fl_row_print(const struct fl_row *r, FILE *out, bool header, bool json)
{
	if (json) {
		print_json(r, out);
		return;
	}
	for (size_t i = 0; header && i < r->n; i++)
		fprintf(out, "%s%c", r->cell[i].name, i + 1 < r->n ? '\t' : '\n');
	for (size_t i = 0; i < r->n; i++)
		fprintf(out, "%s%c", r->cell[i].value, i + 1 < r->n ? '\t' : '\n');
}

void
fl_tsv_free(struct fl_tsv *t)
{
	if (!t)
		return;
	free(t->name);
	free(t->cell);
	free(t->text);
	free(t);
}

/* Cuts the line at `p` into cells; returns the start of the next line, NULL at the end of text. */
static char *
cut(char *p, char **cells, size_t limit, size_t *n)
{
	char *end = strchr(p, '\n'), *next = end ? end + 1 : NULL;

	if (end)
		*end = '\0';
	if (*p && p[strlen(p) - 1] == '\r')
		p[strlen(p) - 1] = '\0';
	for (*n = 0;; p++) {
		char *tab = strchr(p, '\t');

		if (*n < limit)
			cells[*n] = p;
		++*n;
		if (!tab)
			break;
		*tab = '\0';
		p = tab;
	}
	return next && *next ? next : NULL;
}

static int
check_header(const struct fl_tsv *t, const char *path, struct fl_err *err)
{
	for (size_t i = 0; i < t->columns; i++) {
		if (!*t->name[i])
			return fl_err_data(err, "'%s': column %zu has no name", path, i + 1);
		if ((size_t)fl_tsv_column(t, t->name[i]) != i)
			return fl_err_data(err, "'%s': two columns are named '%s'", path, t->name[i]);
	}
	return 0;
}

static int
parse(struct fl_tsv *t, const char *path, struct fl_err *err)
{
	size_t cap = 0, n, line = 1;
	char *p = t->text;

	t->columns = 1;
	for (char *q = p; *q && *q != '\n'; q++)
		t->columns += *q == '\t';
	if (t->columns > MAX_COLUMNS)
		return fl_err_data(err, "'%s' has more than %d columns", path, MAX_COLUMNS);
	t->name = fl_alloc(t->columns, sizeof *t->name);
	p = cut(p, t->name, t->columns, &n);
	if (check_header(t, path, err) < 0)
		return -1;
	while (p) {
		t->cell = fl_grow(t->cell, &cap, (t->rows + 1) * t->columns, sizeof *t->cell);
		p = cut(p, t->cell + t->rows * t->columns, t->columns, &n);
		line++;
		if (n != t->columns)
			return fl_err_data(err, "'%s', line %zu: %zu cells where the header has %zu", path,
			    line, n, t->columns);
		t->rows++;
	}
	return 0;
}

struct fl_tsv *
fl_tsv_read(const char *path, struct fl_err *err)
{
	size_t len = 0;
	char *text = fl_slurp(path, MAX_TABLE, &len, err);
	struct fl_tsv *t;

	if (!text)
		return NULL;
	t = fl_alloc(1, sizeof *t);
	t->text = text;
	path = fl_input_name(path);
	if (len == 0)
		fl_err_data(err, "'%s' is empty: a table has a header line", path);
	else if (memchr(text, '\0', len))
		fl_err_data(err, "'%s' holds a NUL byte: it is no table", path);
	else if (parse(t, path, err) == 0)
		return t;
	fl_tsv_free(t);
	return NULL;
}

int
fl_tsv_column(const struct fl_tsv *t, const char *name)
{
	for (size_t i = 0; i < t->columns; i++)
		if (strcmp(t->name[i], name) == 0)
			return (int)i;
	return -1;
}

const char *
fl_tsv_cell(const struct fl_tsv *t, size_t row, size_t column)
{
	return t->cell[row * t->columns + column];
}
