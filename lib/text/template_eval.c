/* SPDX-License-Identifier: Apache-2.0 */
/* template_eval.c -- the value of an expression. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/date.h"
#include "text/template_impl.h"

static struct fl_value
undefined(struct fl_text name)
{
	return (struct fl_value){ .kind = FL_VALUE_UNDEFINED, .str = name };
}

static struct fl_value
look_up(struct fl_run *r, struct fl_text name)
{
	for (struct fl_scope *s = r->scope; s; s = s->outer) {
		const struct fl_value *v = fl_map_get(&r->heap, &s->vars, name);

		if (v)
			return *v;
	}
	return undefined(name);
}

static struct fl_value
list(struct fl_run *r, const struct fl_node *n)
{
	size_t count = 0;
	struct fl_value v;

	for (const struct fl_node *e = n->list; e; e = e->next)
		count++;
	v = fl_value_list(&r->heap, count);
	count = 0;
	for (const struct fl_node *e = n->list; v.kind && e; e = e->next)
		if (!(v.list->v[count++] = fl_template_eval(r, e)).kind)
			v.kind = FL_VALUE_FAILED;
	return v;
}

static struct fl_value
dict(struct fl_run *r, const struct fl_node *n)
{
	struct fl_value map = fl_value_map(&r->heap, FL_VALUE_MAP);

	for (const struct fl_node *e = n->list; map.kind && e; e = e->next) {
		struct fl_value key = fl_template_eval(r, e->a);
		struct fl_value v = key.kind ? fl_template_eval(r, e->b) : key;

		if (key.kind && key.kind != FL_VALUE_STR)
			return fl_template_fail(r, n, "unsupported: %s as a key", fl_value_name(key.kind));
		if (!v.kind || !fl_map_set(&r->heap, map.map, key.str, v))
			map.kind = FL_VALUE_FAILED;
	}
	return map;
}

/* Members ----------------------------------------------------------------------------------------- */

static struct fl_value
need_defined(struct fl_run *r, const struct fl_node *at, struct fl_value v)
{
	if (v.kind != FL_VALUE_UNDEFINED)
		return v;
	return fl_template_fail(r, at, "'%.*s' is undefined", (int)v.str.n, v.str.n ? v.str.s : "");
}

struct fl_value
fl_template_member(struct fl_run *r, const struct fl_node *at, struct fl_value v, struct fl_text name)
{
	const struct fl_value *member = NULL;

	v = need_defined(r, at, v);
	if (!v.kind)
		return v;
	if (v.kind == FL_VALUE_MAP || v.kind == FL_VALUE_NAMESPACE)
		member = fl_map_get(&r->heap, v.map, name);
	return member ? *member : undefined(name);
}

/* Element i, from the end if it is negative; undefined where there is none. */
static struct fl_value
element(struct fl_run *r, struct fl_value v, long long i)
{
	const struct fl_list *l =
	    v.kind == FL_VALUE_LIST || v.kind == FL_VALUE_STR ? fl_value_items(&r->heap, v) : NULL;

	if (l && i < 0)
		i += (long long)l->n;
	return l && i >= 0 && (size_t)i < l->n ? l->v[i] : undefined((struct fl_text){ "an element", 10 });
}

static struct fl_value
subscript(struct fl_run *r, const struct fl_node *n)
{
	struct fl_value v = fl_template_eval(r, n->a), i = v.kind ? fl_template_eval(r, n->b) : v;

	if (!i.kind)
		return i;
	if (i.kind == FL_VALUE_STR)
		return fl_template_member(r, n, v, i.str);
	v = need_defined(r, n, v);
	if (!v.kind)
		return v;
	if (i.kind == FL_VALUE_INT)
		return element(r, v, i.i);
	return fl_template_fail(r, n, "unsupported: %s as an index", fl_value_name(i.kind));
}

/* A bound of a slice, Python's way; *given says whether there is one. */
static bool
bound(struct fl_run *r, const struct fl_node *n, long long *out, bool *given)
{
	struct fl_value v = n ? fl_template_eval(r, n) : (struct fl_value){ .kind = FL_VALUE_NONE };

	*given = v.kind == FL_VALUE_INT;
	if (v.kind == FL_VALUE_INT)
		*out = v.i;
	else if (v.kind && v.kind != FL_VALUE_NONE)
		return fl_template_fail(r, n, "unsupported: %s in a slice", fl_value_name(v.kind)).kind;
	return v.kind;
}

