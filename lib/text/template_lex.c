/* SPDX-License-Identifier: Apache-2.0 */
/* template_lex.c -- where tags begin and end, the spaces around them, and the tokens inside.
 *
 *     {%- -%}   all spaces before, after, are dropped
 *     {%  %}    spaces between the start of a line and the tag, and a line break behind it, are; {# #} too
 *     {%+ +%}   nothing is
 *     {{  }}    nothing is */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "text/template_impl.h"
#include "text/utf8.h"

int
fl_template_lex_line(struct fl_lexer *l)
{
	for (; l->counted < l->p; l->counted++)
		l->line += *l->counted == '\n';
	return l->line;
}

int
fl_template_lex_error(struct fl_lexer *l, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	fl_str_one_line(text);
	return fl_err_data(l->err, "'%s', line %d: %s", l->t->name, fl_template_lex_line(l), text);
}

/* Text between tags ------------------------------------------------------------------------------- */

static const char *
skip_spaces(const char *p, const char *end)
{
	bool space = true;

	while (p < end) {
		const char *next = fl_text_next(p, end, &space);

		if (!space)
			break;
		p = next;
	}
	return p;
}

/* The end of the text from..to without its last spaces. */
static const char *
trim_right(const char *from, const char *to)
{
	const char *kept = from;
	bool space = true;

	for (const char *p = from; p < to;) {
		p = fl_text_next(p, to, &space);
		if (!space)
			kept = p;
	}
	return kept;
}

/* The same, but not beyond the start of its last line, and only if nothing else stands there. */
static const char *
trim_line(const struct fl_lexer *l, const char *from, const char *to)
{
	const char *line = to;

	while (line > from && line[-1] != '\n')
		line--;
	if (line == from && from > l->begin && from[-1] != '\n')
		return to;
	return skip_spaces(line, to) == to ? line : to;
}

/* After the closing bracket of a tag. */
static void
close_tag(struct fl_lexer *l, char sign)
{
	if (sign == '-')
		l->p = skip_spaces(l->p, l->end);
	else if (sign != '+' && l->tag != FL_TAG_PRINT && l->p < l->end && *l->p == '\n')
		l->p++;
}

static enum fl_tag
skip_comment(struct fl_lexer *l)
{
	const char *hit = memmem(l->p, (size_t)(l->end - l->p), "#}", 2);
	char sign;

	if (!hit) {
		fl_template_lex_error(l, "a comment does not end");
		return FL_TAG_BAD;
	}
	sign = hit > l->p ? hit[-1] : 0;
	l->p = hit + 2;
	close_tag(l, sign);
	return FL_TAG_COMMENT;
}

static enum fl_tag
tag_of(char c)
{
	return c == '{' ? FL_TAG_PRINT : c == '%' ? FL_TAG_BLOCK : c == '#' ? FL_TAG_COMMENT : FL_TAG_NONE;
}

enum fl_tag
fl_template_lex_text(struct fl_lexer *l, struct fl_text *text)
{
	const char *from = l->p, *to = from;
	char sign;

	while (to < l->end && !(*to == '{' && to + 1 < l->end && tag_of(to[1])))
		to++;
	*text = (struct fl_text){ from, (size_t)(to - from) };
	l->p = to;
	if (to == l->end)
		return l->tag = FL_TAG_NONE;
	l->tag = tag_of(to[1]);
	l->brackets = 0;
	l->p += 2;
	sign = l->p < l->end ? *l->p : 0;
	if (sign == '-')
		to = trim_right(from, to);
	else if (sign != '+' && l->tag != FL_TAG_PRINT)
		to = trim_line(l, from, to);
	text->n = (size_t)(to - from);
	l->p += sign == '-' || sign == '+';
	return l->tag == FL_TAG_COMMENT ? skip_comment(l) : l->tag;
}

/* Tokens ------------------------------------------------------------------------------------------ */

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || is_digit(c);
}

