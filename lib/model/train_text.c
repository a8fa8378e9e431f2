/* SPDX-License-Identifier: Apache-2.0 */
#include "model/train_text.h"

#include "base/log.h"
#include "base/str.h"
#include "model/windows.h"

static void
name(struct fl_train_text *t)
{
	const struct fl_samples *s = &t->samples;
	struct fl_digest *d = fl_digest_new();
	int64_t separator = s->separator;

	fl_digest_add(d, s->id, s->n * s->length * sizeof *s->id);
	if (s->flag)
		fl_digest_add(d, s->flag, s->n * s->length);
	fl_digest_add(d, &separator, sizeof separator);
	fl_digest_hex(d, t->name);
	fl_digest_free(d);
}

int
fl_train_text_tokens(struct fl_train_text *t, const char *path, const struct fl_config *c, int context, int seed,
    const struct fl_tokenizer *documents, struct fl_err *err)
{
	struct fl_windows w;

	t->tokens = fl_tokens_open(path, (size_t)c->vocab, err);
	if (!t->tokens)
		return -1;
	w = (struct fl_windows){ .id = t->tokens->id, .n = t->tokens->n };
	if (fl_windows_init(&w, c, context, 0, -1, err) < 0 ||
	    fl_samples_init(&t->samples, w.id, w.n, w.context, seed, err) < 0)
		return fl_err_prefix(err, "'%s'", fl_input_name(path));
	if (documents) {
		t->samples.separator = fl_tokenizer_eot(documents);
		if (t->samples.separator < 0)
			return fl_err_data(err, "--documents: the tokenizer has no end-of-text token");
	}
	name(t);
	return 0;
}

int
fl_train_text_chat(struct fl_train_text *t, const char *path, const struct fl_config *c, int context, int seed,
    struct fl_chat *chat, struct fl_err *err)
{
	size_t length = fl_windows_context(c, context);

	if (fl_chat_file_read(&t->chat, path, chat, length, (size_t)c->vocab, err) < 0 ||
	    fl_samples_init(&t->samples, t->chat.id, t->chat.n, length, seed, err) < 0)
		return -1;
	t->samples.flag = t->chat.flag;
	fl_note("%zu conversations in %zu renderings, %zu of them cut, %zu more left out; "
	    "%zu rows of %zu tokens, %zu of them answers",
	    t->chat.conversations, t->chat.renderings, t->chat.cut, t->chat.left_out, t->samples.n, length,
	    t->chat.answers);
	name(t);
	return 0;
}
