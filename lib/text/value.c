/* SPDX-License-Identifier: Apache-2.0 */
#include "text/value.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/num.h"
#include "text/utf8.h"

enum { DEPTH = 400, UNIT = 16 };

/* Budget ------------------------------------------------------------------------------------------ */

bool
fl_heap_spend(struct fl_heap *h, size_t units)
{
	if (units > h->left) {
		h->left = 0;
		return false;
	}
	h->left -= units;
	return true;
}

void *
fl_heap_alloc(struct fl_heap *h, size_t count, size_t size)
{
	size_t bytes;

	if (fl_size_mul(count, size, &bytes) < 0 || !fl_heap_spend(h, bytes / UNIT + 1))
		return NULL;
	return fl_arena_alloc(&h->arena, bytes + 1);
}

bool
fl_heap_enter(struct fl_heap *h)
{
	h->depth++;
	if (h->depth > DEPTH)
		h->left = 0;
	return fl_heap_spend(h, 1);
}

void
fl_heap_leave(struct fl_heap *h)
{
	h->depth--;
}

/* Text -------------------------------------------------------------------------------------------- */

bool
fl_text_is(struct fl_text t, const char *s)
{
	return t.n == strlen(s) && memcmp(t.s, s, t.n) == 0;
}

bool
fl_text_equal(struct fl_text a, struct fl_text b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.s, b.s, a.n) == 0);
}

/* Python's str.isspace() has four separators on top of Unicode's White_Space. */
const char *
fl_text_next(const char *p, const char *end, bool *space)
{
	uint32_t c;

	if (p >= end)
		return p;
	p = fl_utf8_next(p, &c);
	*space = fl_utf8_is_space(c) || (c >= 0x1c && c <= 0x1f);
	return p;
}

/* Making ------------------------------------------------------------------------------------------ */

static struct fl_value
failed(void)
{
	return (struct fl_value){ .kind = FL_VALUE_FAILED };
}

struct fl_value
fl_value_bool(bool b)
{
	return (struct fl_value){ .kind = FL_VALUE_BOOL, .i = b };
}

struct fl_value
fl_value_int(long long i)
{
	return (struct fl_value){ .kind = FL_VALUE_INT, .i = i };
}

struct fl_value
fl_value_str(const char *s, size_t n)
{
	return (struct fl_value){ .kind = FL_VALUE_STR, .str = { s, n } };
}

struct fl_value
fl_value_copy(struct fl_heap *h, const char *s, size_t n)
{
	char *copy = fl_heap_alloc(h, n, 1);

	if (!copy)
		return failed();
	if (n)
		memcpy(copy, s, n);
	return fl_value_str(copy, n);
}

struct fl_value
fl_value_list(struct fl_heap *h, size_t n)
{
	struct fl_list *l = fl_heap_alloc(h, 1, sizeof *l);

	if (!l || !(l->v = fl_heap_alloc(h, n, sizeof *l->v)))
		return failed();
	for (size_t i = 0; i < n; i++)
		l->v[i] = (struct fl_value){ .kind = FL_VALUE_UNDEFINED };
	l->n = n;
	return (struct fl_value){ .kind = FL_VALUE_LIST, .list = l };
}

struct fl_value
fl_value_map(struct fl_heap *h, enum fl_value_kind kind)
{
	struct fl_map *m = fl_heap_alloc(h, 1, sizeof *m);

	return m ? (struct fl_value){ .kind = kind, .map = m } : failed();
}

static bool
append(struct fl_heap *h, struct fl_map *m, struct fl_text key, struct fl_value v)
{
	if (m->n == m->cap) {
		size_t cap = m->cap ? 2 * m->cap : 8;
		struct fl_member *more = fl_heap_alloc(h, cap, sizeof *more);

		if (!more)
			return false;
		if (m->n)
			memcpy(more, m->m, m->n * sizeof *more);
		m->m = more;
		m->cap = cap;
	}
	m->m[m->n++] = (struct fl_member){ key, v };
	return true;
}

struct fl_value *
fl_map_get(struct fl_heap *h, const struct fl_map *m, struct fl_text key)
{
	if (!fl_heap_spend(h, m->n / 8 + 1))
		return NULL;
	for (size_t i = 0; i < m->n; i++)
		if (fl_text_equal(m->m[i].key, key))
			return &m->m[i].v;
	return NULL;
}

bool
fl_map_set(struct fl_heap *h, struct fl_map *m, struct fl_text key, struct fl_value v)
{
	struct fl_value *old = fl_map_get(h, m, key);

	if (!old)
		return append(h, m, key, v);
	*old = v;
	return true;
}

static struct fl_value
list_of_json(struct fl_heap *h, const struct fl_json *v)
{
	struct fl_value list = fl_value_list(h, fl_json_len(v));

	for (size_t i = 0; list.kind && i < fl_json_len(v); i++)
		if (!(list.list->v[i] = fl_value_of_json(h, fl_json_at(v, i))).kind)
			return failed();
	return list;
}

