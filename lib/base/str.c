/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

static void
reserve(struct fl_str *s, size_t more)
{
	s->data = fl_grow(s->data, &s->cap, s->len + more + 1, 1);
}

void
fl_str_add(struct fl_str *s, const void *bytes, size_t n)
{
	reserve(s, n);
	if (n)
		memcpy(s->data + s->len, bytes, n);
	s->len += n;
	s->data[s->len] = '\0';
}

void
fl_str_puts(struct fl_str *s, const char *text)
{
	fl_str_add(s, text, strlen(text));
}

void
fl_str_putc(struct fl_str *s, char c)
{
	fl_str_add(s, &c, 1);
}

void
fl_str_printf(struct fl_str *s, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		fl_bug("bad format '%s'", fmt);
	reserve(s, (size_t)n);
	va_start(ap, fmt);
	vsnprintf(s->data + s->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	s->len += (size_t)n;
}

void
fl_str_clear(struct fl_str *s)
{
	s->len = 0;
	if (s->data)
		s->data[0] = '\0';
}

char *
fl_str_steal(struct fl_str *s)
{
	char *p;

	reserve(s, 0);
	s->data[s->len] = '\0';
	p = s->data;
	*s = (struct fl_str){ 0 };
	return p;
}

void
fl_str_free(struct fl_str *s)
{
	free(s->data);
	*s = (struct fl_str){ 0 };
}

bool
fl_str_begins(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool
fl_str_ends(const char *s, const char *suffix)
{
	size_t n = strlen(s), k = strlen(suffix);

	return n >= k && strcmp(s + n - k, suffix) == 0;
}

/* How many bytes of a character at p that does something to a terminal or to the order of what stands beside it: control
 * characters, also those of C1, marks and overrides of direction, separators of lines and paragraphs. 0: it does not. */
static size_t
controls(const unsigned char *p)
{
	if (*p < ' ' || *p == 127)
		return 1;
	if (*p == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f)
		return 2;
	if (*p == 0xd8 && p[1] == 0x9c)
		return 2;
	if (*p != 0xe2 || (p[1] != 0x80 && p[1] != 0x81))
		return 0;
	if (p[1] == 0x80 ? p[2] == 0x8e || p[2] == 0x8f || (p[2] >= 0xa8 && p[2] <= 0xae) : p[2] >= 0xa6 && p[2] <= 0xa9)
		return 3;
	return 0;
}

void
fl_str_one_line(char *text)
{
	char *to = text;

	for (const char *p = text; *p;) {
		size_t n = controls((const unsigned char *)p);

		*to++ = n ? '?' : *p;
		p += n ? n : 1;
	}
	*to = '\0';
}

bool
fl_is_dash(const char *path)
{
	return path && strcmp(path, "-") == 0;
}

const char *
fl_input_name(const char *path)
{
	return path && !fl_is_dash(path) ? path : "standard input";
}

char *
fl_slurp(const char *path, size_t limit, size_t *len, struct fl_err *err)
{
	bool in = fl_is_dash(path);
	const char *name = fl_input_name(path);
	FILE *f = in ? stdin : fopen(path, "rb");
	struct fl_str s = { 0 };
	char *text = NULL;
	size_t n;

	if (!f) {
		fl_err_sys(err, "cannot open '%s'", name);
		return NULL;
	}
	do {
		reserve(&s, 65536);
		n = fread(s.data + s.len, 1, 65536, f);
		s.len += n;
	} while (n > 0 && s.len <= limit);
	if (ferror(f)) {
		fl_err_sys(err, "cannot read '%s'", name);
	} else if (s.len > limit) {
		fl_err_data(err, "'%s' is larger than %zu bytes", name, limit);
	} else {
		*len = s.len;
		text = fl_str_steal(&s);
	}
	fl_str_free(&s);
	if (!in)
		fclose(f);
	return text;
}
