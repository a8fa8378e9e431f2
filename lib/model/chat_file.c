/* SPDX-License-Identifier: Apache-2.0 */
/* chat_file.c -- reads conversations, and packs what a model learns from them into rows. */
#include "model/chat_file.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/log.h"
#include "base/progress.h"
#include "model/samples.h"

enum { LIMIT = 1 << 30 };

static void
push(struct fl_chat_file *f, uint32_t id, int flag)
{
	f->id = fl_grow(f->id, &f->id_cap, f->n + 1, sizeof *f->id);
	f->flag = fl_grow(f->flag, &f->flag_cap, f->n + 1, sizeof *f->flag);
	f->id[f->n] = id;
	f->flag[f->n++] = (uint8_t)flag;
	f->answers += (flag & FL_SAMPLE_SCORED) != 0;
}

/* Fills the row, as a document of its own. */
static void
fill(struct fl_chat_file *f, size_t length, const struct fl_tokenizer *t)
{
	long eot = fl_tokenizer_eot(t);

	for (int flag = FL_SAMPLE_BEGINS; f->n % length; flag = 0)
		push(f, eot < 0 ? 0 : (uint32_t)eot, flag);
}

static void
pack(struct fl_chat_file *f, const struct fl_chat_rendering *t, size_t length, const struct fl_tokenizer *by)
{
	size_t n = t->ids.n < length ? t->ids.n : length, answers = 0;

	for (size_t i = 1; i < n; i++)
		answers += t->answer[i];
	if (answers == 0) {
		f->left_out++;
		return;
	}
	f->renderings++;
	f->cut += n < t->ids.n;
	if (f->n % length + n > length)
		fill(f, length, by);
	for (size_t i = 0; i < n; i++)
		push(f, t->ids.v[i], (i == 0 ? FL_SAMPLE_BEGINS : t->answer[i] ? FL_SAMPLE_SCORED : 0));
}

static int
check_ids(const struct fl_ids *ids, size_t vocab, struct fl_err *err)
{
	for (size_t i = 0; i < ids->n; i++)
		if (ids->v[i] >= vocab)
			return fl_err_data(err, "token %u is beyond the model's vocabulary of %zu", ids->v[i],
			    vocab);
	return 0;
}

/* What was met and is not used. */
struct trouble {
	size_t n;
	struct fl_err first;
};

struct reading {
	struct fl_chat_file *f;
	struct fl_chat *chat;
	struct fl_chat_tokens tokens;
	size_t length, vocab, line; /* line 0: the file is one value */
	struct trouble conversations, answers;
};

/* number: of a conversation in a list of them, from 1; 0: it stands alone. */
static void
note(const struct reading *r, struct trouble *t, size_t n, size_t number, struct fl_err *why)
{
	if (number > 0)
		fl_err_prefix(why, "conversation %zu", number);
	if (r->line > 0)
		fl_err_prefix(why, "line %zu", r->line);
	if (t->n == 0)
		t->first = *why;
	t->n += n;
}

static void
read_conversation(struct reading *r, const struct fl_json *v, size_t number)
{
	struct fl_chat_tokens *t = &r->tokens;
	struct fl_err err = { 0 };
	int rc = fl_chat_encode(r->chat, v, t, &err);

	for (size_t i = 0; rc == 0 && i < t->n; i++)
		rc = check_ids(&t->v[i].ids, r->vocab, &err);
	if (rc < 0) {
		note(r, &r->conversations, 1, number, &err);
		return;
	}
	r->f->conversations++;
	for (size_t i = 0; i < t->n; i++)
		pack(r->f, &t->v[i], r->length, fl_chat_tokenizer(r->chat));
	if (t->missed > 0)
		note(r, &r->answers, t->missed, number, &t->why);
}

/* A list of anything but messages is one of conversations. */
static void
read_value(struct reading *r, const struct fl_json *v)
{
	bool list = fl_json_type(v) == FL_JSON_ARRAY && fl_json_len(v) > 0 && !fl_json_get(fl_json_at(v, 0), "role");

	if (!list)
		read_conversation(r, v, 0);
	for (size_t i = 0; list && i < fl_json_len(v); i++)
		read_conversation(r, fl_json_at(v, i), i + 1);
}

static bool
read_text(struct reading *r, const char *text, size_t n, struct fl_err *err)
{
	struct fl_json *v = fl_json_parse(text, n, "conversation", err);

	if (v)
		read_value(r, v);
	fl_json_free(v);
	return v;
}

static void
read_lines(struct reading *r, const char *text, size_t size)
{
	for (size_t at = 0, n; at < size; at += n + 1) {
		const char *line = text + at, *end = memchr(line, '\n', size - at);
		struct fl_err err = { 0 };
		size_t space = 0;

		n = end ? (size_t)(end - line) : size - at;
		while (space < n && (line[space] == ' ' || line[space] == '\t' || line[space] == '\r'))
			space++;
		r->line++;
		if (space < n && !read_text(r, line, n, &err))
			note(r, &r->conversations, 1, 0, &err);
		fl_progress_add(n + 1);
	}
}

/* Lines, unless the first is no value and the whole is one; what is wrong with the whole then, in err. */
static void
read_file(struct reading *r, const char *text, size_t size, struct fl_err *err)
{
	static const char mark[] = "\xef\xbb\xbf"; /* of byte order */
	size_t skip = size >= 3 && memcmp(text, mark, 3) == 0 ? 3 : 0, n;
	const char *end;
	struct fl_json *v;

	text += skip, size -= skip;
	end = memchr(text, '\n', size);
	n = end ? (size_t)(end - text) : size;
	fl_progress_begin("encoding conversations", "B", size);
	v = fl_json_parse(text, n, "", &(struct fl_err){ 0 });
	if (v || !read_text(r, text, size, err))
		read_lines(r, text, size);
	fl_progress_end();
	fl_json_free(v);
}

static int
check(const struct reading *r, const char *name, const struct fl_err *whole, struct fl_err *err)
{
	const struct trouble *c = &r->conversations, *a = &r->answers;
	size_t used = r->f->conversations;

	if (used == 0 && c->n > 0)
		return fl_err_data(err, "'%s' has nothing to learn from: %s", name,
		    whole->code ? whole->text : c->first.text);
	if (r->f->renderings == 0)
		return fl_err_data(err, "'%s' has no conversation with an answer within %zu tokens", name, r->length);
	if (c->n > 0)
		fl_warn("'%s': conversations that cannot be used: %zu of %zu, the first: %s", name, c->n, c->n + used,
		    c->first.text);
	if (a->n > 0)
		fl_warn("'%s': answers whose place is not found: %zu, the first: %s", name, a->n, a->first.text);
	return 0;
}

int
fl_chat_file_read(struct fl_chat_file *f, const char *path, struct fl_chat *c, size_t length,
    size_t vocab, struct fl_err *err)
{
	struct reading r = { .f = f, .chat = c, .length = length, .vocab = vocab };
	struct fl_err whole = { 0 };
	struct fl_file in;
	int rc;

	*f = (struct fl_chat_file){ 0 };
	if (fl_file_open(&in, path, LIMIT, err) < 0)
		return -1;
	read_file(&r, in.data, in.size, &whole);
	fl_file_close(&in);
	fl_chat_tokens_free(&r.tokens);
	rc = check(&r, fl_input_name(path), &whole, err);
	if (rc < 0)
		fl_chat_file_free(f);
	else
		fill(f, length, fl_chat_tokenizer(c));
	return rc;
}

void
fl_chat_file_free(struct fl_chat_file *f)
{
	free(f->id);
	free(f->flag);
	*f = (struct fl_chat_file){ 0 };
}
