/* SPDX-License-Identifier: Apache-2.0 */
/* template_filters.c -- what stands behind | and behind `is`. */
#include <string.h>

#include "text/template_impl.h"

/* Calling ----------------------------------------------------------------------------------------- */

/* The place of a parameter in a list of names; -1: it is not there. An empty name is the place-th. */
static int
place_of(const char *params, struct fl_text name, int place)
{
	for (int i = 0; *params; i++) {
		size_t n = strcspn(params, " ");

		if (name.n ? fl_text_equal(name, (struct fl_text){ params, n }) : i == place)
			return i;
		params += n + (params[n] == ' ');
	}
	return -1;
}

static const struct fl_builtin *
find(const struct fl_builtin *table, struct fl_text name)
{
	while (table->name && !fl_text_is(name, table->name))
		table++;
	return table->name ? table : NULL;
}

static struct fl_value
unsupported(struct fl_run *r, const struct fl_node *at, const char *what, struct fl_text name)
{
	return fl_template_fail(r, at, "unsupported %s '%.*s'", what, (int)name.n, name.s);
}

/* With arguments that are values already: arg[0 .. FL_TEMPLATE_ARGS). */
static struct fl_value
call_with(struct fl_run *r, const struct fl_node *at, const char *what,
    const struct fl_builtin *table, struct fl_text name, struct fl_value self,
    const struct fl_value *const *arg)
{
	const struct fl_builtin *b = find(table, name);

	if (!b)
		return unsupported(r, at, what, name);
	for (size_t i = 0; i < b->required; i++)
		if (!arg[i])
			return fl_template_fail(r, at, "%s '%s' wants %zu arguments", what, b->name, b->required);
	return b->run(r, at, self, arg);
}

struct fl_value
fl_template_builtin(struct fl_run *r, const struct fl_node *at, const char *what,
    const struct fl_builtin *table, struct fl_text name, struct fl_value self)
{
	const struct fl_builtin *b = find(table, name);
	const struct fl_value *arg[FL_TEMPLATE_ARGS] = { 0 };
	struct fl_value v[FL_TEMPLATE_ARGS];
	int n = 0;

	for (const struct fl_node *a = at->list; b && a; a = a->next, n++) {
		int place = place_of(b->params, a->name, n);

		if (place < 0 || arg[place])
			return fl_template_fail(r, at, "unsupported argument %d '%.*s' of %s '%s'", n + 1,
			    (int)a->name.n, a->name.n ? a->name.s : "", what, b->name);
		v[place] = fl_template_eval(r, a->a);
		if (!v[place].kind)
			return v[place];
		arg[place] = &v[place];
	}
	return call_with(r, at, what, table, name, self, arg);
}

/* Tests ------------------------------------------------------------------------------------------- */

#define TEST(NAME, CONDITION) \
	static struct fl_value \
	is_##NAME(struct fl_run *r, const struct fl_node *at, struct fl_value v, \
	    const struct fl_value *const *arg) \
	{ \
		(void)r, (void)at, (void)arg; \
		return fl_value_bool(CONDITION); \
	}

TEST(defined, v.kind != FL_VALUE_UNDEFINED)
TEST(undefined, v.kind == FL_VALUE_UNDEFINED)
TEST(none, v.kind == FL_VALUE_NONE)
TEST(true, v.kind == FL_VALUE_BOOL && v.i)
TEST(false, v.kind == FL_VALUE_BOOL && !v.i)
TEST(boolean, v.kind == FL_VALUE_BOOL)
TEST(integer, v.kind == FL_VALUE_INT)
TEST(float, v.kind == FL_VALUE_REAL)
TEST(number, fl_value_is_number(v))
TEST(string, v.kind == FL_VALUE_STR)
TEST(mapping, v.kind == FL_VALUE_MAP)
TEST(sequence, v.kind == FL_VALUE_STR || v.kind == FL_VALUE_LIST || v.kind == FL_VALUE_MAP ||
    v.kind == FL_VALUE_UNDEFINED)
