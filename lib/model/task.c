/* SPDX-License-Identifier: Apache-2.0 */
#include "model/task.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"

enum { LIMIT = 1 << 30, MAX_TOKENS = 1 << 20, DEFAULT_TOKENS = 256 };

/* The fields of a kind, told by one that no other has. */
static const struct form {
	const char *mark;
	enum fl_task_kind kind;
	const char *fields[10];
} forms[] = {
	{ "choices", FL_TASK_CHOICE, { "context", "choices", "gold" } },
	{ "contexts", FL_TASK_CHOICE, { "contexts", "continuation", "gold" } },
	{ "target", FL_TASK_TARGET, { "context", "target" } },
	{ "answers", FL_TASK_ANSWERS, { "context", "answers", "until", "max_tokens", "ignore" } },
	{ NULL },
};

static const char *const common[] = { "delimiter", "separator", "description", "note", NULL };

size_t
fl_question_pairs(const struct fl_question *q)
{
	if (q->until.n)
		return 1;
	return q->contexts.n > 1 ? q->contexts.n : q->targets.n;
}

const struct fl_text *
fl_question_context(const struct fl_question *q, size_t i)
{
	return &q->contexts.v[q->contexts.n > 1 ? i : 0];
}

const struct fl_text *
fl_question_target(const struct fl_question *q, size_t i)
{
	return &q->targets.v[q->targets.n > 1 ? i : 0];
}

/* --- fields --- */

static struct fl_text
text_of(const struct fl_json *v)
{
	return (struct fl_text){ fl_json_str(v), fl_json_str_len(v) };
}

/* A string. NULL `otherwise` makes the field required. */
static int
get_text(const struct fl_json *o, const char *key, const char *otherwise, struct fl_text *out,
    struct fl_err *err)
{
	const struct fl_json *v = fl_json_get(o, key);

	if (!v && otherwise) {
		*out = (struct fl_text){ otherwise, strlen(otherwise) };
		return 0;
	}
	if (fl_json_type(v) != FL_JSON_STR)
		return fl_err_data(err, "'%s' is %s", key, v ? "no string" : "not there");
	*out = text_of(v);
	return 0;
}

/* One string, as a list. */
static int
get_one(const struct fl_json *o, const char *key, bool filled, struct fl_texts *out, struct fl_err *err)
{
	out->v = fl_alloc(1, sizeof *out->v);
	out->n = 1;
	if (get_text(o, key, NULL, out->v, err) < 0)
		return -1;
	return filled && out->v->len == 0 ? fl_err_data(err, "'%s' is empty", key) : 0;
}

/* At least `least` strings, none of them empty. */
static int
get_texts(const struct fl_json *o, const char *key, size_t least, struct fl_texts *out, struct fl_err *err)
{
	const struct fl_json *v = fl_json_get(o, key);
	size_t n = fl_json_len(v);

	if (fl_json_type(v) != FL_JSON_ARRAY || n < least)
		return fl_err_data(err, "'%s' is %s", key,
		    v ? least > 1 ? "no list of two strings or more" : "no list of strings" : "not there");
	out->v = fl_alloc(n, sizeof *out->v);
	for (; out->n < n; out->n++) {
		out->v[out->n] = text_of(fl_json_at(v, out->n));
		if (out->v[out->n].len == 0)
			return fl_err_data(err, "'%s': number %zu is %s", key, out->n,
			    out->v[out->n].s ? "empty" : "no string");
	}
	return 0;
}

static int
get_int(const struct fl_json *o, const char *key, long long least, long long most, size_t *out,
    struct fl_err *err)
{
	const struct fl_json *v = fl_json_get(o, key);
	long long i = fl_json_int(v, -1);

	if (!v)
		return fl_err_data(err, "'%s' is not there", key);
	if (fl_json_type(v) != FL_JSON_INT || i < least || i > most)
		return fl_err_data(err, "'%s' is no integer from %lld to %lld", key, least, most);
	*out = (size_t)i;
	return 0;
}

static int
get_ignore(const struct fl_json *o, unsigned *out, struct fl_err *err)
{
	static const char *const words[] = { "case", "punctuation", "articles" };
	struct fl_texts list = { 0 };
	int bad = fl_json_get(o, "ignore") ? get_texts(o, "ignore", 0, &list, err) : 0;

	for (size_t i = 0; !bad && i < list.n; i++) {
		unsigned bit = 0;

		for (size_t k = 0; k < sizeof words / sizeof *words; k++)
			if (list.v[i].len == strlen(words[k]) && strcmp(list.v[i].s, words[k]) == 0)
				bit = 1u << k;
		*out |= bit;
		if (!bit)
			bad = fl_err_data(err, "'ignore': '%s' is none of case, punctuation, articles", list.v[i].s);
	}
	free(list.v);
	return bad;
}

/* --- questions --- */

static bool
listed(const char *const *list, const char *key)
{
	for (; *list; list++)
		if (strcmp(*list, key) == 0)
			return true;
	return false;
}