static long long
clamp(long long i, long long n, long long low, long long high)
{
	if (i < 0)
		i += n;
	return i < low ? low : i > high ? high : i;
}

static struct fl_value
join(struct fl_run *r, const struct fl_list *l)
{
	size_t n = 0;
	char *s;

	for (size_t i = 0; i < l->n; i++)
		n += l->v[i].str.n;
	s = fl_heap_alloc(&r->heap, n, 1);
	if (!s)
		return (struct fl_value){ .kind = FL_VALUE_FAILED };
	n = 0;
	for (size_t i = 0; i < l->n; n += l->v[i++].str.n)
		memcpy(s + n, l->v[i].str.s, l->v[i].str.n);
	return fl_value_str(s, n);
}

static struct fl_value
take(struct fl_run *r, const struct fl_list *l, long long from, long long to, long long step)
{
	long long count = step > 0 ? (to - from + step - 1) / step : (from - to - step - 1) / -step;
	struct fl_value v = fl_value_list(&r->heap, count > 0 ? (size_t)count : 0);

	for (size_t i = 0; v.kind && i < v.list->n; i++)
		v.list->v[i] = l->v[from + (long long)i * step];
	return v;
}

static struct fl_value
slice(struct fl_run *r, const struct fl_node *n)
{
	struct fl_value v = fl_template_eval(r, n->a), part;
	long long from = 0, to = 0, step = 1, length;
	bool has_from, has_to, has_step;
	struct fl_list *l;

	v = v.kind ? need_defined(r, n, v) : v;
	if (!v.kind || !bound(r, n->b, &from, &has_from) || !bound(r, n->c, &to, &has_to) ||
	    !bound(r, n->d, &step, &has_step))
		return (struct fl_value){ .kind = FL_VALUE_FAILED };
	if (v.kind != FL_VALUE_STR && v.kind != FL_VALUE_LIST)
		return fl_template_fail(r, n, "%s cannot be sliced", fl_value_name(v.kind));
	if (step == 0 || step > 1 << 30 || step < -(1 << 30))
		return fl_template_fail(r, n, "a slice cannot go in steps of %lld", step);
	l = fl_value_items(&r->heap, v);
	if (!l)
		return (struct fl_value){ .kind = FL_VALUE_FAILED };
	length = (long long)l->n;
	if (step > 0) {
		from = has_from ? clamp(from, length, 0, length) : 0;
		to = has_to ? clamp(to, length, 0, length) : length;
	} else {
		from = has_from ? clamp(from, length, -1, length - 1) : length - 1;
		to = has_to ? clamp(to, length, -1, length - 1) : -1;
	}
	part = take(r, l, from, to, step);
	return part.kind && v.kind == FL_VALUE_STR ? join(r, part.list) : part;
}

/* Operators --------------------------------------------------------------------------------------- */

static struct fl_value
concatenate(struct fl_run *r, struct fl_text a, struct fl_text b)
{
	char *s = fl_heap_alloc(&r->heap, a.n + b.n, 1);

	if (!s)
		return (struct fl_value){ .kind = FL_VALUE_FAILED };
	if (a.n)
		memcpy(s, a.s, a.n);
	if (b.n)
		memcpy(s + a.n, b.s, b.n);
	return fl_value_str(s, a.n + b.n);
}

static struct fl_value
add_lists(struct fl_run *r, const struct fl_list *a, const struct fl_list *b)
{
	struct fl_value v = fl_value_list(&r->heap, a->n + b->n);

	for (size_t i = 0; v.kind && i < v.list->n; i++)
		v.list->v[i] = i < a->n ? a->v[i] : b->v[i - a->n];
	return v;
}

/* Integers; / is of reals, and // and % round down, as in Python. */
static bool
whole(enum fl_node_op op, long long a, long long b, long long *out)
{
	switch (op) {
	case FL_OP_ADD: return !__builtin_add_overflow(a, b, out);
	case FL_OP_SUB: return !__builtin_sub_overflow(a, b, out);
	case FL_OP_MUL: return !__builtin_mul_overflow(a, b, out);
	case FL_OP_FLOORDIV:
	case FL_OP_MOD:
		if (b == 0 || b == -1)
			return b && op == FL_OP_MOD ? (*out = 0, true) : b && !__builtin_sub_overflow(0, a, out);
		*out = op == FL_OP_MOD ? a % b : a / b;
		if (a % b != 0 && (a < 0) != (b < 0))
			*out += op == FL_OP_MOD ? b : -1;
		return true;
	default: return false;
	}
}

