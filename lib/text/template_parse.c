/* SPDX-License-Identifier: Apache-2.0 */
/* template_parse.c -- text and statements. */
#include "text/template_parse.h"

/* The tag ends here, and text begins. */
static int
closed(struct fl_parser *p)
{
	if (p->lex.kind == FL_LEX_CLOSE)
		return 0;
	return fl_template_lex_error(&p->lex, "unexpected '%.*s'", (int)p->lex.text.n, p->lex.text.s);
}

static int
identifier(struct fl_parser *p, struct fl_text *name)
{
	if (p->lex.kind != FL_LEX_NAME)
		return fl_template_lex_error(&p->lex, "a name is missing");
	*name = p->lex.text;
	return next(p);
}

/* Statements up to a tag that begins with one of the words in `ends`, which is then the token at hand;
 * NULL: up to the end of the template. */
static int body(struct fl_parser *p, const char *const *ends, struct fl_node **list);

/* A body, and the end of the tag that ends it. */
static int
block(struct fl_parser *p, const char *end, struct fl_node **list)
{
	const char *const ends[] = { end, NULL };

	return closed(p) < 0 || body(p, ends, list) < 0 || next(p) < 0 ? -1 : closed(p);
}

static int
parse_if(struct fl_parser *p, struct fl_node *n)
{
	static const char *const ends[] = { "elif", "else", "endif", NULL };

	for (struct fl_node **last = &n->list; !at(p, "endif"); last = &(*last)->next) {
		bool otherwise = at(p, "else");

		*last = fl_template_node(p, FL_NODE_BRANCH, NULL, NULL);
		if (next(p) < 0 || (!otherwise && !((*last)->a = fl_template_parse_expr(p))) ||
		    closed(p) < 0 || body(p, ends, &(*last)->b) < 0)
			return -1;
		if (otherwise && !at(p, "endif"))
			return fl_template_lex_error(&p->lex, "something follows else");
	}
	return next(p) < 0 ? -1 : closed(p);
}

/* The names that an element is taken apart into. */
static int
targets(struct fl_parser *p, struct fl_node **list)
{
	do {
		*list = fl_template_node(p, FL_NODE_NAME, NULL, NULL);
		if (identifier(p, &(*list)->name) < 0)
			return -1;
		list = &(*list)->next;
	} while (at(p, ",") && next(p) == 0);
	return p->lex.err->code ? -1 : 0;
}

static int
parse_for(struct fl_parser *p, struct fl_node *n)
{
	static const char *const ends[] = { "else", "endfor", NULL };

	if (next(p) < 0 || targets(p, &n->list) < 0)
		return -1;
	if (!at(p, "in"))
		return fl_template_lex_error(&p->lex, "'in' is missing");
	if (next(p) < 0 || !(n->a = fl_template_parse_or(p)))
		return -1;
	if (at(p, "if") && (next(p) < 0 || !(n->c = fl_template_parse_expr(p))))
		return -1;
	p->loops++;
	if (closed(p) < 0 || body(p, ends, &n->b) < 0)
		return -1;
	p->loops--;
	if (at(p, "else"))
		return next(p) < 0 ? -1 : block(p, "endfor", &n->d);
	return next(p) < 0 ? -1 : closed(p);
}

static int
parse_set(struct fl_parser *p, struct fl_node *n)
{
	if (next(p) < 0 || identifier(p, &n->name) < 0)
		return -1;
	if (at(p, ".")) {
		n->a = fl_template_node(p, FL_NODE_MEMBER, NULL, NULL);
		if (next(p) < 0 || identifier(p, &n->a->name) < 0)
			return -1;
	}
	if (!at(p, "="))
		return block(p, "endset", &n->c);
	if (next(p) < 0 || !(n->b = fl_template_parse_tuple(p)))
		return -1;
	return closed(p);
}

