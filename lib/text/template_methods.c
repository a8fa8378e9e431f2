/* SPDX-License-Identifier: Apache-2.0 */
/* template_methods.c -- methods of strings and dicts, as Python has them. */
#include <string.h>

#include "text/template_impl.h"

static struct fl_value
failed(void)
{
	return (struct fl_value){ .kind = FL_VALUE_FAILED };
}

/* Strings ----------------------------------------------------------------------------------------- */

/* Is the character p..next one of those to be stripped? */
static bool
strips(const char *p, const char *next, bool space, const struct fl_value *chars)
{
	return chars ? memmem(chars->str.s, chars->str.n, p, (size_t)(next - p)) != NULL : space;
}

struct fl_value
fl_template_strip(struct fl_text t, const struct fl_value *chars, int sides)
{
	const char *from = t.s, *end = t.s + t.n, *to = end, *next;
	bool space = false, leading = sides & FL_STRIP_LEFT;

	if (chars && chars->kind != FL_VALUE_STR)
		chars = NULL; /* none means spaces */
	if (sides & FL_STRIP_RIGHT)
		to = from;
	for (const char *p = from; p < end; p = next) {
		next = fl_text_next(p, end, &space);
		if (strips(p, next, space, chars)) {
			from = leading ? next : from;
			continue;
		}
		leading = false;
		to = sides & FL_STRIP_RIGHT ? next : to;
	}
	return fl_value_str(from, to > from ? (size_t)(to - from) : 0);
}

static bool
need_string(struct fl_run *r, const struct fl_node *at, const struct fl_value *v)
{
	return !v || v->kind == FL_VALUE_STR ||
	    fl_template_fail(r, at, "%s where a string is wanted", fl_value_name(v->kind)).kind;
}

/* Python counts an empty string before each character; nobody means that here. */
static const char *
find(struct fl_text t, size_t from, struct fl_text what)
{
	return what.n == 0 ? NULL : memmem(t.s + from, t.n - from, what.s, what.n);
}

struct fl_value
fl_template_replace(struct fl_run *r, const struct fl_node *at, struct fl_text t,
    const struct fl_value *const *arg)
{
	long long left = arg[2] && arg[2]->kind == FL_VALUE_INT && arg[2]->i >= 0 ? arg[2]->i : (long long)t.n;
	struct fl_str out = { 0 };
	struct fl_value v = failed();
	const char *hit;
	size_t i = 0;

	if (!need_string(r, at, arg[0]) || !need_string(r, at, arg[1]))
		return v;
	if (arg[0]->str.n == 0)
		return fl_template_fail(r, at, "unsupported: an empty string is replaced");
	while (left-- > 0 && (hit = find(t, i, arg[0]->str))) {
		fl_str_add(&out, t.s + i, (size_t)(hit - t.s) - i);
		fl_str_add(&out, arg[1]->str.s, arg[1]->str.n);
		i = (size_t)(hit - t.s) + arg[0]->str.n;
		if (!fl_heap_spend(&r->heap, arg[1]->str.n / 16 + 1))
			goto out;
	}
	fl_str_add(&out, t.s + i, t.n - i);
	v = fl_value_copy(&r->heap, out.data, out.len);
out:
	fl_str_free(&out);
	return v;
}

static char
ascii_case(char c, bool upper)
{
	char from = upper ? 'a' : 'A', to = upper ? 'A' : 'a';

	return c >= from && c < from + 26 ? (char)(c - from + to) : c;
}

/* Letters beyond ASCII have rules that nobody's template needs. */
struct fl_value
fl_template_case(struct fl_run *r, const struct fl_node *at, struct fl_text t, enum fl_case to)
{
	struct fl_value v = fl_value_copy(&r->heap, t.s, t.n);
	bool begins = true; /* a word does */
	char *s = (char *)(v.kind ? v.str.s : NULL);

	for (size_t i = 0; s && i < t.n; i++) {
		if ((unsigned char)s[i] >= 128)
			return fl_template_fail(r, at, "unsupported: the case of text that is not ASCII");
		s[i] = ascii_case(s[i], to == FL_CASE_UPPER || (to != FL_CASE_LOWER && begins));
		begins = to == FL_CASE_TITLE && ascii_case(s[i], true) == ascii_case(s[i], false);
	}
	return v;
}

#define METHOD(NAME) \
	static struct fl_value \
	NAME(struct fl_run *r, const struct fl_node *at, struct fl_value v, \
	    const struct fl_value *const *arg)

METHOD(strip)
{
	return need_string(r, at, arg[0]) ? fl_template_strip(v.str, arg[0], FL_STRIP_LEFT | FL_STRIP_RIGHT) :
	    failed();
}

METHOD(lstrip)
{
	return need_string(r, at, arg[0]) ? fl_template_strip(v.str, arg[0], FL_STRIP_LEFT) : failed();
}

METHOD(rstrip)
{
	return need_string(r, at, arg[0]) ? fl_template_strip(v.str, arg[0], FL_STRIP_RIGHT) : failed();
}

METHOD(startswith)
{
	if (!need_string(r, at, arg[0]))
		return failed();
	return fl_value_bool(v.str.n >= arg[0]->str.n && memcmp(v.str.s, arg[0]->str.s, arg[0]->str.n) == 0);
}

METHOD(endswith)
{
	if (!need_string(r, at, arg[0]))
		return failed();
	return fl_value_bool(v.str.n >= arg[0]->str.n &&
	    memcmp(v.str.s + v.str.n - arg[0]->str.n, arg[0]->str.s, arg[0]->str.n) == 0);
}

