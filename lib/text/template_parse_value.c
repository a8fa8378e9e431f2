/* SPDX-License-Identifier: Apache-2.0 */
/* template_parse_value.c -- literals, and what stands behind a value: . [] () | is */
#include <string.h>

#include "text/template_parse.h"

/* Appends n to a list whose end *last is. */
static struct fl_node *
append(struct fl_node ***last, struct fl_node *n)
{
	if (n) {
		**last = n;
		*last = &n->next;
	}
	return n;
}

/* Literals ---------------------------------------------------------------------------------------- */

static struct fl_node *
constant(struct fl_parser *p, struct fl_value v)
{
	struct fl_node *n = fl_template_node(p, FL_NODE_CONST, NULL, NULL);

	n->value = v;
	return next(p) < 0 ? NULL : n;
}

/* Strings side by side are one. */
static struct fl_node *
strings(struct fl_parser *p)
{
	struct fl_node *n = constant(p, fl_value_str(p->lex.text.s, p->lex.text.n));

	while (n && p->lex.kind == FL_LEX_STR) {
		struct fl_text a = n->value.str, b = p->lex.text;
		char *both = fl_arena_alloc(p->lex.arena, a.n + b.n + 1);

		memcpy(both, a.s, a.n);
		memcpy(both + a.n, b.s, b.n);
		n->value = fl_value_str(both, a.n + b.n);
		if (next(p) < 0)
			return NULL;
	}
	return n;
}

static struct fl_node *
name(struct fl_parser *p)
{
	static const struct { const char *name; struct fl_value v; } known[] = {
		{ "true", { .kind = FL_VALUE_BOOL, .i = 1 } }, { "True", { .kind = FL_VALUE_BOOL, .i = 1 } },
		{ "false", { .kind = FL_VALUE_BOOL } }, { "False", { .kind = FL_VALUE_BOOL } },
		{ "none", { .kind = FL_VALUE_NONE } }, { "None", { .kind = FL_VALUE_NONE } },
	};
	struct fl_node *n;

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (at(p, known[i].name))
			return constant(p, known[i].v);
	n = fl_template_node(p, FL_NODE_NAME, NULL, NULL);
	n->name = p->lex.text;
	return next(p) < 0 ? NULL : n;
}

/* Elements up to `close`, the first of which may be given. */
static struct fl_node *
elements(struct fl_parser *p, struct fl_node *first, const char *close)
{
	struct fl_node *n = fl_template_node(p, FL_NODE_LIST, NULL, NULL), **last = &n->list;

	append(&last, first);
	while (!at(p, close)) {
		if ((n->list && expect(p, ",") < 0))
			return NULL;
		if (!at(p, close) && !append(&last, fl_template_parse_expr(p)))
			return NULL;
	}
	return next(p) < 0 ? NULL : n;
}

static struct fl_node *
dict(struct fl_parser *p)
{
	struct fl_node *n = fl_template_node(p, FL_NODE_DICT, NULL, NULL), **last = &n->list, *key, *v;

	while (!at(p, "}")) {
		if (n->list && expect(p, ",") < 0)
			return NULL;
		if (at(p, "}"))
			break;
		key = fl_template_parse_expr(p);
		v = key && expect(p, ":") == 0 ? fl_template_parse_expr(p) : NULL;
		if (!v)
			return NULL;
		append(&last, fl_template_node(p, FL_NODE_PAIR, key, v));
	}
	return next(p) < 0 ? NULL : n;
}

/* (a) is a, (a, b) and () are lists. */
static struct fl_node *
parentheses(struct fl_parser *p)
{
	struct fl_node *n;

	if (at(p, ")"))
		return elements(p, NULL, ")");
	n = fl_template_parse_expr(p);
	if (n && at(p, ","))
		return elements(p, n, ")");
	return n && expect(p, ")") == 0 ? n : NULL;
}

static struct fl_node *
primary(struct fl_parser *p)
{
	int got;

	if (p->lex.kind == FL_LEX_NAME)
		return name(p);
	if (p->lex.kind == FL_LEX_STR)
		return strings(p);
	if (p->lex.kind == FL_LEX_NUMBER)
		return constant(p, p->lex.number);
	if ((got = skip(p, "(")))
		return got > 0 ? parentheses(p) : NULL;
	if ((got = skip(p, "[")))
		return got > 0 ? elements(p, NULL, "]") : NULL;
	if ((got = skip(p, "{")))
		return got > 0 ? dict(p) : NULL;
	fl_template_lex_error(&p->lex, "unexpected '%.*s'", (int)p->lex.text.n, p->lex.text.s);
	return NULL;
}

/* Behind a value ---------------------------------------------------------------------------------- */

static struct fl_node *
argument(struct fl_parser *p)
{
	struct fl_node *n = fl_template_node(p, FL_NODE_ARG, NULL, NULL);
	struct fl_lexer before = p->lex;

	if (before.kind == FL_LEX_NAME && next(p) == 0 && at(p, "=")) {
		n->name = before.text;
		if (next(p) < 0)
			return NULL;
	} else {
		p->lex = before;
	}
	n->a = p->lex.err->code ? NULL : fl_template_parse_expr(p);
	return n->a ? n : NULL;
}

/* "(" is the token at hand; those with names come last. */
static int
arguments(struct fl_parser *p, struct fl_node **list)
{
	bool named = false;

	if (next(p) < 0)
		return -1;
	for (struct fl_node **last = list, *n; !at(p, ")"); last = &n->next) {
		if (last != list && expect(p, ",") < 0)
			return -1;
		if (at(p, ")"))
			break;
		n = *last = argument(p);
		if (!n)
			return -1;
		if (named && !n->name.n)
			return fl_template_lex_error(&p->lex, "an argument follows a named one");
		named = n->name.n > 0;
	}
	return next(p);
}

