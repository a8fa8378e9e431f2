/* SPDX-License-Identifier: Apache-2.0 */
/* template.c -- the life of a template, and its statements. */
#include "text/template.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "text/template_impl.h"
#include "text/utf8.h"

enum { TEXT = 1 << 20, BUDGET = 1 << 22 };

/* Life -------------------------------------------------------------------------------------------- */

/* Line breaks are one character, and one at the end is not the template's. */
static size_t
normalise(char *text, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		if (text[i] != '\r')
			text[n++] = text[i];
		else if (i + 1 == len || text[i + 1] != '\n')
			text[n++] = '\n';
	n -= n > 0 && text[n - 1] == '\n';
	text[n] = '\0';
	return n;
}

struct fl_template *
fl_template_new(const char *text, size_t len, const char *name, struct fl_err *err)
{
	size_t valid = fl_utf8_valid(text, len);
	struct fl_template *t;

	if (len > TEXT || valid < len) {
		if (len > TEXT)
			fl_err_data(err, "'%s' is longer than %d bytes", name, TEXT);
		else
			fl_err_data(err, "'%s': byte %zu is not UTF-8", name, valid);
		return NULL;
	}
	t = fl_alloc(1, sizeof *t);
	t->name = fl_strdup(name);
	t->text = fl_strndup(text, len);
	if (fl_template_parse(t, normalise(t->text, len), err) < 0) {
		fl_template_free(t);
		return NULL;
	}
	return t;
}

void
fl_template_free(struct fl_template *t)
{
	if (!t)
		return;
	fl_arena_free(&t->arena);
	free(t->name);
	free(t->text);
	free(t);
}

bool
fl_template_marks(const struct fl_template *t)
{
	return t->marks;
}

void
fl_spans_push(struct fl_spans *s, size_t from, size_t to)
{
	s->v = fl_grow(s->v, &s->cap, s->n + 1, sizeof *s->v);
	s->v[s->n++] = (struct fl_span){ from, to };
}

struct fl_value
fl_template_fail(struct fl_run *r, const struct fl_node *at, const char *fmt, ...)
{
	char text[320];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	fl_str_one_line(text);
	if (r->heap.left > 0)
		fl_err_data(r->err, "'%s', line %d: %s", r->t->name, at->line, text);
	return (struct fl_value){ .kind = FL_VALUE_FAILED };
}

/* Statements -------------------------------------------------------------------------------------- */

enum flow { FAIL, GO_ON, BREAK, CONTINUE };

static enum flow run(struct fl_run *r, const struct fl_node *n);

static enum flow
run_list(struct fl_run *r, const struct fl_node *n)
{
	enum flow flow = GO_ON;

	if (!fl_heap_enter(&r->heap))
		flow = FAIL;
	for (; n && flow == GO_ON; n = n->next)
		flow = run(r, n);
	fl_heap_leave(&r->heap);
	return flow;
}

static void
open_scope(struct fl_run *r, struct fl_scope *s, struct fl_scope *outer)
{
	*s = (struct fl_scope){ .outer = outer };
	r->scope = s;
}

static enum flow
put(struct fl_run *r, struct fl_text text)
{
	if (!fl_heap_spend(&r->heap, text.n / 16 + 1))
		return FAIL;
	fl_str_add(r->out, text.s, text.n);
	return GO_ON;
}

static enum flow
print(struct fl_run *r, const struct fl_node *n)
{
	struct fl_value v = fl_template_eval(r, n->a);

	if (v.kind)
		v = fl_template_text(r, n, v);
	return v.kind ? put(r, v.str) : FAIL;
}

/* What a body prints, as a string, and how it ended. */
static struct fl_value
capture(struct fl_run *r, const struct fl_node *body, enum flow *flow)
{
	struct fl_str text = { 0 }, *out = r->out;
	bool captured = r->captured;
	struct fl_value v = { .kind = FL_VALUE_FAILED };

	r->out = &text;
	r->captured = true;
	*flow = run_list(r, body);
	r->out = out;
	r->captured = captured;
	if (*flow != FAIL)
		v = fl_value_copy(&r->heap, text.data, text.len);
	fl_str_free(&text);
	return v;
}

static enum flow
assign(struct fl_run *r, const struct fl_node *n)
{
	enum flow flow = GO_ON;
	struct fl_value v = n->b ? fl_template_eval(r, n->b) : capture(r, n->c, &flow), *space = NULL;

	if (!v.kind)
		return FAIL;
	if (!n->a)
		return fl_map_set(&r->heap, &r->scope->vars, n->name, v) ? flow : FAIL;
	for (struct fl_scope *s = r->scope; s && !space; s = s->outer)
		space = fl_map_get(&r->heap, &s->vars, n->name);
	if (!space || space->kind != FL_VALUE_NAMESPACE) {
		fl_template_fail(r, n, "'%.*s' is no namespace: its members cannot be set", (int)n->name.n,
		    n->name.s);
		return FAIL;
	}
	return fl_map_set(&r->heap, space->map, n->a->name, v) ? flow : FAIL;
}