static int
parse_macro(struct fl_parser *p, struct fl_node *n)
{
	if (next(p) < 0 || identifier(p, &n->name) < 0)
		return -1;
	if (!at(p, "("))
		return fl_template_lex_error(&p->lex, "'(' is missing");
	if (next(p) < 0)
		return -1;
	for (struct fl_node **last = &n->list; !at(p, ")"); last = &(*last)->next) {
		*last = fl_template_node(p, FL_NODE_ARG, NULL, NULL);
		if (identifier(p, &(*last)->name) < 0)
			return -1;
		if (at(p, "=") && (next(p) < 0 || !((*last)->a = fl_template_parse_expr(p))))
			return -1;
		if (!at(p, ",") && !at(p, ")"))
			return fl_template_lex_error(&p->lex, "')' is missing");
		if (at(p, ",") && next(p) < 0)
			return -1;
	}
	return next(p) < 0 ? -1 : block(p, "endmacro", &n->b);
}

static int
parse_generation(struct fl_parser *p, struct fl_node *n)
{
	p->t->marks = true;
	return next(p) < 0 ? -1 : block(p, "endgeneration", &n->b);
}

static int
parse_word(struct fl_parser *p, struct fl_node *n)
{
	if (p->loops == 0)
		return fl_template_lex_error(&p->lex, "'%s' outside a loop",
		    n->kind == FL_NODE_BREAK ? "break" : "continue");
	return next(p) < 0 ? -1 : closed(p);
}

static const struct {
	const char *word;
	enum fl_node_kind kind;
	int (*parse)(struct fl_parser *p, struct fl_node *n);
} statements[] = {
	{ "if", FL_NODE_IF, parse_if },
	{ "for", FL_NODE_FOR, parse_for },
	{ "set", FL_NODE_SET, parse_set },
	{ "macro", FL_NODE_MACRO, parse_macro },
	{ "generation", FL_NODE_GENERATION, parse_generation },
	{ "break", FL_NODE_BREAK, parse_word },
	{ "continue", FL_NODE_CONTINUE, parse_word },
};

/* The first word of a tag is at hand. */
static struct fl_node *
statement(struct fl_parser *p)
{
	for (size_t i = 0; i < sizeof statements / sizeof *statements; i++)
		if (p->lex.kind == FL_LEX_NAME && at(p, statements[i].word)) {
			struct fl_node *n = fl_template_node(p, statements[i].kind, NULL, NULL);

			return statements[i].parse(p, n) < 0 ? NULL : n;
		}
	fl_template_lex_error(&p->lex, "unsupported tag '%.*s'", (int)p->lex.text.n, p->lex.text.s);
	return NULL;
}

static struct fl_node *
print(struct fl_parser *p)
{
	struct fl_node *n = fl_template_node(p, FL_NODE_PRINT, NULL, NULL);

	n->a = next(p) < 0 ? NULL : fl_template_parse_tuple(p);
	return n->a && closed(p) == 0 ? n : NULL;
}

static bool
ended(const struct fl_parser *p, const char *const *ends)
{
	for (; ends && *ends; ends++)
		if (at(p, *ends))
			return true;
	return false;
}

static int
pieces(struct fl_parser *p, const char *const *ends, struct fl_node **list)
{
	struct fl_text text;
	enum fl_tag tag;

	while ((tag = fl_template_lex_text(&p->lex, &text)) != FL_TAG_BAD) {
		if (text.n > 0) {
			*list = fl_template_node(p, FL_NODE_TEXT, NULL, NULL);
			(*list)->value = fl_value_str(text.s, text.n);
			list = &(*list)->next;
		}
		if (tag == FL_TAG_NONE)
			return ends ? fl_template_lex_error(&p->lex, "'%s' is missing", *ends) : 0;
		if (tag == FL_TAG_COMMENT)
			continue;
		if (tag == FL_TAG_BLOCK) {
			if (next(p) < 0)
				return -1;
			if (p->lex.kind == FL_LEX_NAME && ended(p, ends))
				return 0;
		}
		*list = tag == FL_TAG_BLOCK ? statement(p) : print(p);
		if (!*list)
			return -1;
		list = &(*list)->next;
	}
	return -1;
}

static int
body(struct fl_parser *p, const char *const *ends, struct fl_node **list)
{
	int rc = fl_template_parse_nest(p) < 0 ? -1 : pieces(p, ends, list);

	p->depth--;
	return rc;
}

int
fl_template_parse(struct fl_template *t, size_t len, struct fl_err *err)
{
	struct fl_parser p = { .t = t, .lex = { .t = t, .begin = t->text, .end = t->text + len,
		.p = t->text, .counted = t->text, .line = 1, .arena = &t->arena, .err = err } };

	return body(&p, NULL, &t->body);
}