static double
real(enum fl_node_op op, double a, double b)
{
	switch (op) {
	case FL_OP_ADD: return a + b;
	case FL_OP_SUB: return a - b;
	case FL_OP_MUL: return a * b;
	case FL_OP_DIV: return b == 0 ? (double)NAN : a / b;
	default: return (double)NAN;
	}
}

static struct fl_value
calculate(struct fl_run *r, const struct fl_node *n, struct fl_value a, struct fl_value b)
{
	bool reals = a.kind == FL_VALUE_REAL || b.kind == FL_VALUE_REAL || n->op == FL_OP_DIV;
	struct fl_value v = { .kind = reals ? FL_VALUE_REAL : FL_VALUE_INT };

	if (reals)
		v.x = real(n->op, fl_value_real(a), fl_value_real(b));
	if (reals ? !isfinite(v.x) : !whole(n->op, a.i, b.i, &v.i))
		return fl_template_fail(r, n, "a calculation has no result, or one out of range");
	return v;
}

/* True if Jinja has the text of n for safe: from then on what is added to it is escaped. */
static bool
is_safe(const struct fl_node *n)
{
	if (n->kind == FL_NODE_BINARY)
		return n->op == FL_OP_ADD && (is_safe(n->a) || is_safe(n->b));
	return n->kind == FL_NODE_FILTER && fl_text_is(n->name, "safe");
}

static bool
needs_escapes(struct fl_text text)
{
	size_t i = 0;

	while (i < text.n && !memchr("&<>\"'", text.s[i], 5))
		i++;
	return i < text.n;
}

static struct fl_value
arithmetic(struct fl_run *r, const struct fl_node *n, struct fl_value a, struct fl_value b)
{
	a = need_defined(r, n, a);
	b = a.kind ? need_defined(r, n, b) : b;
	if (!a.kind || !b.kind)
		return (struct fl_value){ .kind = FL_VALUE_FAILED };
	if (fl_value_is_number(a) && fl_value_is_number(b))
		return calculate(r, n, a, b);
	if (n->op == FL_OP_ADD && a.kind == FL_VALUE_STR && b.kind == FL_VALUE_STR) {
		if (is_safe(n->a) != is_safe(n->b) && needs_escapes(is_safe(n->a) ? b.str : a.str))
			return fl_template_fail(r, n, "unsupported: text that is escaped because it is added to a safe one");
		return concatenate(r, a.str, b.str);
	}
	if (n->op == FL_OP_ADD && a.kind == FL_VALUE_LIST && b.kind == FL_VALUE_LIST)
		return add_lists(r, a.list, b.list);
	return fl_template_fail(r, n, "unsupported: arithmetic of %s and %s", fl_value_name(a.kind),
	    fl_value_name(b.kind));
}

static struct fl_value
contains(struct fl_run *r, const struct fl_node *n, struct fl_value a, struct fl_value b)
{
	bool in = false;

	if (b.kind == FL_VALUE_STR && a.kind == FL_VALUE_STR)
		in = fl_heap_spend(&r->heap, b.str.n / 16) && memmem(b.str.s, b.str.n, a.str.s, a.str.n);
	else if (b.kind == FL_VALUE_MAP)
		in = a.kind == FL_VALUE_STR && fl_map_get(&r->heap, b.map, a.str);
	else if (b.kind == FL_VALUE_LIST)
		for (size_t i = 0; i < b.list->n && !in; i++)
			in = fl_value_equal(&r->heap, a, b.list->v[i]);
	else if (b.kind != FL_VALUE_UNDEFINED)
		return fl_template_fail(r, n, "%s cannot be in %s", fl_value_name(a.kind),
		    fl_value_name(b.kind));
	return fl_value_bool(in == (n->op == FL_OP_IN));
}

static struct fl_value
order(struct fl_run *r, const struct fl_node *n, struct fl_value a, struct fl_value b)
{
	double d;

	if (fl_value_is_number(a) && fl_value_is_number(b)) {
		d = fl_value_real(a) - fl_value_real(b);
	} else if (a.kind == FL_VALUE_STR && b.kind == FL_VALUE_STR) {
		d = memcmp(a.str.s, b.str.s, a.str.n < b.str.n ? a.str.n : b.str.n);
		d = d == 0 ? (double)a.str.n - (double)b.str.n : d;
	} else {
		return fl_template_fail(r, n, "unsupported: %s compared with %s", fl_value_name(a.kind),
		    fl_value_name(b.kind));
	}
	return fl_value_bool(n->op == FL_OP_LT ? d < 0 : n->op == FL_OP_LE ? d <= 0 :
	    n->op == FL_OP_GT ? d > 0 : d >= 0);
}

