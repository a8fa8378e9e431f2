/* SPDX-License-Identifier: Apache-2.0 */
/* chat_encode.c -- finds the answers in what a template makes of a conversation. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "model/chat_impl.h"
#include "model/chat_messages.h"

/* Places in a text -------------------------------------------------------------------------------- */

/* Counts how many of ids come before the place `at` in the text. */
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

static bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Returns how many bytes both begin with, in whole characters. */
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

/* Returns the place after the last s [n] in the text, 0 if there is none. */
static size_t
after_last(const char *text, size_t len, const char *s, size_t n)
{
	for (size_t at = len + 1; n > 0 && at-- > n;)
		if (memcmp(text + at - n, s, n) == 0)
			return at;
	return 0;
}

/* Answers ----------------------------------------------------------------------------------------- */

/* An answer is looked for at the end of the text of the messages up to it. */
struct answer {
	size_t number; /* of its message, from 0 */
	struct fl_str text;
	struct fl_span span;
};

/* Finds where the text and one with another answer in its place begin to differ. */
static int
before_content(struct fl_chat *c, const struct fl_conversation *v, const struct answer *a, size_t *at,
    struct fl_err *err)
{
	const char *content = fl_json_str(fl_json_get(fl_json_at(v->messages, a->number), "content"));
	struct fl_conversation other = { fl_json_new_array(), v->tools };
	struct fl_str text = { 0 };
	int rc;

	for (size_t i = 0; i < a->number; i++)
		fl_json_push(other.messages, fl_json_copy(fl_json_at(v->messages, i)));
	fl_chat_say(other.messages, "assistant", content && *content == 'a' ? "b" : "a");
	rc = fl_chat_render(c, &other, a->number + 1, false, &text, NULL, err);
	*at = rc < 0 ? 0 : common(&a->text, &text);
	fl_json_free(other.messages);
	fl_str_free(&text);
	return rc;
}

/* Finds where the answer begins: behind the messages before it and a generation prompt, `before`, if these begin the
 * text. Otherwise the template writes the messages before in another way when they are the last ones, and the answer
 * begins behind the last such prompt, with its content where the template has none; or it has in the prompt what it
 * does not have before an answer, and the answer begins where they part. */
static int
find_begin(struct fl_chat *c, const struct fl_conversation *v, const struct fl_str *before, struct answer *a,
    struct fl_err *err)
{
	struct fl_str plain = { 0 };
	size_t shared = common(&a->text, before), stem, content, at;
	int rc = 0;

	a->span.from = shared;
	if (shared > 0 && shared == before->len)
		return 0;
	if (fl_chat_render(c, v, a->number, false, &plain, NULL, err) < 0 ||
	    before_content(c, v, a, &content, err) < 0) {
		rc = -1;
		goto out;
	}
	stem = common(before, &plain);
	if (stem == before->len)
		a->span.from = content;
	else if ((at = after_last(a->text.data, content, before->data + stem, before->len - stem)) > 0)
		a->span.from = at;
	else if (shared == 0 || shared < stem)
		rc = fl_err_data(err, "what the template makes of the messages before is not the same without it");
out:
	fl_str_free(&plain);
	return rc;
}

/* Finds the place after the special token that ends the first n bytes of the answer, spaces aside; 0 if none does. */
static int
after_special(struct fl_chat *c, const struct answer *a, size_t n, size_t *at, struct fl_err *err)
{
	*at = 0;
	while (n > a->span.from && is_space(a->text.data[n - 1]))
		n--;
	if (n <= a->span.from)
		return 0;
	c->part.n = 0;
	if (fl_encoder_run(c->encoder, a->text.data + a->span.from, n - a->span.from,
	    FL_ENCODE_SPECIALS | FL_ENCODE_CONTINUED, &c->part, err) < 0)
		return -1;
	if (c->part.n > 0 && fl_tokenizer_type(c->tokenizer, c->part.v[c->part.n - 1]) == FL_TOKEN_SPECIAL)
		*at = n;
	return 0;
}