TEST(odd, v.kind == FL_VALUE_INT && v.i % 2 != 0)
TEST(even, v.kind == FL_VALUE_INT && v.i % 2 == 0)
TEST(equal, fl_value_equal(&r->heap, v, *arg[0]))
TEST(unequal, !fl_value_equal(&r->heap, v, *arg[0]))

static struct fl_value
is_in(struct fl_run *r, const struct fl_node *at, struct fl_value v, const struct fl_value *const *arg)
{
	const struct fl_list *l = fl_value_items(&r->heap, *arg[0]);
	bool in = false;

	if (!l || arg[0]->kind == FL_VALUE_STR)
		return fl_template_fail(r, at, "unsupported: test 'in' of %s", fl_value_name(arg[0]->kind));
	for (size_t i = 0; i < l->n && !in; i++)
		in = fl_value_equal(&r->heap, v, l->v[i]);
	return fl_value_bool(in);
}

static const struct fl_builtin tests[] = {
	{ "defined", "", 0, is_defined },   { "undefined", "", 0, is_undefined },
	{ "none", "", 0, is_none },	    { "true", "", 0, is_true },
	{ "false", "", 0, is_false },	    { "boolean", "", 0, is_boolean },
	{ "integer", "", 0, is_integer },   { "float", "", 0, is_float },
	{ "number", "", 0, is_number },	    { "string", "", 0, is_string },
	{ "mapping", "", 0, is_mapping },   { "sequence", "", 0, is_sequence },
	{ "iterable", "", 0, is_sequence }, { "odd", "", 0, is_odd },
	{ "even", "", 0, is_even },	    { "equalto", "other", 1, is_equal },
	{ "eq", "other", 1, is_equal },	    { "==", "other", 1, is_equal },
	{ "ne", "other", 1, is_unequal },   { "!=", "other", 1, is_unequal },
	{ "in", "seq", 1, is_in },	    { 0 },
};

struct fl_value
fl_template_test(struct fl_run *r, const struct fl_node *at, struct fl_value self)
{
	return fl_template_builtin(r, at, "test", tests, at->name, self);
}

/* Filters ----------------------------------------------------------------------------------------- */

#define FILTER(NAME) \
	static struct fl_value \
	NAME(struct fl_run *r, const struct fl_node *at, struct fl_value v, \
	    const struct fl_value *const *arg)

static struct fl_value filter_by_name(struct fl_run *r, const struct fl_node *at, struct fl_text name,
    struct fl_value v);

static struct fl_value
text_of(struct fl_run *r, const struct fl_node *at, struct fl_value v)
{
	return fl_template_text(r, at, v);
}

/* Its elements, or an error that says what v is. */
static struct fl_list *
list_of(struct fl_run *r, const struct fl_node *at, struct fl_value v)
{
	struct fl_list *l = fl_value_items(&r->heap, v);

	if (!l)
		fl_template_fail(r, at, "%s has no elements", fl_value_name(v.kind));
	return l;
}

/* The same for filters that take anything false as nothing. */
static struct fl_list *
list_or_none(struct fl_run *r, const struct fl_node *at, struct fl_value v)
{
	return list_of(r, at, fl_value_true(v) ? v : (struct fl_value){ .kind = FL_VALUE_UNDEFINED });
}

static struct fl_value
as_list(struct fl_list *l)
{
	return (struct fl_value){ .kind = l ? FL_VALUE_LIST : FL_VALUE_FAILED, .list = l };
}

FILTER(trim)
{
	v = text_of(r, at, v);
	return v.kind ? fl_template_strip(v.str, arg[0], FL_STRIP_LEFT | FL_STRIP_RIGHT) : v;
}

FILTER(length)
{
	(void)arg;
	return list_of(r, at, v) ? fl_value_int((long long)fl_value_length(v)) :
	    (struct fl_value){ .kind = FL_VALUE_FAILED };
}