static int
hex(struct fl_lexer *l, int digits, char *out, size_t *n)
{
	uint32_t c = 0;

	for (int i = 0; i < digits; i++, l->p++) {
		const char *set = "0123456789abcdef", *hit;

		if (l->p == l->end || !is_name(*l->p) || !(hit = strchr(set, *l->p | 0x20)))
			return fl_template_lex_error(l, "an escape wants %d hexadecimal digits", digits);
		c = c << 4 | (uint32_t)(hit - set);
	}
	if (c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return fl_template_lex_error(l, "an escape is no character");
	*n += fl_utf8_put(out + *n, c);
	return 0;
}

/* p is behind the backslash. An unknown escape stays as it is. */
static int
unescape(struct fl_lexer *l, char *out, size_t *n)
{
	static const char known[] = "\\'\"nrtabfv", meant[] = "\\'\"\n\r\t\a\b\f\v";
	char c = *l->p++;
	const char *hit = c ? strchr(known, c) : NULL;

	if (hit)
		out[(*n)++] = meant[hit - known];
	else if (c == 'x' || c == 'u' || c == 'U')
		return hex(l, c == 'x' ? 2 : c == 'u' ? 4 : 8, out, n);
	else if (is_digit(c) || c == 'N')
		return fl_template_lex_error(l, "unsupported escape '\\%c'", c);
	else if (c != '\n') {
		out[(*n)++] = '\\';
		out[(*n)++] = c;
	}
	return 0;
}

static int
string(struct fl_lexer *l)
{
	char quote = *l->p++, *out;
	const char *close = l->p;
	size_t n = 0;

	while (close < l->end && *close != quote)
		close += *close == '\\' && close + 1 < l->end ? 2 : 1;
	if (close >= l->end)
		return fl_template_lex_error(l, "a string does not end");
	/* no escape is shorter than what it stands for */
	out = fl_arena_alloc(l->arena, (size_t)(close - l->p) + 1);
	while (l->p < close)
		if (*l->p != '\\')
			out[n++] = *l->p++;
		else if (l->p++, unescape(l, out, &n) < 0)
			return -1;
	l->p = close + 1;
	l->kind = FL_LEX_STR;
	l->text = (struct fl_text){ out, n };
	return 0;
}

static int
number(struct fl_lexer *l)
{
	const char *from = l->p;
	bool member = from > l->begin && from[-1] == '.', real = false;
	char buf[64];
	size_t n;

	while (l->p < l->end && is_digit(*l->p))
		l->p++;
	if (!member && l->p + 1 < l->end && *l->p == '.' && is_digit(l->p[1])) {
		real = true;
		for (l->p++; l->p < l->end && is_digit(*l->p);)
			l->p++;
	}
	n = (size_t)(l->p - from);
	l->kind = FL_LEX_NUMBER;
	if (n < sizeof buf && !(l->p < l->end && is_name(*l->p))) {
		memcpy(buf, from, n);
		buf[n] = '\0';
		l->number = (struct fl_value){ .kind = real ? FL_VALUE_REAL : FL_VALUE_INT };
		if (real ? fl_num_real(buf, 0, 1e300, &l->number.x) == 0 :
		    fl_num_int(buf, 0, 1LL << 53, &l->number.i) == 0)
			return 0;
	}
	return fl_template_lex_error(l, "unsupported number");
}

/* Whether the tag closes at p: "}}", "%}", with a sign or without. */
static bool
closes(struct fl_lexer *l)
{
	const char *end = l->tag == FL_TAG_PRINT ? "}}" : "%}", *p = l->p;
	char sign = p < l->end && (*p == '-' || (*p == '+' && l->tag == FL_TAG_BLOCK)) ? *p++ : 0;

	if (l->brackets > 0 || l->end - p < 2 || memcmp(p, end, 2) != 0)
		return false;
	l->p = p + 2;
	l->kind = FL_LEX_CLOSE;
	l->text = (struct fl_text){ end, 2 };
	close_tag(l, sign);
	return true;
}

static int
operator(struct fl_lexer *l)
{
	static const char *const two[] = { "==", "!=", "<=", ">=", "//", "**" };
	size_t n = *l->p && strchr("+-*/%~<>=()[]{},:.|", *l->p) ? 1 : 0;

	for (size_t i = 0; i < sizeof two / sizeof *two; i++)
		if (l->end - l->p >= 2 && memcmp(l->p, two[i], 2) == 0)
			n = 2;
	if (n == 0)
		return fl_template_lex_error(l, "unexpected character '%c'",
		    *l->p > ' ' && *l->p < 127 ? *l->p : '?');
	l->kind = FL_LEX_OP;
	l->text = (struct fl_text){ l->p, n };
	l->brackets += n == 1 && strchr("([{", *l->p) ? 1 : n == 1 && strchr(")]}", *l->p) ? -1 : 0;
	l->p += n;
	return 0;
}

int
fl_template_lex(struct fl_lexer *l)
{
	const char *from;

	l->p = skip_spaces(l->p, l->end);
	if (closes(l))
		return 0;
	if (l->p == l->end)
		return fl_template_lex_error(l, "a tag does not end");
	if (*l->p == '"' || *l->p == '\'')
		return string(l);
	if (is_digit(*l->p))
		return number(l);
	if (!is_name(*l->p))
		return operator(l);
	for (from = l->p; l->p < l->end && is_name(*l->p);)
		l->p++;
	l->kind = FL_LEX_NAME;
	l->text = (struct fl_text){ from, (size_t)(l->p - from) };
	return 0;
}

bool
fl_template_lex_is(const struct fl_lexer *l, const char *op_or_name)
{
	return l->kind != FL_LEX_STR && l->kind != FL_LEX_NUMBER && fl_text_is(l->text, op_or_name);
}