static struct fl_value
map_of_json(struct fl_heap *h, const struct fl_json *v)
{
	struct fl_value map = fl_value_map(h, FL_VALUE_MAP);

	for (void *it = fl_json_first(v); map.kind && it; it = fl_json_next(v, it)) {
		struct fl_value member = fl_value_of_json(h, fl_json_value(it));
		struct fl_text key = { fl_json_key(it), strlen(fl_json_key(it)) };

		if (!member.kind || !append(h, map.map, key, member))
			return failed();
	}
	return map;
}

/* Strings stay where they are: the JSON outlives the heap. Its depth is bounded. */
struct fl_value
fl_value_of_json(struct fl_heap *h, const struct fl_json *v)
{
	switch (fl_json_type(v)) {
	case FL_JSON_NONE: return (struct fl_value){ .kind = FL_VALUE_UNDEFINED };
	case FL_JSON_NULL: return (struct fl_value){ .kind = FL_VALUE_NONE };
	case FL_JSON_BOOL: return fl_value_bool(fl_json_bool(v, false));
	case FL_JSON_INT: return fl_value_int(fl_json_int(v, 0));
	case FL_JSON_REAL: return (struct fl_value){ .kind = FL_VALUE_REAL, .x = fl_json_real(v, 0) };
	case FL_JSON_STR: return fl_value_str(fl_json_str(v), fl_json_str_len(v));
	case FL_JSON_ARRAY: return list_of_json(h, v);
	case FL_JSON_OBJECT: return map_of_json(h, v);
	}
	return failed();
}

/* Asking ------------------------------------------------------------------------------------------ */

const char *
fl_value_name(enum fl_value_kind kind)
{
	static const char *const names[] = { "nothing", "an undefined value", "none", "a boolean",
		"an integer", "a real number", "a string", "a list", "a dict", "a namespace", "a macro" };

	return names[kind];
}

bool
fl_value_true(struct fl_value v)
{
	switch (v.kind) {
	case FL_VALUE_FAILED:
	case FL_VALUE_UNDEFINED:
	case FL_VALUE_NONE: return false;
	case FL_VALUE_BOOL:
	case FL_VALUE_INT: return v.i != 0;
	case FL_VALUE_REAL: return v.x != 0;
	case FL_VALUE_STR: return v.str.n > 0;
	case FL_VALUE_LIST: return v.list->n > 0;
	case FL_VALUE_MAP: return v.map->n > 0;
	case FL_VALUE_NAMESPACE:
	case FL_VALUE_MACRO: return true;
	}
	return false;
}

bool
fl_value_is_number(struct fl_value v)
{
	return v.kind == FL_VALUE_BOOL || v.kind == FL_VALUE_INT || v.kind == FL_VALUE_REAL;
}

double
fl_value_real(struct fl_value v)
{
	return v.kind == FL_VALUE_REAL ? v.x : (double)v.i;
}

static bool
equal_lists(struct fl_heap *h, const struct fl_list *a, const struct fl_list *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (!fl_value_equal(h, a->v[i], b->v[i]))
			return false;
	return true;
}

static bool
equal_maps(struct fl_heap *h, const struct fl_map *a, const struct fl_map *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		const struct fl_value *other = fl_map_get(h, b, a->m[i].key);

		if (!other || !fl_value_equal(h, a->m[i].v, *other))
			return false;
	}
	return true;
}

bool
fl_value_equal(struct fl_heap *h, struct fl_value a, struct fl_value b)
{
	bool equal = false;

	if (fl_value_is_number(a) && fl_value_is_number(b))
		return a.kind == FL_VALUE_REAL || b.kind == FL_VALUE_REAL ?
		    fl_value_real(a) == fl_value_real(b) : a.i == b.i;
	if (a.kind != b.kind)
		return false;
	if (fl_heap_enter(h)) {
		if (a.kind == FL_VALUE_STR)
			equal = fl_heap_spend(h, a.str.n / UNIT) && fl_text_equal(a.str, b.str);
		else if (a.kind == FL_VALUE_LIST)
			equal = equal_lists(h, a.list, b.list);
		else if (a.kind == FL_VALUE_MAP)
			equal = equal_maps(h, a.map, b.map);
		else
			equal = a.kind <= FL_VALUE_NONE || a.map == b.map;
	}
	fl_heap_leave(h);
	return equal;
}

static size_t
characters(struct fl_text t)
{
	size_t n = 0;

	for (size_t i = 0; i < t.n; i++)
		n += ((unsigned char)t.s[i] & 0xc0) != 0x80;
	return n;
}

size_t
fl_value_length(struct fl_value v)
{
	return v.kind == FL_VALUE_STR ? characters(v.str) : v.kind == FL_VALUE_LIST ? v.list->n :
	    v.kind == FL_VALUE_MAP ? v.map->n : 0;
}