/* Puts into tail what the template adds to a text because no prompt follows, in whole tokens; nothing if it refuses to
 * render a question alone. */
static void
find_tail(struct fl_chat *c, struct fl_str *tail)
{
	struct fl_conversation v = { fl_json_new_array(), NULL };
	struct fl_str plain = { 0 }, prompted = { 0 };
	struct fl_ids ids = { 0 };
	struct fl_err err = { 0 };

	fl_chat_say(v.messages, "user", "a");
	if (fl_chat_render(c, &v, 1, false, &plain, NULL, &err) == 0 &&
	    fl_chat_render(c, &v, 1, true, &prompted, NULL, &err) == 0 &&
	    fl_encoder_run(c->encoder, plain.data, plain.len, FL_ENCODE_SPECIALS, &ids, &err) == 0) {
		size_t stem = common(&plain, &prompted), n;

		while (tokens_before(c, &ids, &plain, stem, &n, &err) == 0 && n < c->part.n)
			stem--;
		fl_str_add(tail, plain.data + stem, plain.len - stem);
	}
	fl_json_free(v.messages);
	free(ids.v);
	fl_str_free(&plain);
	fl_str_free(&prompted);
}

/* Finds where the answer ends: with a special token, if possible one before the tail, or else with the text. */
static int
find_end(struct fl_chat *c, const struct fl_str *tail, struct answer *a, struct fl_err *err)
{
	size_t len = a->text.len, kept = len;

	if (tail->len > 0 && tail->len <= len && memcmp(a->text.data + len - tail->len, tail->data, tail->len) == 0)
		kept = len - tail->len;
	if (after_special(c, a, kept, &a->span.to, err) < 0)
		return -1;
	if (a->span.to == 0 && after_special(c, a, len, &a->span.to, err) < 0)
		return -1;
	if (a->span.to == 0)
		a->span.to = kept;
	return a->span.to > a->span.from ? 0 : fl_err_data(err, "the template makes nothing of it");
}

static int
find_answer(struct fl_chat *c, const struct fl_conversation *v, const struct fl_str *tail, struct answer *a,
    struct fl_err *err)
{
	struct fl_str before = { 0 };
	int rc = -1;

	if (fl_chat_render(c, v, a->number, true, &before, NULL, err) == 0 &&
	    fl_chat_render(c, v, a->number + 1, false, &a->text, NULL, err) == 0 &&
	    find_begin(c, v, &before, a, err) == 0)
		rc = find_end(c, tail, a, err);
	fl_str_free(&before);
	return rc < 0 ? fl_err_prefix(err, "message %zu", a->number + 1) : 0;
}

/* Renderings -------------------------------------------------------------------------------------- */

/* A rendering is a text and the places of its answers, in their order. */
struct rendering {
	struct fl_str text;
	struct fl_spans answers;
};

static int
mark(struct fl_chat *c, const struct rendering *r, struct fl_chat_rendering *out, struct fl_err *err)
{
	for (size_t i = 0; i < r->answers.n; i++) {
		size_t from, to;

		if (tokens_before(c, &out->ids, &r->text, r->answers.v[i].from, &from, err) < 0 ||
		    tokens_before(c, &out->ids, &r->text, r->answers.v[i].to, &to, err) < 0)
			return -1;
		for (size_t k = from; k < to; k++)
			out->answer[k] = true;
	}
	return 0;
}

/* Puts the rendering out and takes its answers from it; one without any is nothing to learn from. */
static int
put(struct fl_chat *c, struct rendering *r, struct fl_chat_tokens *out, struct fl_err *err)
{
	size_t cap = out->cap;
	struct fl_chat_rendering *to;
	int rc = -1;

	if (r->answers.n == 0)
		return 0;
	out->v = fl_grow(out->v, &out->cap, out->n + 1, sizeof *out->v);
	memset(out->v + cap, 0, (out->cap - cap) * sizeof *out->v);
	to = &out->v[out->n++];
	to->ids.n = 0;
	if (fl_encoder_run(c->encoder, r->text.data, r->text.len, FL_ENCODE_SPECIALS, &to->ids, err) == 0) {
		to->answer = fl_realloc(to->answer, to->ids.n + 1, sizeof *to->answer);
		memset(to->answer, 0, (to->ids.n + 1) * sizeof *to->answer);
		rc = mark(c, r, to, err);
	}
	r->answers.n = 0;
	return rc;
}