static struct fl_value
binary(struct fl_run *r, const struct fl_node *n)
{
	struct fl_value a = fl_template_eval(r, n->a), b;

	if (!a.kind || (n->op == FL_OP_OR && fl_value_true(a)) || (n->op == FL_OP_AND && !fl_value_true(a)))
		return a;
	b = fl_template_eval(r, n->b);
	if (!b.kind || n->op == FL_OP_OR || n->op == FL_OP_AND)
		return b;
	switch (n->op) {
	case FL_OP_EQ: return fl_value_bool(fl_value_equal(&r->heap, a, b));
	case FL_OP_NE: return fl_value_bool(!fl_value_equal(&r->heap, a, b));
	case FL_OP_LT:
	case FL_OP_LE:
	case FL_OP_GT:
	case FL_OP_GE: return order(r, n, a, b);
	case FL_OP_IN:
	case FL_OP_NOT_IN: return contains(r, n, a, b);
	case FL_OP_JOIN:
		a = fl_template_text(r, n, a);
		b = a.kind ? fl_template_text(r, n, b) : b;
		return a.kind && b.kind ? concatenate(r, a.str, b.str) : (struct fl_value){ 0 };
	default: return arithmetic(r, n, a, b);
	}
}

static struct fl_value
sign(struct fl_run *r, const struct fl_node *n)
{
	struct fl_value v = fl_template_eval(r, n->a);

	return v.kind ? arithmetic(r, n, fl_value_int(0), v) : v;
}

/* Calls ------------------------------------------------------------------------------------------- */

/* namespace(a=b), dict(a=b) */
static struct fl_value
make_map(struct fl_run *r, const struct fl_node *n, enum fl_value_kind kind)
{
	struct fl_value map = fl_value_map(&r->heap, kind), v;

	for (const struct fl_node *a = n->list; map.kind && a; a = a->next) {
		if (!a->name.n)
			return fl_template_fail(r, n, "unsupported: an argument without a name");
		v = fl_template_eval(r, a->a);
		if (!v.kind || !fl_map_set(&r->heap, map.map, a->name, v))
			map.kind = FL_VALUE_FAILED;
	}
	return map;
}

static struct fl_value
raise(struct fl_run *r, const struct fl_node *at, struct fl_value self, const struct fl_value *const *arg)
{
	struct fl_value v = fl_template_text(r, at, *arg[0]);

	(void)self;
	return v.kind ? fl_template_fail(r, at, "the template refuses: %.*s", (int)v.str.n, v.str.s) : v;
}

/* start, stop and step of range(), which has one to three arguments. */
static bool
range_bounds(struct fl_run *r, const struct fl_node *at, const struct fl_value *const *arg, long long out[3])
{
	const long long far = 1LL << 40; /* no difference of two such overflows */

	for (int i = 0; i < 3 && arg[i]; i++) {
		if (arg[i]->kind != FL_VALUE_INT || arg[i]->i > far || arg[i]->i < -far)
			return fl_template_fail(r, at, "range() wants integers").kind;
		out[i] = arg[i]->i;
	}
	if (!arg[1]) {
		out[1] = out[0];
		out[0] = 0;
	}
	return out[2] != 0 || fl_template_fail(r, at, "range() in steps of 0").kind;
}

static struct fl_value
range(struct fl_run *r, const struct fl_node *at, struct fl_value self, const struct fl_value *const *arg)
{
	long long b[3] = { 0, 0, 1 }, n;
	struct fl_value v = { .kind = FL_VALUE_FAILED };

	(void)self;
	if (!range_bounds(r, at, arg, b))
		return v;
	n = b[2] > 0 ? (b[1] - b[0] + b[2] - 1) / b[2] : (b[0] - b[1] - b[2] - 1) / -b[2];
	if (n > 0 && (size_t)n >= r->heap.left)
		return fl_template_fail(r, at, "a range of %lld numbers is too long", n);
	v = fl_value_list(&r->heap, n > 0 ? (size_t)n : 0);
	for (size_t i = 0; v.kind && i < v.list->n; i++)
		v.list->v[i] = fl_value_int(b[0] + (long long)i * b[2]);
	return v;
}

