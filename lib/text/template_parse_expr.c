/* SPDX-License-Identifier: Apache-2.0 */
/* template_parse_expr.c -- operators, by Jinja's grammar, from the loosest binding to the tightest:
 *
 *     if else, or, and, not, comparisons, + -, ~, * / // % */
#include "text/template_parse.h"

enum { NEST = 48 };

struct fl_node *
fl_template_node(struct fl_parser *p, enum fl_node_kind kind, struct fl_node *a, struct fl_node *b)
{
	struct fl_node *n = fl_arena_alloc(p->lex.arena, sizeof *n);

	*n = (struct fl_node){ .kind = kind, .line = fl_template_lex_line(&p->lex), .a = a, .b = b };
	return n;
}

int
fl_template_parse_nest(struct fl_parser *p)
{
	if (++p->depth > NEST)
		return fl_template_lex_error(&p->lex, "nested deeper than %d levels", NEST);
	return 0;
}

struct operator {
	const char *token;
	enum fl_node_op op;
};

/* Operators of one level, from left to right. */
static struct fl_node *
level(struct fl_parser *p, struct fl_node *(*tighter)(struct fl_parser *), const struct operator *ops)
{
	struct fl_node *n = tighter(p);
	const struct operator *o = ops;

	while (n && o->token)
		if (!at(p, o->token)) {
			o++;
		} else {
			struct fl_node *right = next(p) < 0 ? NULL : tighter(p);

			if (!right)
				return NULL;
			n = fl_template_node(p, FL_NODE_BINARY, n, right);
			n->op = o->op;
			o = ops;
		}
	return n;
}

static struct fl_node *
products(struct fl_parser *p)
{
	static const struct operator ops[] = { { "*", FL_OP_MUL }, { "/", FL_OP_DIV },
		{ "//", FL_OP_FLOORDIV }, { "%", FL_OP_MOD }, { 0 } };

	return level(p, fl_template_parse_value, ops);
}

static struct fl_node *
joined(struct fl_parser *p)
{
	static const struct operator ops[] = { { "~", FL_OP_JOIN }, { 0 } };

	return level(p, products, ops);
}

static struct fl_node *
sums(struct fl_parser *p)
{
	static const struct operator ops[] = { { "+", FL_OP_ADD }, { "-", FL_OP_SUB }, { 0 } };

	return level(p, joined, ops);
}

/* Which comparison is at hand, -1 if none; "not" is one only before "in". */
static int
comparison(struct fl_parser *p)
{
	static const char *const ops[] = { "==", "!=", "<=", ">=", "<", ">", "in" };
	struct fl_lexer before = p->lex;

	for (int i = 0; i < 7; i++)
		if (at(p, ops[i]))
			return FL_OP_EQ + i;
	if (at(p, "not") && next(p) == 0 && at(p, "in"))
		return FL_OP_NOT_IN;
	p->lex = before;
	return -1;
}

static struct fl_node *
compared(struct fl_parser *p)
{
	struct fl_node *n = sums(p), *right;
	int op = n ? comparison(p) : -1;

	if (op < 0)
		return n;
	right = next(p) < 0 ? NULL : sums(p);
	if (!right)
		return NULL;
	if (comparison(p) >= 0) {
		fl_template_lex_error(&p->lex, "unsupported: comparisons in a chain");
		return NULL;
	}
	n = fl_template_node(p, FL_NODE_BINARY, n, right);
	n->op = (enum fl_node_op)op;
	return n;
}

static struct fl_node *
negated(struct fl_parser *p)
{
	struct fl_node *n = NULL;

	if (!at(p, "not"))
		return compared(p);
	if (fl_template_parse_nest(p) == 0 && next(p) == 0 && (n = negated(p)))
		n = fl_template_node(p, FL_NODE_NOT, n, NULL);
	p->depth--;
	return n;
}

static struct fl_node *
both(struct fl_parser *p)
{
	static const struct operator ops[] = { { "and", FL_OP_AND }, { 0 } };

	return level(p, negated, ops);
}

struct fl_node *
fl_template_parse_or(struct fl_parser *p)
{
	static const struct operator ops[] = { { "or", FL_OP_OR }, { 0 } };

	return level(p, both, ops);
}

struct fl_node *
fl_template_parse_expr(struct fl_parser *p)
{
	struct fl_node *n = NULL;
	int got = 1;

	if (fl_template_parse_nest(p) == 0)
		n = fl_template_parse_or(p);
	while (n && (got = skip(p, "if")) > 0) {
		struct fl_node *condition = fl_template_parse_or(p);

		n = condition ? fl_template_node(p, FL_NODE_EITHER, condition, n) : NULL;
		if (n && (got = skip(p, "else")) > 0 && !(n->c = fl_template_parse_expr(p)))
			n = NULL;
		if (got < 0)
			n = NULL;
	}
	p->depth--;
	return got < 0 ? NULL : n;
}