/* One of the up to three parts of a slice, which may be missing. */
static int
slice_part(struct fl_parser *p, struct fl_node **part)
{
	if (at(p, ":") || at(p, "]"))
		return 0;
	*part = fl_template_parse_expr(p);
	return *part ? 0 : -1;
}

static struct fl_node *
subscript(struct fl_parser *p, struct fl_node *a)
{
	struct fl_node *n = fl_template_node(p, FL_NODE_INDEX, a, NULL);

	if (next(p) < 0 || slice_part(p, &n->b) < 0)
		return NULL;
	if (at(p, ":")) {
		n->kind = FL_NODE_SLICE;
		if (next(p) < 0 || slice_part(p, &n->c) < 0 ||
		    (at(p, ":") && (next(p) < 0 || slice_part(p, &n->d) < 0)))
			return NULL;
	} else if (!n->b) {
		fl_template_lex_error(&p->lex, "an index is missing");
		return NULL;
	}
	return expect(p, "]") == 0 ? n : NULL;
}

static struct fl_node *
member(struct fl_parser *p, struct fl_node *a)
{
	struct fl_node *n;

	if (next(p) < 0)
		return NULL;
	if (p->lex.kind == FL_LEX_NUMBER && p->lex.number.kind == FL_VALUE_INT) {
		n = fl_template_node(p, FL_NODE_INDEX, a, constant(p, p->lex.number));
		return n->b ? n : NULL;
	}
	if (p->lex.kind != FL_LEX_NAME) {
		fl_template_lex_error(&p->lex, "the name of a member is missing");
		return NULL;
	}
	n = fl_template_node(p, FL_NODE_MEMBER, a, NULL);
	n->name = p->lex.text;
	return next(p) < 0 ? NULL : n;
}

static struct fl_node *
call(struct fl_parser *p, struct fl_node *a)
{
	struct fl_node *n = fl_template_node(p, FL_NODE_CALL, a, NULL);

	return arguments(p, &n->list) < 0 ? NULL : n;
}

static struct fl_node *
postfix(struct fl_parser *p, struct fl_node *n)
{
	while (n)
		if (at(p, "."))
			n = member(p, n);
		else if (at(p, "["))
			n = subscript(p, n);
		else if (at(p, "("))
			n = call(p, n);
		else
			break;
	return n;
}

/* A filter or a test: its name, and arguments in parentheses. */
static struct fl_node *
named(struct fl_parser *p, enum fl_node_kind kind, struct fl_node *a)
{
	struct fl_node *n = fl_template_node(p, kind, a, NULL);

	if (p->lex.kind != FL_LEX_NAME) {
		fl_template_lex_error(&p->lex, "the name of a %s is missing",
		    kind == FL_NODE_TEST ? "test" : "filter");
		return NULL;
	}
	n->name = p->lex.text;
	if (next(p) < 0 || (at(p, "(") && arguments(p, &n->list) < 0))
		return NULL;
	return n;
}

/* The argument of a test needs no parentheses. */
static int
bare_argument(struct fl_parser *p, struct fl_node *test)
{
	bool begins = p->lex.kind <= FL_LEX_NUMBER || at(p, "[") || at(p, "{");

	if (test->list || !begins || at(p, "else") || at(p, "or") || at(p, "and") || at(p, "if"))
		return 0;
	test->list = fl_template_node(p, FL_NODE_ARG, postfix(p, primary(p)), NULL);
	return test->list->a ? 0 : -1;
}

static struct fl_node *
test(struct fl_parser *p, struct fl_node *a)
{
	int negated;
	struct fl_node *n;

	if (next(p) < 0 || (negated = skip(p, "not")) < 0)
		return NULL;
	n = named(p, FL_NODE_TEST, a);
	if (!n || bare_argument(p, n) < 0)
		return NULL;
	return negated ? fl_template_node(p, FL_NODE_NOT, n, NULL) : n;
}

static struct fl_node *
filters(struct fl_parser *p, struct fl_node *n)
{
	while (n)
		if (at(p, "|"))
			n = next(p) < 0 ? NULL : named(p, FL_NODE_FILTER, n);
		else if (at(p, "is"))
			n = test(p, n);
		else if (at(p, "("))
			n = call(p, n);
		else
			break;
	return n;
}

/* A sign binds looser than what stands behind a value, but tighter than a filter. */
static struct fl_node *
signed_value(struct fl_parser *p)
{
	bool minus = at(p, "-");
	struct fl_node *n = NULL;

	if (fl_template_parse_nest(p) < 0)
		return NULL;
	if (!minus && !at(p, "+"))
		n = primary(p);
	else if (next(p) == 0 && (n = signed_value(p))) {
		n = fl_template_node(p, FL_NODE_SIGN, n, NULL);
		n->op = minus ? FL_OP_SUB : FL_OP_ADD;
	}
	p->depth--;
	return postfix(p, n);
}

struct fl_node *
fl_template_parse_value(struct fl_parser *p)
{
	return filters(p, signed_value(p));
}

struct fl_node *
fl_template_parse_tuple(struct fl_parser *p)
{
	struct fl_node *first = fl_template_parse_expr(p), *n, **last;

	if (!first || !at(p, ","))
		return first;
	n = fl_template_node(p, FL_NODE_LIST, NULL, NULL);
	last = &n->list;
	append(&last, first);
	while (at(p, ","))
		if (next(p) < 0 || !append(&last, fl_template_parse_expr(p)))
			return NULL;
	return n;
}