/* The rendering goes on as the text, which it takes, if its answers are the same there; else it is put out. */
static int
go_on(struct fl_chat *c, struct rendering *r, struct fl_str *text, struct fl_chat_tokens *out, struct fl_err *err)
{
	size_t n = r->answers.n, end = n > 0 ? r->answers.v[n - 1].to : 0;
	struct fl_str old = r->text;

	if (n > 0 && (end > text->len || memcmp(old.data, text->data, end) != 0) && put(c, r, out, err) < 0)
		return -1;
	r->text = *text;
	*text = old;
	return 0;
}

static int
compare(struct fl_chat *c, const struct fl_conversation *v, struct rendering *r, struct fl_chat_tokens *out,
    struct fl_err *err)
{
	struct fl_str tail = { 0 };
	struct answer a = { 0 };
	int rc = 0;

	find_tail(c, &tail);
	for (; a.number < fl_json_len(v->messages) && rc == 0; a.number++) {
		struct fl_err why = { 0 };

		if (!fl_chat_is_answer(fl_json_at(v->messages, a.number)))
			continue;
		if (find_answer(c, v, &tail, &a, &why) == 0) {
			rc = go_on(c, r, &a.text, out, err);
			fl_spans_push(&r->answers, a.span.from, a.span.to);
		} else if (out->missed++ == 0) {
			out->why = why;
		}
	}
	if (rc == 0)
		rc = fl_chat_render(c, v, a.number, false, &a.text, NULL, err);
	if (rc == 0)
		rc = go_on(c, r, &a.text, out, err);
	fl_str_free(&tail);
	fl_str_free(&a.text);
	return rc;
}

/* A template that marks answers marks all of them, so where some are not to be learnt they are looked for. */
static int
encode(struct fl_chat *c, const struct fl_conversation *v, struct rendering *r, struct fl_chat_tokens *out,
    struct fl_err *err)
{
	size_t n = fl_json_len(v->messages), answers = 0;
	bool marks = fl_template_marks(c->template);

	for (size_t i = 0; i < n; i++) {
		answers += fl_chat_is_answer(fl_json_at(v->messages, i));
		marks &= !fl_chat_is_unweighted(fl_json_at(v->messages, i));
	}
	if (answers == 0)
		return fl_err_data(err, "no message is the assistant's: there is nothing to learn");
	fl_chat_settle(c, v);
	if (marks ? fl_chat_render(c, v, n, false, &r->text, &r->answers, err) < 0 :
	    compare(c, v, r, out, err) < 0)
		return -1;
	if (put(c, r, out, err) < 0)
		return -1;
	if (out->n == 0 && out->missed > 0)
		*err = out->why;
	else if (out->n == 0)
		return fl_err_data(err, "the template marks no answer in it");
	return out->n > 0 ? 0 : -1;
}

void
fl_chat_tokens_free(struct fl_chat_tokens *t)
{
	for (size_t i = 0; i < t->cap; i++) {
		free(t->v[i].ids.v);
		free(t->v[i].answer);
	}
	free(t->v);
	*t = (struct fl_chat_tokens){ 0 };
}

int
fl_chat_encode(struct fl_chat *c, const struct fl_json *conversation, struct fl_chat_tokens *out,
    struct fl_err *err)
{
	struct fl_conversation v = { fl_chat_messages(conversation, err), fl_json_get(conversation, "tools") };
	struct rendering r = { 0 };
	int rc;

	out->n = out->missed = 0;
	rc = v.messages ? encode(c, &v, &r, out, err) : -1;
	fl_json_free(v.messages);
	fl_str_free(&r.text);
	free(r.answers.v);
	return rc;
}
