/* SPDX-License-Identifier: Apache-2.0 */
/* regex.c -- rewrites Python's patterns as POSIX extended regular expressions, which match the same texts. */
#include "base/regex.h"

#include <ctype.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"

enum { LONGEST = 512, MOST = 99 /* in braces, of which there may be one pair */ };

struct fl_regex {
	regex_t code;
};

struct translation {
	const char *p;
	struct fl_str out;
	bool repeatable; /* can the last item be repeated? */
	bool braces;	 /* have there been some? */
};

/* Returns what \c stands for inside of brackets, NULL if it is no class. */
static const char *
members(char c)
{
	return c == 'd' ? "0-9" : c == 'w' ? "[:alnum:]_" : c == 's' ? " \t-\r" : NULL;
}

/* Adds a backslash and the character behind it; returns false if that is not known. */
static bool
add_escape(struct translation *t, bool in_class)
{
	char c = t->p[1];
	const char *set = members(in_class ? c : (char)tolower((unsigned char)c));

	if (set && in_class && (t->p[2] == '-' || t->p[-1] == '-'))
		return false; /* a range? */
	if (set && in_class)
		fl_str_puts(&t->out, set);
	else if (set)
		fl_str_printf(&t->out, "[%s%s]", isupper((unsigned char)c) ? "^" : "", set);
	else if (!ispunct((unsigned char)c) || (in_class && strchr("[]^-\\", c)))
		return false;
	else if (!in_class && strchr(".[]{}()*+?^$|\\", c))
		fl_str_printf(&t->out, "\\%c", c);
	else
		fl_str_putc(&t->out, c);
	t->p += 2;
	return true;
}

static bool
add_class(struct translation *t)
{
	fl_str_putc(&t->out, *t->p++);
	if (*t->p == '^')
		fl_str_putc(&t->out, *t->p++);
	if (*t->p == ']') /* as the first it is a member */
		fl_str_putc(&t->out, *t->p++);
	while (*t->p && *t->p != ']') {
		bool escape = *t->p == '\\';

		if (*t->p == '[' || (escape && !add_escape(t, true)))
			return false;
		if (!escape)
			fl_str_putc(&t->out, *t->p++);
	}
	fl_str_putc(&t->out, ']');
	return *t->p && *t->p++;
}

/* Adds * + ? or numbers in braces. A ? behind makes them lazy, which does not change whether there is a match. */
static bool
add_repetition(struct translation *t)
{
	size_t n = 1;

	if (!t->repeatable)
		return false;
	if (*t->p == '{') {
		const char *comma;

		n = strspn(t->p + 1, "0123456789,") + 2;
		comma = memchr(t->p, ',', n);
		if (t->braces || n < 3 || t->p[n - 1] != '}' || strtol(t->p + 1, NULL, 10) > MOST ||
		    (comma && strtol(comma + 1, NULL, 10) > MOST))
			return false;
		t->braces = true;
	}
	fl_str_add(&t->out, t->p, n);
	t->p += n;
	t->p += *t->p == '?';
	t->repeatable = false;
	return true;
}

static bool
add_item(struct translation *t)
{
	bool repetition = strchr("*+?{", *t->p), group = *t->p == '(';

	if (repetition)
		return add_repetition(t);
	t->repeatable = !strchr("(|^$", *t->p);
	if (*t->p == '\\')
		return add_escape(t, false);
	if (*t->p == '[')
		return add_class(t);
	if (group && t->p[1] == '?' && t->p[2] != ':')
		return false;
	fl_str_putc(&t->out, *t->p);
	t->p += group && t->p[1] == '?' ? 3 : 1;
	return true;
}

struct fl_regex *
fl_regex_new(const char *pattern, struct fl_err *err)
{
	struct translation t = { .p = pattern };
	struct fl_regex *r = fl_alloc(1, sizeof *r);
	bool known = strlen(pattern) <= LONGEST;

	fl_str_puts(&t.out, "^(");
	while (known && *t.p)
		known = add_item(&t);
	fl_str_putc(&t.out, ')');
	if (!known || regcomp(&r->code, t.out.data, REG_EXTENDED | REG_NOSUB) != 0) {
		fl_err_data(err, "the pattern '%.*s' is not understood", LONGEST, pattern);
		free(r);
		r = NULL;
	}
	fl_str_free(&t.out);
	return r;
}

void
fl_regex_free(struct fl_regex *r)
{
	if (!r)
		return;
	regfree(&r->code);
	free(r);
}

bool
fl_regex_begins(const struct fl_regex *r, const char *text)
{
	return regexec(&r->code, text, 0, NULL, 0) == 0;
}
