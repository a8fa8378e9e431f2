/* SPDX-License-Identifier: Apache-2.0 */
#include "model/chat.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "model/tokenizer_of.h"
#include "text/template.h"
#include "text/utf8.h"

struct fl_chat {
	struct fl_tokenizer *tokenizer;
	struct fl_encoder *encoder;
	struct fl_template *template;
	struct fl_json *tokens; /* bos_token, ... */
	struct fl_ids part;
};

/* Life -------------------------------------------------------------------------------------------- */

static const struct fl_json *
find_template(const struct fl_json *config)
{
	const struct fl_json *v = fl_json_get(config, "chat_template");

	for (size_t i = 0; fl_json_type(v) == FL_JSON_ARRAY && i < fl_json_len(v); i++) {
		const struct fl_json *one = fl_json_at(v, i);
		const char *name = fl_json_str(fl_json_get(one, "name"));

		if (name && strcmp(name, "default") == 0)
			return fl_json_get(one, "template");
	}
	return v;
}

static int
read_template(struct fl_chat *c, const struct fl_json *config, const char *jinja, size_t len,
    struct fl_err *err)
{
	const struct fl_json *v = find_template(config);

	if (jinja)
		c->template = fl_template_new(jinja, len, "chat_template.jinja", err);
	else if (fl_json_str(v))
		c->template = fl_template_new(fl_json_str(v), fl_json_str_len(v), "chat_template", err);
	else
		fl_err_data(err, "there is no chat template: neither chat_template.jinja nor chat_template in "
		    "tokenizer_config.json");
	return c->template ? 0 : -1;
}

static struct fl_json *
read_tokens(const struct fl_json *config)
{
	static const char *const names[] = { "bos_token", "eos_token", "unk_token", "pad_token", "sep_token",
		"cls_token", "mask_token" };
	struct fl_json *tokens = fl_json_new_object();

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		const struct fl_json *v = fl_json_get(config, names[i]);

		if (fl_json_type(v) == FL_JSON_OBJECT)
			v = fl_json_get(v, "content");
		if (fl_json_str(v))
			fl_json_set(tokens, names[i], fl_json_copy(v));
	}
	return tokens;
}

struct fl_chat *
fl_chat_new(struct fl_tokenizer *t, const char *config, size_t config_len, const char *jinja,
    size_t jinja_len, struct fl_err *err)
{
	struct fl_json *json = NULL;
	struct fl_chat *c = fl_alloc(1, sizeof *c);
	int rc = -1;

	c->tokenizer = t;
	c->encoder = fl_encoder_new(t);
	if (!config || (json = fl_json_parse(config, config_len, "tokenizer_config.json", err)))
		rc = read_template(c, json, jinja, jinja_len, err);
	c->tokens = read_tokens(json);
	fl_json_free(json);
	if (rc == 0)
		return c;
	fl_chat_free(c);
	return NULL;
}

struct fl_chat *
fl_chat_of_params(const struct fl_params *p, struct fl_err *err)
{
	size_t config_len, jinja_len;
	const char *config = fl_params_member(p, "tokenizer_config.json", &config_len);
	const char *jinja = fl_params_member(p, "chat_template.jinja", &jinja_len);
	struct fl_tokenizer *t = fl_tokenizer_of_params(p, err);
	struct fl_chat *c = t ? fl_chat_new(t, config, config_len, jinja, jinja_len, err) : NULL;

	if (t && !c)
		fl_err_prefix(err, "'%s'", p->inventory->what);
	return c;
}

struct fl_chat *
fl_chat_of_model(const struct fl_model *m, struct fl_err *err)
{
	size_t config_len, jinja_len;
	const char *config = fl_model_member(m, "tokenizer_config.json", &config_len);
	const char *jinja = fl_model_member(m, "chat_template.jinja", &jinja_len);
	struct fl_tokenizer *t = fl_tokenizer_of_model(m, err);
	struct fl_chat *c = t ? fl_chat_new(t, config, config_len, jinja, jinja_len, err) : NULL;

	if (t && !c)
		fl_err_prefix(err, "'%s'", fl_model_name(m));
	return c;
}

void
fl_chat_free(struct fl_chat *c)
{
	if (!c)
		return;
	if (c->encoder)
		fl_encoder_remark(&c->encoder, 1);
	fl_encoder_free(c->encoder);
	fl_tokenizer_free(c->tokenizer);
	fl_template_free(c->template);
	fl_json_free(c->tokens);
	free(c->part.v);
	free(c);
}

const struct fl_tokenizer *
fl_chat_tokenizer(const struct fl_chat *c)
{
	return c->tokenizer;
}

void
fl_chat_tokens_free(struct fl_chat_tokens *t)
{
	free(t->ids.v);
	free(t->answer);
	*t = (struct fl_chat_tokens){ 0 };
}

/* Messages ---------------------------------------------------------------------------------------- */