static enum flow
choose(struct fl_run *r, const struct fl_node *n)
{
	for (const struct fl_node *b = n->list; b; b = b->next) {
		struct fl_value v = b->a ? fl_template_eval(r, b->a) : fl_value_bool(true);

		if (!v.kind)
			return FAIL;
		if (fl_value_true(v))
			return run_list(r, b->b);
	}
	return GO_ON;
}

/* The names of a for statement get an element, or its parts. */
static bool
unpack(struct fl_run *r, const struct fl_node *n, struct fl_value v)
{
	struct fl_map *vars = &r->scope->vars;
	const struct fl_node *name = n->list;
	struct fl_list *parts;

	if (!name->next)
		return fl_map_set(&r->heap, vars, name->name, v);
	parts = fl_value_items(&r->heap, v);
	for (size_t i = 0; name && parts && i < parts->n; i++, name = name->next)
		if (!fl_map_set(&r->heap, vars, name->name, parts->v[i]))
			return false;
	if (!parts || name)
		return fl_template_fail(r, n, "an element has too few parts").kind;
	return true;
}

/* The elements that the `if` of a for statement leaves. */
static struct fl_list *
filter(struct fl_run *r, const struct fl_node *n, const struct fl_list *all)
{
	struct fl_value kept = fl_value_list(&r->heap, all->n), v;
	struct fl_scope scope, *outer = r->scope;
	size_t count = 0;

	for (size_t i = 0; kept.kind && i < all->n; i++) {
		open_scope(r, &scope, outer);
		v = unpack(r, n, all->v[i]) ? fl_template_eval(r, n->c) : (struct fl_value){ 0 };
		r->scope = outer;
		if (!v.kind)
			return NULL;
		if (fl_value_true(v))
			kept.list->v[count++] = all->v[i];
	}
	if (!kept.kind)
		return NULL;
	kept.list->n = count;
	return kept.list;
}

/* `loop`, in a scope of its own outside that of the names. */
static bool
tell_loop(struct fl_run *r, const struct fl_list *l, size_t i, struct fl_map *loop)
{
	const struct fl_value nothing = { .kind = FL_VALUE_UNDEFINED };
	const struct { const char *name; struct fl_value v; } members[] = {
		{ "index", fl_value_int((long long)i + 1) }, { "index0", fl_value_int((long long)i) },
		{ "revindex", fl_value_int((long long)(l->n - i)) },
		{ "revindex0", fl_value_int((long long)(l->n - i - 1)) },
		{ "first", fl_value_bool(i == 0) }, { "last", fl_value_bool(i + 1 == l->n) },
		{ "length", fl_value_int((long long)l->n) },
		{ "previtem", i > 0 ? l->v[i - 1] : nothing },
		{ "nextitem", i + 1 < l->n ? l->v[i + 1] : nothing },
	};

	for (size_t k = 0; k < sizeof members / sizeof *members; k++)
		if (!fl_map_set(&r->heap, loop, (struct fl_text){ members[k].name, strlen(members[k].name) },
		    members[k].v))
			return false;
	return true;
}

static enum flow
repeat(struct fl_run *r, const struct fl_node *n, const struct fl_list *l)
{
	struct fl_scope around, inner, *outer = r->scope;
	struct fl_value loop = fl_value_map(&r->heap, FL_VALUE_NAMESPACE);
	enum flow flow = GO_ON;

	open_scope(r, &around, outer);
	if (!loop.kind || !fl_map_set(&r->heap, &around.vars, (struct fl_text){ "loop", 4 }, loop))
		flow = FAIL;
	for (size_t i = 0; i < l->n && (flow == GO_ON || flow == CONTINUE); i++) {
		open_scope(r, &inner, &around);
		flow = tell_loop(r, l, i, loop.map) && unpack(r, n, l->v[i]) ? run_list(r, n->b) : FAIL;
	}
	r->scope = outer;
	return flow == FAIL ? FAIL : GO_ON;
}

static enum flow
loop_over(struct fl_run *r, const struct fl_node *n)
{
	struct fl_value v = fl_template_eval(r, n->a);
	struct fl_list *l = v.kind ? fl_value_items(&r->heap, v) : NULL;

	if (v.kind && !l)
		fl_template_fail(r, n, "%s cannot be looped over", fl_value_name(v.kind));
	if (l && n->c)
		l = filter(r, n, l);
	if (!l)
		return FAIL;
	return l->n > 0 ? repeat(r, n, l) : run_list(r, n->d);
}