FILTER(tojson)
{
	struct fl_str out = { 0 };
	struct fl_value text = { .kind = FL_VALUE_FAILED };
	int indent = -1;

	if (arg[0] && fl_value_true(*arg[0]))
		return fl_template_fail(r, at, "unsupported: tojson(ensure_ascii=true)");
	if (arg[1] && arg[1]->kind == FL_VALUE_INT && arg[1]->i >= 0 && arg[1]->i <= 16)
		indent = (int)arg[1]->i;
	else if (arg[1] && arg[1]->kind != FL_VALUE_NONE)
		return fl_template_fail(r, at, "unsupported indent of tojson");
	if (fl_value_json(&r->heap, v, indent, &out) == 0)
		text = fl_value_copy(&r->heap, out.data, out.len);
	else
		fl_template_fail(r, at, "%s, or something in it, has no JSON", fl_value_name(v.kind));
	fl_str_free(&out);
	return text;
}

FILTER(default_)
{
	(void)r, (void)at;
	if (v.kind == FL_VALUE_UNDEFINED || (arg[1] && fl_value_true(*arg[1]) && !fl_value_true(v)))
		return arg[0] ? *arg[0] : fl_value_str("", 0);
	return v;
}

static struct fl_value
to_case(struct fl_run *r, const struct fl_node *at, struct fl_value v, enum fl_case to)
{
	v = text_of(r, at, v);
	return v.kind ? fl_template_case(r, at, v.str, to) : v;
}

FILTER(upper)
{
	(void)arg;
	return to_case(r, at, v, FL_CASE_UPPER);
}

FILTER(lower)
{
	(void)arg;
	return to_case(r, at, v, FL_CASE_LOWER);
}

FILTER(capitalize)
{
	(void)arg;
	return to_case(r, at, v, FL_CASE_CAPITAL);
}

FILTER(string)
{
	(void)arg;
	return text_of(r, at, v);
}

FILTER(join)
{
	struct fl_list *l = list_of(r, at, v);
	struct fl_value text = { .kind = FL_VALUE_FAILED }, part;
	struct fl_value between = arg[0] ? text_of(r, at, *arg[0]) : fl_value_str("", 0);
	struct fl_str out = { 0 };

	if (arg[1] && arg[1]->kind != FL_VALUE_STR)
		return fl_template_fail(r, at, "unsupported attribute of join");
	for (size_t i = 0; l && between.kind && i < l->n; i++) {
		part = arg[1] ? fl_template_member(r, at, l->v[i], arg[1]->str) : l->v[i];
		part = part.kind ? text_of(r, at, part) : part;
		if (!part.kind || !fl_heap_spend(&r->heap, (part.str.n + between.str.n) / 16 + 1)) {
			l = NULL;
			break;
		}
		fl_str_add(&out, between.str.s, i > 0 ? between.str.n : 0);
		fl_str_add(&out, part.str.s, part.str.n);
	}
	if (l && between.kind)
		text = fl_value_copy(&r->heap, out.data, out.len);
	fl_str_free(&out);
	return text;
}

FILTER(list)
{
	(void)arg;
	return as_list(list_of(r, at, v));
}

FILTER(items)
{
	(void)arg;
	if (v.kind == FL_VALUE_UNDEFINED)
		return fl_value_list(&r->heap, 0);
	return fl_template_method(r, at, v, (struct fl_text){ "items", 5 });
}

static struct fl_value
end_of(struct fl_run *r, const struct fl_node *at, struct fl_value v, bool last)
{
	const struct fl_list *l = list_of(r, at, v);

	if (!l || l->n == 0)
		return (struct fl_value){ .kind = l ? FL_VALUE_UNDEFINED : FL_VALUE_FAILED };
	return l->v[last ? l->n - 1 : 0];
}

FILTER(first)
{
	(void)arg;
	return end_of(r, at, v, false);
}

FILTER(last)
{
	(void)arg;
	return end_of(r, at, v, true);
}

FILTER(replace)
{
	v = text_of(r, at, v);
	return v.kind ? fl_template_replace(r, at, v.str, arg) : v;
}

FILTER(int_)
{
	(void)arg;
	if (v.kind != FL_VALUE_INT && v.kind != FL_VALUE_BOOL)
		return fl_template_fail(r, at, "unsupported: filter 'int' of %s", fl_value_name(v.kind));
	return fl_value_int(v.i);
}

