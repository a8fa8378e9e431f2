/* SPDX-License-Identifier: Apache-2.0 */
/* template_impl.h -- inside of a template, for the files of text/ that read and run it. */
#ifndef FL_TEXT_TEMPLATE_IMPL_H
#define FL_TEXT_TEMPLATE_IMPL_H

#include "base/arena.h"
#include "text/template.h"
#include "text/value.h"

/* The tree. What a, b, c, d and list are is said beside the kind; lists go on in next. */
enum fl_node_kind {
	/* expressions */
	FL_NODE_CONST,	/* value */
	FL_NODE_NAME,	/* name */
	FL_NODE_LIST,	/* list: its elements */
	FL_NODE_DICT,	/* list: pairs */
	FL_NODE_PAIR,	/* a: b */
	FL_NODE_MEMBER, /* a.name */
	FL_NODE_INDEX,	/* a[b] */
	FL_NODE_SLICE,	/* a[b:c:d], each but a may be NULL */
	FL_NODE_CALL,	/* a(list) */
	FL_NODE_ARG,	/* a, or name=a */
	FL_NODE_FILTER, /* a|name(list) */
	FL_NODE_TEST,	/* a is name(list) */
	FL_NODE_NOT,	/* not a */
	FL_NODE_SIGN,	/* -a or +a: op */
	FL_NODE_BINARY, /* a op b */
	FL_NODE_EITHER, /* b if a else c; c may be NULL */
	/* statements */
	FL_NODE_TEXT,	    /* value */
	FL_NODE_PRINT,	    /* {{ a }} */
	FL_NODE_IF,	    /* list: branches */
	FL_NODE_BRANCH,	    /* if a, then b; a NULL: else */
	FL_NODE_FOR,	    /* for list in a if c: b, else d */
	FL_NODE_SET,	    /* name, or its member a->name, = b; or c's output */
	FL_NODE_MACRO,	    /* name(list of parameters): b */
	FL_NODE_GENERATION, /* b */
	FL_NODE_BREAK,
	FL_NODE_CONTINUE,
};

enum fl_node_op {
	FL_OP_OR, FL_OP_AND,
	FL_OP_EQ, FL_OP_NE, FL_OP_LE, FL_OP_GE, FL_OP_LT, FL_OP_GT, FL_OP_IN, FL_OP_NOT_IN,
	FL_OP_ADD, FL_OP_SUB, FL_OP_JOIN, FL_OP_MUL, FL_OP_FLOORDIV, FL_OP_DIV, FL_OP_MOD,
};

struct fl_node {
	enum fl_node_kind kind;
	enum fl_node_op op;
	int line;
	struct fl_text name;
	struct fl_value value;
	struct fl_node *a, *b, *c, *d, *list, *next;
};

struct fl_template {
	char *name, *text;
	struct fl_arena arena; /* of the tree */
	struct fl_node *body;
	bool marks;
};

/* Reading ----------------------------------------------------------------------------------------- */

enum fl_token_kind { FL_LEX_NAME, FL_LEX_STR, FL_LEX_NUMBER, FL_LEX_OP, FL_LEX_CLOSE };
enum fl_tag { FL_TAG_NONE, FL_TAG_PRINT, FL_TAG_BLOCK, FL_TAG_COMMENT, FL_TAG_BAD };

struct fl_lexer {
	const struct fl_template *t; /* for messages */
	const char *begin, *end, *p;
	const char *counted; /* lines are, up to here */
	int line;
	enum fl_tag tag;     /* the one that p is in */
	int brackets;	     /* open in it */
	struct fl_arena *arena;
	struct fl_err *err;
	/* the token at hand */
	enum fl_token_kind kind;
	struct fl_text text; /* of NAME, STR and OP */
	struct fl_value number;
};

/* The text up to the next tag, without the spaces that tags take away; NONE: up to the end. */
enum fl_tag fl_template_lex_text(struct fl_lexer *l, struct fl_text *text);
int fl_template_lex(struct fl_lexer *l) FL_MUST_USE; /* the next token of the tag */
bool fl_template_lex_is(const struct fl_lexer *l, const char *op_or_name);
int fl_template_lex_line(struct fl_lexer *l); /* where p stands */
int fl_template_lex_error(struct fl_lexer *l, const char *fmt, ...) FL_PRINTF(2, 3);

int fl_template_parse(struct fl_template *t, size_t len, struct fl_err *err) FL_MUST_USE;

/* Running ----------------------------------------------------------------------------------------- */

struct fl_scope {
	struct fl_map vars;
	struct fl_scope *outer;
};

struct fl_macro {
	const struct fl_node *node;
	struct fl_scope *scope; /* where it was made */
};

struct fl_run {
	const struct fl_template *t;
	struct fl_heap heap;
	struct fl_scope *scope;
	struct fl_str *out;
	struct fl_spans *marked;
	bool captured; /* out is not the template's own */
	struct fl_err *err;
};

/* A FAILED value, and an error that names the line. */
struct fl_value fl_template_fail(struct fl_run *r, const struct fl_node *at, const char *fmt, ...)
    FL_PRINTF(3, 4);

struct fl_value fl_template_eval(struct fl_run *r, const struct fl_node *n);
struct fl_value fl_template_member(struct fl_run *r, const struct fl_node *at, struct fl_value v,
    struct fl_text name);
struct fl_value fl_template_text(struct fl_run *r, const struct fl_node *at, struct fl_value v);
struct fl_value fl_template_call_macro(struct fl_run *r, const struct fl_node *call,
    const struct fl_macro *m);

/* A filter, test or method. params: names of its arguments in their order, spaces between, `required` of
 * them; arg[i] is the i-th, NULL if it was not given. */
enum { FL_TEMPLATE_ARGS = 4 };
struct fl_builtin {
	const char *name, *params;
	size_t required;
	struct fl_value (*run)(struct fl_run *r, const struct fl_node *at, struct fl_value self,
	    const struct fl_value *const *arg);
};

/* Calls the one of that name in table, which ends with an empty row; `what` is what messages call it. */
struct fl_value fl_template_builtin(struct fl_run *r, const struct fl_node *at, const char *what,
    const struct fl_builtin *table, struct fl_text name, struct fl_value self);

struct fl_value fl_template_filter(struct fl_run *r, const struct fl_node *at, struct fl_value self);
struct fl_value fl_template_test(struct fl_run *r, const struct fl_node *at, struct fl_value self);
struct fl_value fl_template_method(struct fl_run *r, const struct fl_node *at, struct fl_value self,
    struct fl_text name);

struct fl_value fl_template_filter(struct fl_run *r, const struct fl_node *at, struct fl_value self);
struct fl_value fl_template_test(struct fl_run *r, const struct fl_node *at, struct fl_value self);
struct fl_value fl_template_method(struct fl_run *r, const struct fl_node *at, struct fl_value self,
    struct fl_text name);

/* Of strings; filters and methods share them. chars NULL: spaces. */
enum { FL_STRIP_LEFT = 1, FL_STRIP_RIGHT = 2 };
struct fl_value fl_template_strip(struct fl_text t, const struct fl_value *chars, int sides);
struct fl_value fl_template_replace(struct fl_run *r, const struct fl_node *at, struct fl_text t,
    const struct fl_value *const *arg);
enum fl_case { FL_CASE_UPPER, FL_CASE_LOWER, FL_CASE_TITLE, FL_CASE_CAPITAL };
struct fl_value fl_template_case(struct fl_run *r, const struct fl_node *at, struct fl_text t,
    enum fl_case to);

#endif
