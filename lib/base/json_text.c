/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json_text.h"

#include <string.h>

#include "base/json.h"
#include "base/num.h"

/* A tokenizer.json with half a million merges, each a pair, is the largest that is common. */
enum { DEPTH = 64, MAX_VALUES = 1 << 22, MAX_CONTAINERS = 1 << 20 };

size_t
fl_json_string_end(const char *text, size_t len, size_t i)
{
	for (i++; i < len && text[i] != '"'; i++)
		if (text[i] == '\\')
			i++;
	return i;
}

/* jansson recurses 2048 levels, and our own walks recurse too; it needs some 200 bytes for the two of an empty
 * object. */
int
fl_json_check_size(const char *text, size_t len, const char *what, struct fl_err *err)
{
	size_t depth = 0, values = 1, containers = 0;

	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (c == '"')
			i = fl_json_string_end(text, len, i);
		else if (c == ',')
			values++;
		else if (c == '[' || c == '{')
			containers++, depth++;
		else if ((c == ']' || c == '}') && depth > 0)
			depth--;
		if (depth > DEPTH)
			return fl_err_data(err, "'%s' nests deeper than %d levels", what, DEPTH);
	}
	if (values > MAX_VALUES || containers > MAX_CONTAINERS)
		return fl_err_data(err, "'%s' has too many values", what);
	return 0;
}

static void
write_str(struct fl_str *out, const char *s, size_t len)
{
	fl_str_putc(out, '"');
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c == '"' || c == '\\')
			fl_str_printf(out, "\\%c", c);
		else if (c == '\n')
			fl_str_puts(out, "\\n");
		else if (c == '\t')
			fl_str_puts(out, "\\t");
		else if (c < ' ' || c == 127)
			fl_str_printf(out, "\\u%04x", c);
		else
			fl_str_putc(out, (char)c);
	}
	fl_str_putc(out, '"');
}

static void
write_real(struct fl_str *out, double x)
{
	char buf[FL_NUM_LEN];

	fl_str_puts(out, fl_num_format(buf, x));
	if (!strpbrk(buf, ".en"))
		fl_str_puts(out, ".0");
}

static void
newline(struct fl_str *out, int indent, int level)
{
	if (indent)
		fl_str_printf(out, "\n%*s", indent * level, "");
}

static void
write_value(struct fl_str *out, const struct fl_json *v, int indent, int level)
{
	size_t n = 0;

	switch (fl_json_type(v)) {
	case FL_JSON_NONE:
	case FL_JSON_NULL: fl_str_puts(out, "null"); return;
	case FL_JSON_BOOL: fl_str_puts(out, fl_json_bool(v, false) ? "true" : "false"); return;
	case FL_JSON_INT: fl_str_printf(out, "%lld", fl_json_int(v, 0)); return;
	case FL_JSON_REAL: write_real(out, fl_json_real(v, 0)); return;
	case FL_JSON_STR: write_str(out, fl_json_str(v), fl_json_str_len(v)); return;
	case FL_JSON_ARRAY:
		fl_str_putc(out, '[');
		for (; n < fl_json_len(v); n++) {
			if (n)
				fl_str_putc(out, ',');
			newline(out, indent, level + 1);
			write_value(out, fl_json_at(v, n), indent, level + 1);
		}
		if (n)
			newline(out, indent, level);
		fl_str_putc(out, ']');
		return;
	case FL_JSON_OBJECT:
		fl_str_putc(out, '{');
		for (void *it = fl_json_first(v); it; it = fl_json_next(v, it)) {
			if (n++)
				fl_str_putc(out, ',');
			newline(out, indent, level + 1);
			write_str(out, fl_json_key(it), strlen(fl_json_key(it)));
			fl_str_puts(out, indent ? ": " : ":");
			write_value(out, fl_json_value(it), indent, level + 1);
		}
		if (n)
			newline(out, indent, level);
		fl_str_putc(out, '}');
		return;
	}
}

void
fl_json_write(struct fl_str *out, const struct fl_json *v, int indent)
{
	write_value(out, v, indent, 0);
}

size_t
fl_json_sequence(const char *p, size_t n)
{
	const unsigned char *u = (const unsigned char *)p;
	size_t more = u[0] < 0x80 ? 0 : u[0] >= 0xc2 && u[0] < 0xe0 ? 1 : u[0] >= 0xe0 && u[0] < 0xf0 ? 2 :
	    u[0] >= 0xf0 && u[0] < 0xf5 ? 3 : 9;

	if (more >= n)
		return 0;
	for (size_t i = 1; i <= more; i++)
		if ((u[i] & 0xc0) != 0x80)
			return 0;
	if ((u[0] == 0xe0 && u[1] < 0xa0) || (u[0] == 0xed && u[1] >= 0xa0) || (u[0] == 0xf0 && u[1] < 0x90) ||
	    (u[0] == 0xf4 && u[1] >= 0x90))
		return 0;
	return more + 1;
}
