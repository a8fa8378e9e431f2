/* SPDX-License-Identifier: Apache-2.0 */
/* template_parse.h -- the parser of templates, for its three files: statements, expressions, values.
 *
 * Recursive descent. Functions return NULL or -1 with err set; the token at hand is the first, and in the
 * end the first that is not part of what was read. */
#ifndef FL_TEXT_TEMPLATE_PARSE_H
#define FL_TEXT_TEMPLATE_PARSE_H

#include "text/template_impl.h"

struct fl_parser {
	struct fl_lexer lex;
	struct fl_template *t;
	int depth, loops; /* that the statement at hand stands in */
};

static inline bool
at(const struct fl_parser *p, const char *token)
{
	return fl_template_lex_is(&p->lex, token);
}

static inline int
next(struct fl_parser *p)
{
	return fl_template_lex(&p->lex);
}

/* Skips the token if it is that one: 1, 0, -1. */
static inline int
skip(struct fl_parser *p, const char *token)
{
	return !at(p, token) ? 0 : next(p) < 0 ? -1 : 1;
}

static inline int
expect(struct fl_parser *p, const char *token)
{
	return at(p, token) ? next(p) : fl_template_lex_error(&p->lex, "'%s' is missing", token);
}

int fl_template_parse_nest(struct fl_parser *p) FL_MUST_USE; /* one level deeper; -1: too deep */
struct fl_node *fl_template_node(struct fl_parser *p, enum fl_node_kind kind, struct fl_node *a,
    struct fl_node *b);

struct fl_node *fl_template_parse_expr(struct fl_parser *p);  /* with a conditional */
struct fl_node *fl_template_parse_or(struct fl_parser *p);    /* without */
struct fl_node *fl_template_parse_tuple(struct fl_parser *p); /* a, b is a list */
struct fl_node *fl_template_parse_value(struct fl_parser *p); /* with filters and tests */

#endif