/* A member that is null counts as absent: tables of conversations have one column for all roles. */
static struct fl_json *
without_nulls(const struct fl_json *message)
{
	struct fl_json *copy = fl_json_new_object();

	for (void *it = fl_json_first(message); it; it = fl_json_next(message, it))
		if (fl_json_type(fl_json_value(it)) != FL_JSON_NULL)
			fl_json_set(copy, fl_json_key(it), fl_json_copy(fl_json_value(it)));
	return copy;
}

static bool
is_answer(const struct fl_json *message)
{
	return strcmp(fl_json_str(fl_json_get(message, "role")), "assistant") == 0;
}

static int
check_messages(const struct fl_json *messages, struct fl_err *err)
{
	size_t answers = 0;

	if (fl_json_type(messages) != FL_JSON_ARRAY)
		return fl_err_data(err, "no 'messages', a list of objects with role and content");
	for (size_t i = 0; i < fl_json_len(messages); i++) {
		const struct fl_json *m = fl_json_at(messages, i), *content = fl_json_get(m, "content");

		if (!fl_json_str(fl_json_get(m, "role")))
			return fl_err_data(err, "message %zu has no role", i + 1);
		if (fl_json_type(content) > FL_JSON_NULL && !fl_json_str(content))
			return fl_err_data(err, "the content of message %zu is no string", i + 1);
		answers += is_answer(m);
	}
	return answers ? 0 : fl_err_data(err, "no message is the assistant's: there is nothing to learn");
}

/* The first n messages; with prompt, the beginning of an answer after them. */
static int
render(const struct fl_chat *c, const struct fl_json *conversation, size_t n, bool prompt,
    struct fl_str *out, struct fl_spans *marked, struct fl_err *err)
{
	const struct fl_json *messages = fl_json_get(conversation, "messages");
	const struct fl_json *tools = fl_json_get(conversation, "tools");
	struct fl_json *v = fl_json_copy(c->tokens), *list = fl_json_new_array();
	int rc;

	for (size_t i = 0; i < n; i++)
		fl_json_push(list, without_nulls(fl_json_at(messages, i)));
	fl_json_set(v, "messages", list);
	fl_json_set(v, "tools", tools ? fl_json_copy(tools) : fl_json_new_null());
	fl_json_set(v, "documents", fl_json_new_null());
	fl_json_set(v, "add_generation_prompt", fl_json_new_bool(prompt));
	fl_str_clear(out);
	rc = fl_template_render(c->template, v, out, marked, err);
	fl_json_free(v);
	return rc;
}

/* Answers ----------------------------------------------------------------------------------------- */

/* How many of ids come before the place `at` in the text. */
static int
tokens_before(struct fl_chat *c, const struct fl_ids *ids, const struct fl_str *text, size_t at,
    size_t *n, struct fl_err *err)
{
	c->part.n = 0;
	if (fl_encoder_run(c->encoder, text->data, at, FL_ENCODE_SPECIALS, &c->part, err) < 0)
		return -1;
	for (*n = 0; *n < ids->n && *n < c->part.n && ids->v[*n] == c->part.v[*n];)
		++*n;
	return 0;
}

static void
mark(struct fl_chat_tokens *out, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		out->answer[i] = true;
}

static int
mark_spans(struct fl_chat *c, const struct fl_str *text, const struct fl_spans *spans,
    struct fl_chat_tokens *out, struct fl_err *err)
{
	for (size_t i = 0; i < spans->n; i++) {
		size_t from, to;

		if (tokens_before(c, &out->ids, text, spans->v[i].from, &from, err) < 0 ||
		    tokens_before(c, &out->ids, text, spans->v[i].to, &to, err) < 0)
			return -1;
		mark(out, from, to);
	}
	return 0;
}

static bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The place after the first special token of from..to; 0 if there is none. */
static size_t
after_special(const struct fl_chat *c, const struct fl_ids *ids, size_t from, size_t to)
{
	for (; from < to; from++)
		if (fl_tokenizer_type(c->tokenizer, ids->v[from]) == FL_TOKEN_SPECIAL)
			return from + 1;
	return 0;
}

/* Bytes that both begin with, whole characters. */
static size_t
common(const struct fl_str *a, const struct fl_str *b)
{
	size_t n = 0;

	while (n < a->len && n < b->len && a->data[n] == b->data[n])
		n++;
	while (n > 0 && n < a->len && ((unsigned char)a->data[n] & 0xc0) == 0x80)
		n--;
	return n;
}

/* Where in from..to of the text the message ends, but for spaces around it; 0: it is not there. */
static size_t
end_of(const struct fl_str *text, size_t from, size_t to, const struct fl_json *message)
{
	const struct fl_json *content = fl_json_get(message, "content");
	const char *s = fl_json_str(content), *hit;
	size_t n = fl_json_str_len(content);

	for (; n > 0 && is_space(s[0]); n--)
		s++;
	while (n > 0 && is_space(s[n - 1]))
		n--;
	hit = n > 0 ? memmem(text->data + from, to - from, s, n) : text->data + from;
	return hit ? (size_t)(hit - text->data) + n : 0;
}