METHOD(replace)
{
	return fl_template_replace(r, at, v.str, arg);
}

METHOD(upper)
{
	(void)arg;
	return fl_template_case(r, at, v.str, FL_CASE_UPPER);
}

METHOD(lower)
{
	(void)arg;
	return fl_template_case(r, at, v.str, FL_CASE_LOWER);
}

METHOD(title)
{
	(void)arg;
	return fl_template_case(r, at, v.str, FL_CASE_TITLE);
}

METHOD(capitalize)
{
	(void)arg;
	return fl_template_case(r, at, v.str, FL_CASE_CAPITAL);
}

static bool
push(struct fl_run *r, struct fl_list *l, size_t *cap, const char *s, size_t n)
{
	if (l->n == *cap) {
		struct fl_value more = fl_value_list(&r->heap, *cap = 2 * *cap + 8);

		if (!more.kind)
			return false;
		if (l->n)
			memcpy(more.list->v, l->v, l->n * sizeof *l->v);
		l->v = more.list->v;
	}
	l->v[l->n++] = fl_value_str(s, n);
	return true;
}

/* At runs of spaces; none at the ends. */
static bool
split_spaces(struct fl_run *r, struct fl_list *l, struct fl_text t)
{
	const char *word = NULL, *end = t.s + t.n, *next;
	size_t cap = 0;
	bool space = false;

	for (const char *p = t.s; p < end; p = next) {
		next = fl_text_next(p, end, &space);
		if (!space && !word)
			word = p;
		if (space && word && !push(r, l, &cap, word, (size_t)(p - word)))
			return false;
		word = space ? NULL : word;
	}
	return !word || push(r, l, &cap, word, (size_t)(end - word));
}

METHOD(split)
{
	long long left = arg[1] && arg[1]->kind == FL_VALUE_INT && arg[1]->i >= 0 ? arg[1]->i : (long long)v.str.n;
	struct fl_value parts = fl_value_list(&r->heap, 0);
	struct fl_text t = v.str;
	size_t cap = 0, i = 0;
	const char *hit;

	if (!parts.kind)
		return parts;
	if (!arg[0] || arg[0]->kind == FL_VALUE_NONE) {
		if (arg[1])
			return fl_template_fail(r, at, "unsupported: split() with a count and no separator");
		return split_spaces(r, parts.list, t) ? parts : failed();
	}
	if (!need_string(r, at, arg[0]))
		return failed();
	if (arg[0]->str.n == 0)
		return fl_template_fail(r, at, "an empty separator");
	for (; left-- > 0 && (hit = find(t, i, arg[0]->str)); i = (size_t)(hit - t.s) + arg[0]->str.n)
		if (!push(r, parts.list, &cap, t.s + i, (size_t)(hit - t.s) - i))
			return failed();
	return push(r, parts.list, &cap, t.s + i, t.n - i) ? parts : failed();
}

static const struct fl_builtin of_strings[] = {
	{ "strip", "chars", 0, strip },
	{ "lstrip", "chars", 0, lstrip },
	{ "rstrip", "chars", 0, rstrip },
	{ "startswith", "prefix", 1, startswith },
	{ "endswith", "suffix", 1, endswith },
	{ "replace", "old new count", 2, replace },
	{ "split", "sep maxsplit", 0, split },
	{ "upper", "", 0, upper },
	{ "lower", "", 0, lower },
	{ "title", "", 0, title },
	{ "capitalize", "", 0, capitalize },
	{ 0 },
};

/* Dicts ------------------------------------------------------------------------------------------- */

METHOD(get)
{
	const struct fl_value *member;

	if (!need_string(r, at, arg[0]))
		return failed();
	member = fl_map_get(&r->heap, v.map, arg[0]->str);
	return member ? *member : arg[1] ? *arg[1] : (struct fl_value){ .kind = FL_VALUE_NONE };
}

METHOD(keys)
{
	struct fl_list *l = fl_value_items(&r->heap, v);

	(void)at, (void)arg;
	return (struct fl_value){ .kind = l ? FL_VALUE_LIST : FL_VALUE_FAILED, .list = l };
}

METHOD(values)
{
	struct fl_value all = fl_value_list(&r->heap, v.map->n);

	(void)at, (void)arg;
	for (size_t i = 0; all.kind && i < v.map->n; i++)
		all.list->v[i] = v.map->m[i].v;
	return all;
}

METHOD(items)
{
	struct fl_value all = fl_value_list(&r->heap, v.map->n);

	(void)at, (void)arg;
	for (size_t i = 0; all.kind && i < v.map->n; i++) {
		struct fl_value pair = fl_value_list(&r->heap, 2);

		if (!pair.kind)
			return pair;
		pair.list->v[0] = fl_value_str(v.map->m[i].key.s, v.map->m[i].key.n);
		pair.list->v[1] = v.map->m[i].v;
		all.list->v[i] = pair;
	}
	return all;
}

static const struct fl_builtin of_dicts[] = {
	{ "get", "key default", 1, get },
	{ "keys", "", 0, keys },
	{ "values", "", 0, values },
	{ "items", "", 0, items },
	{ 0 },
};

struct fl_value
fl_template_method(struct fl_run *r, const struct fl_node *at, struct fl_value self, struct fl_text name)
{
	static const struct fl_builtin nothing[] = { { 0 } };
	char what[64] = "method of ";

	strncat(what, fl_value_name(self.kind), sizeof what - strlen(what) - 1);
	return fl_template_builtin(r, at, what, self.kind == FL_VALUE_STR ? of_strings :
	    self.kind == FL_VALUE_MAP ? of_dicts : nothing, name, self);
}
