/* SPDX-License-Identifier: Apache-2.0 */
/* The parser of json_portable.c: RFC 8259, no more and no less. */
#ifdef FL_PORTABLE
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/json.h"
#include "base/json_text.h"

struct parser {
	const char *p, *end;
	size_t line;
	const char *why; /* NULL: nothing is wrong */
};

static struct fl_json *read_value(struct parser *s);

static void *
wrong(struct parser *s, const char *why)
{
	if (!s->why)
		s->why = why;
	return NULL;
}

static void
skip_space(struct parser *s)
{
	for (; s->p < s->end && (*s->p == ' ' || *s->p == '\t' || *s->p == '\n' || *s->p == '\r'); s->p++)
		s->line += *s->p == '\n';
}

static bool
take(struct parser *s, char c)
{
	skip_space(s);
	if (s->p == s->end || *s->p != c)
		return false;
	s->p++;
	return true;
}

static bool
take_word(struct parser *s, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(s->end - s->p) < n || memcmp(s->p, word, n) != 0)
		return false;
	s->p += n;
	return true;
}

/* Four hexadecimal digits, or -1. */
static long
read_hex(struct parser *s)
{
	long code = 0;

	for (int i = 0; i < 4; i++, s->p++) {
		static const char digits[] = "0123456789abcdef0123456789ABCDEF";
		const char *at = s->p < s->end && *s->p ? strchr(digits, *s->p) : NULL;

		if (!at)
			return -1;
		code = code * 16 + (at - digits) % 16;
	}
	return code;
}

static void
add_code(struct fl_str *out, long code)
{
	if (code < 0x80) {
		fl_str_putc(out, (char)code);
		return;
	}
	if (code < 0x800) {
		fl_str_putc(out, (char)(0xc0 | code >> 6));
	} else if (code < 0x10000) {
		fl_str_putc(out, (char)(0xe0 | code >> 12));
		fl_str_putc(out, (char)(0x80 | (code >> 6 & 0x3f)));
	} else {
		fl_str_putc(out, (char)(0xf0 | code >> 18));
		fl_str_putc(out, (char)(0x80 | (code >> 12 & 0x3f)));
		fl_str_putc(out, (char)(0x80 | (code >> 6 & 0x3f)));
	}
	fl_str_putc(out, (char)(0x80 | (code & 0x3f)));
}

/* What follows \u, of a pair both halves. */
static bool
read_code(struct parser *s, struct fl_str *out)
{
	long code = read_hex(s), low;

	if (code >= 0xd800 && code < 0xdc00) {
		low = take_word(s, "\\u") ? read_hex(s) : -1;
		code = low >= 0xdc00 && low < 0xe000 ? 0x10000 + (code - 0xd800) * 0x400 + (low - 0xdc00) : -1;
	} else if (code >= 0xdc00 && code < 0xe000) {
		code = -1;
	}
	if (code < 0)
		return wrong(s, "invalid \\u escape");
	add_code(out, code);
	return true;
}

static bool
read_escape(struct parser *s, struct fl_str *out)
{
	static const char names[] = "\"\\/bfnrt", means[] = "\"\\/\b\f\n\r\t";
	const char *at;

	if (s->p == s->end)
		return wrong(s, "a string does not end");
	if (*s->p == 'u') {
		s->p++;
		return read_code(s, out);
	}
	at = *s->p ? strchr(names, *s->p) : NULL;
	if (!at)
		return wrong(s, "invalid escape");
	s->p++;
	fl_str_putc(out, means[at - names]);
	return true;
}

/* After the quotation mark, to behind the other. */
static bool
read_str(struct parser *s, struct fl_str *out)
{
	fl_str_add(out, "", 0);
	while (s->p < s->end && *s->p != '"') {
		size_t n;

		if ((unsigned char)*s->p < ' ')
			return wrong(s, "a control character in a string");
		if (*s->p == '\\') {
			s->p++;
			if (!read_escape(s, out))
				return false;
			continue;
		}
		n = fl_json_sequence(s->p, (size_t)(s->end - s->p));
		if (n == 0)
			return wrong(s, "invalid UTF-8");
		fl_str_add(out, s->p, n);
		s->p += n;
	}
	if (s->p == s->end)
		return wrong(s, "a string does not end");
	s->p++;
	return true;
}