/* before and after: the messages before the answer with a generation prompt, and those with it. */
static int
mark_answer(struct fl_chat *c, const struct fl_json *message, const struct fl_str *text,
    const struct fl_str *before, const struct fl_str *after, struct fl_chat_tokens *out, struct fl_err *err)
{
	size_t shared = common(text, after), said, from, behind, to, end;

	if (common(text, before) < before->len || shared < before->len)
		return fl_err_data(err, "what the template makes of the messages before is not the same "
		    "without it");
	said = end_of(text, before->len, shared, message);
	if (tokens_before(c, &out->ids, text, before->len, &from, err) < 0 ||
	    tokens_before(c, &out->ids, text, said ? said : before->len, &behind, err) < 0 ||
	    tokens_before(c, &out->ids, text, shared, &to, err) < 0)
		return -1;
	end = after_special(c, &out->ids, behind, to);
	if (shared < after->len && (!said || !end))
		return fl_err_data(err, "what the template makes of it is not the same when more follows");
	mark(out, from, end ? end : to);
	return 0;
}

static int
compare(struct fl_chat *c, const struct fl_json *conversation, const struct fl_str *text,
    struct fl_chat_tokens *out, struct fl_err *err)
{
	const struct fl_json *messages = fl_json_get(conversation, "messages");
	struct fl_str before = { 0 }, after = { 0 };
	int rc = 0;

	for (size_t i = 0; i < fl_json_len(messages) && rc == 0; i++) {
		const struct fl_json *m = fl_json_at(messages, i);

		if (!is_answer(m))
			continue;
		rc = render(c, conversation, i, true, &before, NULL, err);
		if (rc == 0)
			rc = render(c, conversation, i + 1, false, &after, NULL, err);
		if (rc == 0)
			rc = mark_answer(c, m, text, &before, &after, out, err);
		if (rc < 0)
			fl_err_prefix(err, "message %zu", i + 1);
	}
	fl_str_free(&before);
	fl_str_free(&after);
	return rc;
}

int
fl_chat_encode(struct fl_chat *c, const struct fl_json *conversation, struct fl_chat_tokens *out,
    struct fl_err *err)
{
	const struct fl_json *messages = fl_json_get(conversation, "messages");
	struct fl_spans spans = { 0 };
	struct fl_str text = { 0 };
	int rc = -1;

	out->ids.n = 0;
	if (check_messages(messages, err) < 0 ||
	    render(c, conversation, fl_json_len(messages), false, &text, &spans, err) < 0 ||
	    fl_encoder_run(c->encoder, text.data, text.len, FL_ENCODE_SPECIALS, &out->ids, err) < 0)
		goto out;
	out->answer = fl_realloc(out->answer, out->ids.n + 1, sizeof *out->answer);
	memset(out->answer, 0, (out->ids.n + 1) * sizeof *out->answer);
	rc = fl_template_marks(c->template) ? mark_spans(c, &text, &spans, out, err) :
	    compare(c, conversation, &text, out, err);
out:
	fl_str_free(&text);
	free(spans.v);
	return rc;
}

/* Prompts ----------------------------------------------------------------------------------------- */

static void
say(struct fl_json *messages, const char *role, const char *text)
{
	struct fl_json *m = fl_json_new_object();

	fl_json_set(m, "role", fl_json_new_str(role));
	fl_json_set(m, "content", fl_json_new_str(text));
	fl_json_push(messages, m);
}

int
fl_chat_prompt(struct fl_chat *c, const char *text, size_t len, struct fl_ids *out, struct fl_err *err)
{
	size_t valid = fl_utf8_valid(text, strnlen(text, len));
	struct fl_json *v, *messages;
	struct fl_str s = { 0 };
	int rc;

	if (valid < len)
		return fl_err_data(err, "byte %zu is not text", valid);
	v = fl_json_new_object();
	messages = fl_json_new_array();
	say(messages, "user", text);
	fl_json_set(v, "messages", messages);
	rc = render(c, v, 1, true, &s, NULL, err);
	if (rc == 0)
		rc = fl_encoder_run(c->encoder, s.data, s.len, FL_ENCODE_SPECIALS, out, err);
	fl_str_free(&s);
	fl_json_free(v);
	return rc;
}

long
fl_chat_end(struct fl_chat *c)
{
	struct fl_json *v = fl_json_new_object(), *messages = fl_json_new_array();
	struct fl_chat_tokens t = { 0 };
	struct fl_err err = { 0 };
	long end = -1;

	say(messages, "user", "a");
	say(messages, "assistant", "b");
	fl_json_set(v, "messages", messages);
	if (fl_chat_encode(c, v, &t, &err) == 0)
		for (size_t i = 0; i < t.ids.n; i++)
			if (t.answer[i] && fl_tokenizer_type(c->tokenizer, t.ids.v[i]) == FL_TOKEN_SPECIAL)
				end = (long)t.ids.v[i];
	fl_chat_tokens_free(&t);
	fl_json_free(v);
	return end;
}
