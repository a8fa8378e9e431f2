/* SPDX-License-Identifier: Apache-2.0 */
#include "model/chat_file.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
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
pack(struct fl_chat_file *f, const struct fl_chat_tokens *t, size_t length, const struct fl_tokenizer *by)
{
	size_t n = t->ids.n < length ? t->ids.n : length, answers = 0;

	for (size_t i = 1; i < n; i++)
		answers += t->answer[i];
	if (answers == 0) {
		f->left_out++;
		return;
	}
	f->conversations++;
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

static int
read_line(struct fl_chat_file *f, const char *line, size_t n, struct fl_chat *c, struct fl_chat_tokens *t,
    size_t length, size_t vocab, struct fl_err *err)
{
	struct fl_json *v = fl_json_parse(line, n, "conversation", err);
	int rc = v ? fl_chat_encode(c, v, t, err) : -1;

	if (rc == 0)
		rc = check_ids(&t->ids, vocab, err);
	if (rc == 0)
		pack(f, t, length, fl_chat_tokenizer(c));
	fl_json_free(v);
	return rc;
}

/* Every line; the number of the last in *number. */
static int
read_lines(struct fl_chat_file *f, const struct fl_file *in, struct fl_chat *c, size_t length, size_t vocab,
    size_t *number, struct fl_err *err)
{
	struct fl_chat_tokens t = { 0 };
	int rc = 0;

	fl_progress_begin("encoding conversations", "B", in->size);
	for (size_t at = 0, n; rc == 0 && at < in->size; at += n + 1) {
		const char *line = in->data + at, *end = memchr(line, '\n', in->size - at);

		n = end ? (size_t)(end - line) : in->size - at;
		++*number;
		rc = read_line(f, line, n, c, &t, length, vocab, err);
		fl_progress_add(n + 1);
	}
	fl_progress_end();
	fl_chat_tokens_free(&t);
	return rc;
}

int
fl_chat_file_read(struct fl_chat_file *f, const char *path, struct fl_chat *c, size_t length,
    size_t vocab, struct fl_err *err)
{
	const char *name = fl_input_name(path);
	struct fl_file in;
	size_t line = 0;
	int rc;

	*f = (struct fl_chat_file){ 0 };
	if (fl_file_open(&in, path, LIMIT, err) < 0)
		return -1;
	rc = read_lines(f, &in, c, length, vocab, &line, err);
	fl_file_close(&in);
	if (rc < 0)
		fl_err_prefix(err, "'%s', line %zu", name, line);
	else if (f->conversations == 0)
		rc = fl_err_data(err, "'%s' has no conversation with an answer within %zu tokens", name, length);
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
