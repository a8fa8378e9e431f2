/* SPDX-License-Identifier: Apache-2.0 */
/* chat.c -- the chat template of a checkpoint: its life, what it makes of messages, prompts. */
#include "model/chat_impl.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/date.h"
#include "model/chat_messages.h"
#include "model/tokenizer_of.h"
#include "text/utf8.h"

/* Life -------------------------------------------------------------------------------------------- */

const struct fl_json *
fl_chat_find_template(const struct fl_json *config)
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
	const struct fl_json *v = fl_chat_find_template(config);

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
	c->variables = read_tokens(json);
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
	fl_json_free(c->variables);
	free(c->part.v);
	free(c);
}

const struct fl_tokenizer *
fl_chat_tokenizer(const struct fl_chat *c)
{
	return c->tokenizer;
}

void
fl_chat_set_date(struct fl_chat *c, const char *date)
{
	static const char llama[] = "%d %b %Y";
	struct fl_str text = { 0 };
	struct tm day;

	if (date && fl_date_read(date, &day) && fl_date_format(&text, &day, llama, strlen(llama))) {
		fl_json_set(c->variables, "strftime_now", fl_json_new_str(date));
		fl_json_set(c->variables, "date_string", fl_json_new_str(text.data));
	}
	fl_str_free(&text);
}

/* Rendering --------------------------------------------------------------------------------------- */

void
fl_chat_say(struct fl_json *messages, const char *role, const char *text)
{
	struct fl_json *m = fl_json_new_object();

	fl_json_set(m, "role", fl_json_new_str(role));
	fl_json_set(m, "content", fl_json_new_str(text));
	fl_json_push(messages, m);
}

int
fl_chat_render(const struct fl_chat *c, const struct fl_conversation *v, size_t n, bool prompt,
    struct fl_str *out, struct fl_spans *marked, struct fl_err *err)
{
	struct fl_json *variables = fl_json_copy(c->variables), *list = fl_json_new_array();
	int rc;

	for (size_t i = 0; i < n; i++)
		fl_json_push(list, fl_json_copy(fl_json_at(v->messages, i)));
	fl_json_set(variables, "messages", list);
	fl_json_set(variables, "tools", v->tools ? fl_json_copy(v->tools) : fl_json_new_null());
	fl_json_set(variables, "documents", fl_json_new_null());
	fl_json_set(variables, "add_generation_prompt", fl_json_new_bool(prompt));
	fl_str_clear(out);
	rc = fl_template_render(c->template, variables, out, marked, err);
	fl_json_free(variables);
	return rc;
}

/* Whether the template makes text of a message whose content is no string: with the content, or without one where there
 * is none. A template that prints it as JSON does not. */
static bool
is_taken(const struct fl_chat *c, const struct fl_conversation *v, struct fl_json *message)
{
	struct fl_json *content = fl_json_get(message, "content");
	struct fl_str with = { 0 }, without = { 0 };
	struct fl_err err = { 0 };
	size_t n = fl_json_len(v->messages);
	bool taken = fl_chat_render(c, v, n, false, &with, NULL, &err) == 0;

	if (taken && content) {
		content = fl_json_copy(content);
		fl_json_set(message, "content", fl_json_new_array());
		taken = !strstr(with.data, "\"type\": \"text\"") &&
		    (fl_chat_render(c, v, n, false, &without, NULL, &err) < 0 || strcmp(with.data, without.data) != 0);
		fl_json_set(message, "content", content);
	}
	fl_str_free(&with);
	fl_str_free(&without);
	return taken;
}

void
fl_chat_settle(const struct fl_chat *c, const struct fl_conversation *v)
{
	for (size_t i = 0; i < fl_json_len(v->messages); i++) {
		struct fl_json *m = fl_json_at(v->messages, i);

		if (!fl_chat_is_flat(m) && !is_taken(c, v, m))
			fl_chat_flatten(m);
	}
}

/* Prompts ----------------------------------------------------------------------------------------- */

int
fl_chat_prompt(struct fl_chat *c, const char *text, size_t len, struct fl_ids *out, struct fl_err *err)
{
	size_t valid = fl_utf8_valid(text, strnlen(text, len));
	struct fl_conversation v = { 0 };
	struct fl_str s = { 0 };
	int rc;

	if (valid < len)
		return fl_err_data(err, "byte %zu is not text", valid);
	v.messages = fl_json_new_array();
	fl_chat_say(v.messages, "user", text);
	rc = fl_chat_render(c, &v, 1, true, &s, NULL, err);
	if (rc == 0)
		rc = fl_encoder_run(c->encoder, s.data, s.len, FL_ENCODE_SPECIALS, out, err);
	fl_str_free(&s);
	fl_json_free(v.messages);
	return rc;
}

long
fl_chat_end(struct fl_chat *c)
{
	struct fl_json *messages = fl_json_new_array();
	struct fl_chat_tokens t = { 0 };
	struct fl_err err = { 0 };
	long end = -1;

	fl_chat_say(messages, "user", "a");
	fl_chat_say(messages, "assistant", "b");
	if (fl_chat_encode(c, messages, &t, &err) == 0)
		for (size_t i = 0; i < t.v->ids.n; i++)
			if (t.v->answer[i] && fl_tokenizer_type(c->tokenizer, t.v->ids.v[i]) == FL_TOKEN_SPECIAL)
				end = (long)t.v->ids.v[i];
	fl_chat_tokens_free(&t);
	fl_json_free(messages);
	return end;
}