FILTER(reverse)
{
	const struct fl_list *l = list_of(r, at, v);
	struct fl_value back;

	(void)arg;
	if (v.kind == FL_VALUE_STR)
		return fl_template_fail(r, at, "unsupported: filter 'reverse' of a string");
	if (!l)
		return as_list(NULL);
	back = fl_value_list(&r->heap, l->n);
	for (size_t i = 0; back.kind && i < l->n; i++)
		back.list->v[i] = l->v[l->n - 1 - i];
	return back;
}

/* Elements whose member arg[0] passes test arg[1] with arg[2] (none: is true), or does not. */
static struct fl_value
select_by(struct fl_run *r, const struct fl_node *at, struct fl_value v,
    const struct fl_value *const *arg, bool wanted)
{
	const struct fl_list *l = list_or_none(r, at, v);
	const struct fl_value *given[FL_TEMPLATE_ARGS] = { arg[2] };
	struct fl_value kept = l ? fl_value_list(&r->heap, l->n) : as_list(NULL), passes;
	size_t n = 0;

	if (arg[0]->kind != FL_VALUE_STR || (arg[1] && arg[1]->kind != FL_VALUE_STR))
		return fl_template_fail(r, at, "the names of a member and a test are strings");
	for (size_t i = 0; kept.kind && i < l->n; i++) {
		passes = fl_template_member(r, at, l->v[i], arg[0]->str);
		if (passes.kind && arg[1])
			passes = call_with(r, at, "test", tests, arg[1]->str, passes, given);
		if (!passes.kind)
			return passes;
		if (fl_value_true(passes) == wanted)
			kept.list->v[n++] = l->v[i];
	}
	if (kept.kind)
		kept.list->n = n;
	return kept;
}

FILTER(selectattr)
{
	return select_by(r, at, v, arg, true);
}

FILTER(rejectattr)
{
	return select_by(r, at, v, arg, false);
}

/* map(attribute=name), map(filter) */
FILTER(map)
{
	const struct fl_list *l = list_or_none(r, at, v);
	const struct fl_value *name = arg[0] ? arg[0] : arg[1];
	struct fl_value all = l ? fl_value_list(&r->heap, l->n) : as_list(NULL);

	if (!name || name->kind != FL_VALUE_STR)
		return fl_template_fail(r, at, "filter 'map' wants the name of a filter or a member");
	for (size_t i = 0; all.kind && i < l->n; i++) {
		all.list->v[i] = arg[0] ? filter_by_name(r, at, name->str, l->v[i]) :
		    fl_template_member(r, at, l->v[i], name->str);
		if (!all.list->v[i].kind)
			all.kind = FL_VALUE_FAILED;
	}
	return all;
}

static const struct fl_builtin filters[] = {
	{ "trim", "chars", 0, trim },
	{ "length", "", 0, length },
	{ "count", "", 0, length },
	{ "tojson", "ensure_ascii indent", 0, tojson },
	{ "default", "default_value boolean", 0, default_ },
	{ "d", "default_value boolean", 0, default_ },
	{ "upper", "", 0, upper },
	{ "lower", "", 0, lower },
	{ "capitalize", "", 0, capitalize },
	{ "string", "", 0, string },
	{ "safe", "", 0, string },
	{ "join", "d attribute", 0, join },
	{ "list", "", 0, list },
	{ "items", "", 0, items },
	{ "first", "", 0, first },
	{ "last", "", 0, last },
	{ "replace", "old new count", 2, replace },
	{ "int", "", 0, int_ },
	{ "reverse", "", 0, reverse },
	{ "selectattr", "attribute test value", 1, selectattr },
	{ "rejectattr", "attribute test value", 1, rejectattr },
	{ "map", "filter attribute", 0, map },
	{ 0 },
};

static struct fl_value
filter_by_name(struct fl_run *r, const struct fl_node *at, struct fl_text name, struct fl_value v)
{
	const struct fl_value *const none[FL_TEMPLATE_ARGS] = { 0 };

	return call_with(r, at, "filter", filters, name, v, none);
}

struct fl_value
fl_template_filter(struct fl_run *r, const struct fl_node *at, struct fl_value self)
{
	return fl_template_builtin(r, at, "filter", filters, at->name, self);
}