/* self: the date, which the variables have under the name of the function. */
static struct fl_value
strftime_now(struct fl_run *r, const struct fl_node *at, struct fl_value self,
    const struct fl_value *const *arg)
{
	struct fl_text format = arg[0]->kind == FL_VALUE_STR ? arg[0]->str : (struct fl_text){ "%", 1 };
	struct fl_value v = { .kind = FL_VALUE_FAILED };
	struct fl_str out = { 0 };
	struct tm date;
	char text[16];

	if (self.kind != FL_VALUE_STR)
		return fl_template_fail(r, at, "strftime_now() asks for the date, which is not given (--date)");
	snprintf(text, sizeof text, "%.*s", (int)self.str.n, self.str.s);
	if (fl_date_read(text, &date) && fl_date_format(&out, &date, format.s, format.n))
		v = fl_value_copy(&r->heap, out.data, out.len);
	else
		fl_template_fail(r, at, "unsupported format of strftime_now(): '%.*s'", (int)format.n, format.s);
	fl_str_free(&out);
	return v;
}

static const struct fl_builtin functions[] = {
	{ "raise_exception", "message", 1, raise },
	{ "range", "start stop step", 1, range },
	{ "strftime_now", "format", 1, strftime_now },
	{ 0 },
};

static struct fl_value
call(struct fl_run *r, const struct fl_node *n)
{
	const struct fl_node *callee = n->a;
	struct fl_value v;

	if (callee->kind == FL_NODE_MEMBER) {
		v = fl_template_eval(r, callee->a);
		v = v.kind ? need_defined(r, n, v) : v;
		return v.kind ? fl_template_method(r, n, v, callee->name) : v;
	}
	v = fl_template_eval(r, callee);
	if (v.kind == FL_VALUE_MACRO)
		return fl_template_call_macro(r, n, v.macro);
	if (callee->kind != FL_NODE_NAME ||
	    (v.kind != FL_VALUE_UNDEFINED && !fl_text_is(callee->name, "strftime_now")))
		return v.kind ? fl_template_fail(r, n, "%s cannot be called", fl_value_name(v.kind)) : v;
	if (fl_text_is(callee->name, "namespace"))
		return make_map(r, n, FL_VALUE_NAMESPACE);
	if (fl_text_is(callee->name, "dict"))
		return make_map(r, n, FL_VALUE_MAP);
	return fl_template_builtin(r, n, "function", functions, callee->name, v);
}

static struct fl_value
either(struct fl_run *r, const struct fl_node *n)
{
	struct fl_value v = fl_template_eval(r, n->a);

	if (!v.kind)
		return v;
	if (fl_value_true(v))
		return fl_template_eval(r, n->b);
	return n->c ? fl_template_eval(r, n->c) : undefined((struct fl_text){ "", 0 });
}

static struct fl_value
applied(struct fl_run *r, const struct fl_node *n)
{
	struct fl_value v = fl_template_eval(r, n->a);

	if (!v.kind)
		return v;
	if (n->kind == FL_NODE_NOT)
		return fl_value_bool(!fl_value_true(v));
	if (n->kind == FL_NODE_MEMBER)
		return fl_template_member(r, n, v, n->name);
	return n->kind == FL_NODE_FILTER ? fl_template_filter(r, n, v) : fl_template_test(r, n, v);
}

static struct fl_value
eval(struct fl_run *r, const struct fl_node *n)
{
	switch (n->kind) {
	case FL_NODE_CONST: return n->value;
	case FL_NODE_NAME: return look_up(r, n->name);
	case FL_NODE_LIST: return list(r, n);
	case FL_NODE_DICT: return dict(r, n);
	case FL_NODE_INDEX: return subscript(r, n);
	case FL_NODE_SLICE: return slice(r, n);
	case FL_NODE_CALL: return call(r, n);
	case FL_NODE_SIGN: return sign(r, n);
	case FL_NODE_BINARY: return binary(r, n);
	case FL_NODE_EITHER: return either(r, n);
	default: return applied(r, n);
	}
}

struct fl_value
fl_template_eval(struct fl_run *r, const struct fl_node *n)
{
	struct fl_value v = { .kind = FL_VALUE_FAILED };

	if (fl_heap_enter(&r->heap))
		v = eval(r, n);
	fl_heap_leave(&r->heap);
	return v;
}

struct fl_value
fl_template_text(struct fl_run *r, const struct fl_node *at, struct fl_value v)
{
	struct fl_value text = fl_value_text(&r->heap, v);

	return text.kind ? text : fl_template_fail(r, at, "unsupported: %s as text", fl_value_name(v.kind));
}