static enum flow
define(struct fl_run *r, const struct fl_node *n)
{
	struct fl_macro *m = fl_heap_alloc(&r->heap, 1, sizeof *m);

	if (!m)
		return FAIL;
	/* a scope inside a loop or a macro does not outlive it */
	if (r->scope->outer) {
		fl_template_fail(r, n, "unsupported: a macro that is not at the top level");
		return FAIL;
	}
	*m = (struct fl_macro){ n, r->scope };
	return fl_map_set(&r->heap, &r->scope->vars, n->name,
	    (struct fl_value){ .kind = FL_VALUE_MACRO, .macro = m }) ? GO_ON : FAIL;
}

static enum flow
generate(struct fl_run *r, const struct fl_node *n)
{
	size_t from = r->out->len;
	struct fl_scope scope, *outer = r->scope;
	enum flow flow;

	if (r->captured) {
		fl_template_fail(r, n, "unsupported: generation inside a macro or a set block");
		return FAIL;
	}
	open_scope(r, &scope, outer);
	flow = run_list(r, n->b);
	r->scope = outer;
	if (flow != FAIL && r->marked)
		fl_spans_push(r->marked, from, r->out->len);
	return flow;
}

static enum flow
run(struct fl_run *r, const struct fl_node *n)
{
	switch (n->kind) {
	case FL_NODE_TEXT: return put(r, n->value.str);
	case FL_NODE_PRINT: return print(r, n);
	case FL_NODE_IF: return choose(r, n);
	case FL_NODE_FOR: return loop_over(r, n);
	case FL_NODE_SET: return assign(r, n);
	case FL_NODE_MACRO: return define(r, n);
	case FL_NODE_GENERATION: return generate(r, n);
	case FL_NODE_BREAK: return BREAK;
	case FL_NODE_CONTINUE: return CONTINUE;
	default: fl_bug("node %d is no statement", (int)n->kind);
	}
}

/* Arguments by position and by name, then defaults; a parameter without any is undefined. */
static bool
bind(struct fl_run *r, const struct fl_node *call, const struct fl_macro *m, struct fl_scope *scope)
{
	const struct fl_node *p = m->node->list;

	for (const struct fl_node *a = call->list; a; a = a->next) {
		struct fl_value v = fl_template_eval(r, a->a);

		if (!v.kind)
			return false;
		if (!a->name.n && !p)
			return fl_template_fail(r, call, "too many arguments for macro '%.*s'",
			    (int)m->node->name.n, m->node->name.s).kind;
		if (!fl_map_set(&r->heap, &scope->vars, a->name.n ? a->name : p->name, v))
			return false;
		p = a->name.n ? p : p->next;
	}
	r->scope = scope;
	for (p = m->node->list; p; p = p->next) {
		struct fl_value v = { .kind = FL_VALUE_UNDEFINED, .str = p->name };

		if (fl_map_get(&r->heap, &scope->vars, p->name))
			continue;
		if (p->a)
			v = fl_template_eval(r, p->a);
		if (!v.kind || !fl_map_set(&r->heap, &scope->vars, p->name, v))
			return false;
	}
	return true;
}

struct fl_value
fl_template_call_macro(struct fl_run *r, const struct fl_node *call, const struct fl_macro *m)
{
	struct fl_scope scope = { .outer = m->scope }, *caller = r->scope;
	struct fl_value v = { .kind = FL_VALUE_FAILED };
	enum flow flow;

	if (bind(r, call, m, &scope))
		v = capture(r, m->node->b, &flow);
	r->scope = caller;
	return v;
}

/* Rendering --------------------------------------------------------------------------------------- */

int
fl_template_render(const struct fl_template *t, const struct fl_json *variables, struct fl_str *out,
    struct fl_spans *marked, struct fl_err *err)
{
	struct fl_scope scope = { 0 };
	struct fl_run r = { .t = t, .heap = { .left = BUDGET }, .scope = &scope, .out = out,
		.marked = marked, .err = err };
	struct fl_value v = fl_value_of_json(&r.heap, variables);
	enum flow flow = FAIL;

	fl_str_add(out, "", 0);
	if (v.kind == FL_VALUE_MAP) {
		scope.vars = *v.map;
		flow = run_list(&r, t->body);
	}
	if (flow == FAIL && !err->code)
		fl_err_data(err, "'%s' needs more time, memory or depth than a template is given", t->name);
	fl_arena_free(&r.heap.arena);
	return flow == FAIL ? -1 : 0;
}