static size_t
digits(struct parser *s)
{
	const char *from = s->p;

	while (s->p < s->end && *s->p >= '0' && *s->p <= '9')
		s->p++;
	return (size_t)(s->p - from);
}

/* Past a number; whether it is one. */
static bool
pass_number(struct parser *s, bool *whole)
{
	*whole = true;
	if (s->p < s->end && *s->p == '-')
		s->p++;
	if (s->p < s->end && *s->p == '0')
		s->p++;
	else if (!digits(s))
		return false;
	if (s->p < s->end && *s->p == '.') {
		*whole = false;
		s->p++;
		if (!digits(s))
			return false;
	}
	if (s->p < s->end && (*s->p == 'e' || *s->p == 'E')) {
		*whole = false;
		s->p++;
		if (s->p < s->end && (*s->p == '+' || *s->p == '-'))
			s->p++;
		return digits(s) > 0;
	}
	return true;
}

/* An integer beyond 64 bits is a real. */
static struct fl_json *
read_number(struct parser *s)
{
	const char *from = s->p;
	struct fl_json *v = NULL;
	bool whole;
	char *text;
	double x;

	if (!pass_number(s, &whole))
		return wrong(s, "unexpected text");
	text = fl_strndup(from, (size_t)(s->p - from));
	errno = 0;
	if (whole)
		v = fl_json_new_int(strtoll(text, NULL, 10));
	if (!whole || errno == ERANGE) {
		fl_json_free(v);
		x = strtod(text, NULL);
		v = isfinite(x) ? fl_json_new_real(x) : wrong(s, "a number is too large");
	}
	free(text);
	return v;
}

static struct fl_json *
read_array(struct parser *s)
{
	struct fl_json *v = fl_json_new_array(), *element;

	if (take(s, ']'))
		return v;
	do {
		element = read_value(s);
		if (element)
			fl_json_push(v, element);
	} while (element && take(s, ','));
	if (element && take(s, ']'))
		return v;
	fl_json_free(v);
	return wrong(s, "',' or ']' is missing");
}

static bool
read_member(struct parser *s, struct fl_json *object)
{
	struct fl_str key = { 0 };
	struct fl_json *v = NULL;

	if (!take(s, '"'))
		wrong(s, "a name is missing");
	else if (read_str(s, &key) && strlen(key.data) != key.len)
		wrong(s, "a NUL in a name");
	else if (!s->why && fl_json_get(object, key.data))
		wrong(s, "a name comes twice");
	else if (!s->why && !take(s, ':'))
		wrong(s, "':' is missing");
	else if (!s->why)
		v = read_value(s);
	if (v)
		fl_json_set(object, key.data, v);
	fl_str_free(&key);
	return v;
}

static struct fl_json *
read_object(struct parser *s)
{
	struct fl_json *v = fl_json_new_object();
	bool good;

	if (take(s, '}'))
		return v;
	do
		good = read_member(s, v);
	while (good && take(s, ','));
	if (good && take(s, '}'))
		return v;
	fl_json_free(v);
	return wrong(s, "',' or '}' is missing");
}

static struct fl_json *
read_value(struct parser *s)
{
	struct fl_str text = { 0 };

	if (take(s, '{'))
		return read_object(s);
	if (take(s, '['))
		return read_array(s);
	if (take(s, '"')) {
		if (read_str(s, &text))
			return fl_json_new_text(&text);
		fl_str_free(&text);
		return NULL;
	}
	if (take_word(s, "true"))
		return fl_json_new_bool(true);
	if (take_word(s, "false"))
		return fl_json_new_bool(false);
	return take_word(s, "null") ? fl_json_new_null() : read_number(s);
}

struct fl_json *
fl_json_parse(const char *text, size_t len, const char *what, struct fl_err *err)
{
	struct parser s = { text, text + len, 1, NULL };
	struct fl_json *v;

	if (fl_json_check_size(text, len, what, err) < 0)
		return NULL;
	v = read_value(&s);
	skip_space(&s);
	if (v && s.p < s.end)
		wrong(&s, "text after the end");
	if (!s.why)
		return v;
	fl_json_free(v);
	fl_err_data(err, "'%s' is not valid JSON, line %zu: %s", what, s.line, s.why);
	return NULL;
}
#endif