struct fl_list *
fl_value_items(struct fl_heap *h, struct fl_value v)
{
	const char *p = v.str.s;
	struct fl_value list;

	if (v.kind == FL_VALUE_LIST)
		return v.list;
	if (v.kind != FL_VALUE_STR && v.kind != FL_VALUE_MAP && v.kind != FL_VALUE_UNDEFINED)
		return NULL;
	list = fl_value_list(h, fl_value_length(v));
	if (!list.kind)
		return NULL;
	for (size_t i = 0; i < list.list->n; i++)
		if (v.kind == FL_VALUE_MAP) {
			list.list->v[i] = fl_value_str(v.map->m[i].key.s, v.map->m[i].key.n);
		} else {
			uint32_t c;
			const char *next = fl_utf8_next(p, &c);

			list.list->v[i] = fl_value_str(p, (size_t)(next - p));
			p = next;
		}
	return list.list;
}

/* Writing ----------------------------------------------------------------------------------------- */

/* "1.0", "0.1", "1e+16": Python's repr(). */
static void
real_text(char buf[FL_NUM_LEN + 2], double x)
{
	size_t n = strlen(fl_num_format(buf, x));

	if (!strpbrk(buf, ".en"))
		memcpy(buf + n, ".0", 3);
}

struct fl_value
fl_value_text(struct fl_heap *h, struct fl_value v)
{
	char buf[FL_NUM_LEN + 2];

	switch (v.kind) {
	case FL_VALUE_STR: return v;
	case FL_VALUE_UNDEFINED: return fl_value_str("", 0);
	case FL_VALUE_NONE: return fl_value_str("None", 4);
	case FL_VALUE_BOOL: return v.i ? fl_value_str("True", 4) : fl_value_str("False", 5);
	case FL_VALUE_INT: return fl_value_copy(h, buf, (size_t)snprintf(buf, sizeof buf, "%lld", v.i));
	case FL_VALUE_REAL: real_text(buf, v.x); return fl_value_copy(h, buf, strlen(buf));
	default: return failed();
	}
}

static void
json_string(struct fl_str *out, struct fl_text t)
{
	static const char plain[] = "\"\\\n\r\t\f\b", escaped[] = "\"\\nrtfb";

	fl_str_putc(out, '"');
	for (size_t i = 0; i < t.n; i++) {
		const char *hit = t.s[i] ? strchr(plain, t.s[i]) : NULL;

		if (hit)
			fl_str_printf(out, "\\%c", escaped[hit - plain]);
		else if ((unsigned char)t.s[i] < ' ')
			fl_str_printf(out, "\\u%04x", (unsigned)t.s[i]);
		else
			fl_str_putc(out, t.s[i]);
	}
	fl_str_putc(out, '"');
}

/* What stands before member i of n, and with i == n before the closing bracket. */
static void
json_gap(struct fl_str *out, size_t i, size_t n, int indent, int level)
{
	if (i > 0 && i < n)
		fl_str_puts(out, indent < 0 ? ", " : ",");
	if (indent >= 0 && n > 0)
		fl_str_printf(out, "\n%*s", indent * (i < n ? level + 1 : level), "");
}

static int json(struct fl_heap *h, struct fl_value v, int indent, int level, struct fl_str *out);

static int
json_members(struct fl_heap *h, struct fl_value v, int indent, int level, struct fl_str *out)
{
	bool map = v.kind == FL_VALUE_MAP;
	size_t n = map ? v.map->n : v.list->n;

	fl_str_putc(out, map ? '{' : '[');
	for (size_t i = 0; i < n; i++) {
		json_gap(out, i, n, indent, level);
		if (map) {
			json_string(out, v.map->m[i].key);
			fl_str_puts(out, ": ");
		}
		if (json(h, map ? v.map->m[i].v : v.list->v[i], indent, level + 1, out) < 0)
			return -1;
	}
	json_gap(out, n, n, indent, level);
	fl_str_putc(out, map ? '}' : ']');
	return 0;
}

static int
json(struct fl_heap *h, struct fl_value v, int indent, int level, struct fl_str *out)
{
	size_t before = out->len;
	struct fl_value text;
	int rc = 0;

	if (!fl_heap_enter(h)) {
		rc = -1;
	} else if (v.kind == FL_VALUE_STR) {
		json_string(out, v.str);
	} else if (v.kind == FL_VALUE_LIST || v.kind == FL_VALUE_MAP) {
		rc = json_members(h, v, indent, level, out);
	} else if (v.kind == FL_VALUE_BOOL || v.kind == FL_VALUE_NONE) {
		fl_str_puts(out, v.kind == FL_VALUE_NONE ? "null" : v.i ? "true" : "false");
	} else if (v.kind == FL_VALUE_INT || v.kind == FL_VALUE_REAL) {
		text = fl_value_text(h, v);
		fl_str_add(out, text.str.s, text.kind ? text.str.n : 0);
	} else {
		rc = -1;
	}
	fl_heap_leave(h);
	return fl_heap_spend(h, (out->len - before) / UNIT) ? rc : -1;
}

int
fl_value_json(struct fl_heap *h, struct fl_value v, int indent, struct fl_str *out)
{
	return json(h, v, indent, 0, out);
}