/* The form of an object, which must have no field of another. */
static const struct form *
find_form(const struct fl_json *o, struct fl_err *err)
{
	const struct form *f = forms;

	if (fl_json_type(o) != FL_JSON_OBJECT) {
		fl_err_data(err, "not an object");
		return NULL;
	}
	while (f->mark && !fl_json_get(o, f->mark))
		f++;
	if (!f->mark) {
		fl_err_data(err, "none of 'choices', 'contexts', 'target' and 'answers' is there");
		return NULL;
	}
	for (void *it = fl_json_first(o); it; it = fl_json_next(o, it))
		if (!listed(common, fl_json_key(it)) && !listed(f->fields, fl_json_key(it))) {
			fl_err_data(err, "'%s' does not go with '%s'", fl_json_key(it), f->mark);
			return NULL;
		}
	return f;
}

static int
get_choices(const struct fl_json *o, struct fl_question *q, struct fl_err *err)
{
	bool whole = fl_json_get(o, "choices") != NULL;
	int bad = whole ? get_one(o, "context", false, &q->contexts, err)
			: get_texts(o, "contexts", 2, &q->contexts, err);

	if (!bad)
		bad = whole ? get_texts(o, "choices", 2, &q->targets, err)
			    : get_one(o, "continuation", true, &q->targets, err);
	return bad ? -1 : get_int(o, "gold", 0, (long long)fl_question_pairs(q) - 1, &q->gold, err);
}

static int
get_answers(const struct fl_json *o, struct fl_question *q, struct fl_err *err)
{
	q->max_tokens = DEFAULT_TOKENS;
	if (get_one(o, "context", false, &q->contexts, err) < 0 ||
	    get_texts(o, "answers", 1, &q->targets, err) < 0 ||
	    get_texts(o, "until", 1, &q->until, err) < 0 || get_ignore(o, &q->ignore, err) < 0)
		return -1;
	return !fl_json_get(o, "max_tokens")
	    ? 0 : get_int(o, "max_tokens", 1, MAX_TOKENS, &q->max_tokens, err);
}

static int
fill(struct fl_question *q, const struct form *f, struct fl_err *err)
{
	const struct fl_json *o = q->json;
	struct fl_text note;

	if (get_text(o, "delimiter", " ", &q->delimiter, err) < 0 ||
	    get_text(o, "separator", "\n\n", &q->separator, err) < 0 ||
	    get_text(o, "description", "", &q->description, err) < 0 ||
	    get_text(o, "note", "", &note, err) < 0)
		return -1;
	switch (f->kind) {
	case FL_TASK_CHOICE: return get_choices(o, q, err);
	case FL_TASK_ANSWERS: return get_answers(o, q, err);
	case FL_TASK_TARGET: break;
	}
	if (get_one(o, "context", false, &q->contexts, err) < 0)
		return -1;
	return get_one(o, "target", true, &q->targets, err);
}

/* Adds the question of a line; it is the task's to free, whatever comes of it. */
static int
add(struct fl_task *t, const char *line, size_t len, struct fl_err *err)
{
	struct fl_question *q;
	const struct form *f;

	t->question = fl_grow(t->question, &t->cap, t->n + 1, sizeof *t->question);
	q = &t->question[t->n++];
	*q = (struct fl_question){ .line = { line, len }, .json = fl_json_parse(line, len, "question", err) };
	if (!q->json || !(f = find_form(q->json, err)))
		return -1;
	if (t->n == 1)
		t->kind = f->kind;
	if (f->kind != t->kind)
		return fl_err_data(err, "'%s' makes it a question of another kind than the first", f->mark);
	return fill(q, f, err);
}

struct fl_task *
fl_task_parse(const char *text, size_t len, const char *what, struct fl_err *err)
{
	struct fl_task *t = fl_alloc(1, sizeof *t);
	const char *end = text + len, *stop;

	for (; text < end; text = stop + (stop < end)) {
		stop = memchr(text, '\n', (size_t)(end - text));
		stop = stop ? stop : end;
		if (add(t, text, (size_t)(stop - text), err) < 0) {
			fl_err_prefix(err, "'%s', line %zu", what, t->n);
			goto bad;
		}
	}
	if (t->n > 0)
		return t;
	fl_err_data(err, "'%s' has no questions", what);
bad:
	fl_task_free(t);
	return NULL;
}

struct fl_task *
fl_task_read(const char *path, struct fl_err *err)
{
	struct fl_file file;
	struct fl_task *t;

	if (fl_file_open(&file, path, LIMIT, err) < 0)
		return NULL;
	t = fl_task_parse(file.data, file.size, fl_input_name(path), err);
	if (t)
		t->file = file;
	else
		fl_file_close(&file);
	return t;
}

void
fl_task_free(struct fl_task *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->n; i++) {
		free(t->question[i].contexts.v);
		free(t->question[i].targets.v);
		free(t->question[i].until.v);
		fl_json_free(t->question[i].json);
	}
	free(t->question);
	fl_file_close(&t->file);
	free(t);
}
