/* SPDX-License-Identifier: Apache-2.0 */
/* gguf_import_bpe.c -- makes the vocabulary and merges of a tokenizer.json: merges as the file lists them, or of a
 * sentencepiece tokenizer, which has none, as they follow from scores: every cut of a token into two others is one, and
 * that of the highest score comes first. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "export/gguf_import_words.h"
#include "text/utf8.h"

static struct fl_json *
make_vocab(const struct fl_gguf_words *w)
{
	struct fl_json *vocab = fl_json_new_object();

	for (size_t i = 0; i < w->n; i++) {
		if (!fl_gguf_import_has_token(w->keys, i))
			continue;
		if (fl_json_get(vocab, w->text[i])) {
			fl_err_data(w->err, "token %zu, '%s', stands there twice", i, w->text[i]);
			fl_json_free(vocab);
			return NULL;
		}
		fl_json_set(vocab, w->text[i], fl_json_new_int((long long)i));
	}
	return vocab;
}

static void
push_pair(struct fl_json *list, const char *left, size_t left_len, const char *right)
{
	struct fl_json *pair = fl_json_new_array();
	char *text = fl_strndup(left, left_len);

	fl_json_push(pair, fl_json_new_str(text));
	fl_json_push(pair, fl_json_new_str(right));
	fl_json_push(list, pair);
	free(text);
}

/* Merges stand there as two parts with a space between them; the first part may begin with a space. */
static int
listed_merges(const struct fl_gguf_words *w, struct fl_json *list)
{
	size_t n = fl_gguf_keys_strings(w->keys, FL_GGUF_TOKENIZER "merges");

	if (n == 0)
		return fl_err_data(w->err, "the file has no merges");
	for (size_t i = 0; i < n; i++) {
		size_t len;
		const char *text = fl_gguf_keys_string(w->keys, FL_GGUF_TOKENIZER "merges", i, &len);
		const char *space = len > 1 ? memchr(text + 1, ' ', len - 1) : NULL;
		char *right;

		if (!space || memchr(text, '\0', len) || fl_utf8_valid(text, len) < len)
			return fl_err_data(w->err, "merge %zu is no pair of tokens", i);
		right = fl_strndup(space + 1, (size_t)(text + len - space - 1));
		push_pair(list, text, (size_t)(space - text), right);
		free(right);
	}
	return 0;
}

struct scored {
	double score;
	size_t id;
};

static int
by_score(const void *x, const void *y)
{
	const struct scored *a = x, *b = y;

	return a->score != b->score ? (a->score < b->score ? 1 : -1) : (a->id > b->id) - (a->id < b->id);
}

static bool
is_made(const struct fl_gguf_words *w, size_t i)
{
	return (w->type[i] == FL_GGUF_TOKEN_NORMAL || w->type[i] == FL_GGUF_TOKEN_USER) && *w->text[i];
}

/* Returns the token of that text, -1 if there is none that takes part in merges. */
static long long
part(const struct fl_gguf_words *w, const struct fl_json *vocab, const char *text)
{
	long long id = fl_json_int(fl_json_get(vocab, text), -1);

	return id >= 0 && is_made(w, (size_t)id) ? id : -1;
}

struct cut {
	long long left, right;
	size_t len;
};

static int
by_ids(const void *x, const void *y)
{
	const struct cut *a = x, *b = y;

	return a->left != b->left ? (a->left < b->left ? -1 : 1) : (a->right > b->right) - (a->right < b->right);
}

/* Adds every cut of token i into two tokens, in the order of their ids. */
static void
cuts_of(const struct fl_gguf_words *w, const struct fl_json *vocab, size_t i, struct fl_json *list)
{
	const char *text = w->text[i], *p = text;
	struct cut *cut = fl_alloc(strlen(text), sizeof *cut);
	size_t n = 0;
	uint32_t c;

	while (*(p = fl_utf8_next(p, &c))) {
		char *left = fl_strndup(text, (size_t)(p - text));

		cut[n] = (struct cut){ part(w, vocab, left), part(w, vocab, p), (size_t)(p - text) };
		n += cut[n].left >= 0 && cut[n].right >= 0;
		free(left);
	}
	qsort(cut, n, sizeof *cut, by_ids);
	for (size_t k = 0; k < n; k++)
		push_pair(list, text, cut[k].len, text + cut[k].len);
	free(cut);
}

static int
scored_merges(const struct fl_gguf_words *w, const struct fl_json *vocab, struct fl_json *list)
{
	enum { LONGEST = 512 }; /* bounds the time, which is that of a token's cuts */
	size_t scores = fl_gguf_keys_numbers(w->keys, FL_GGUF_TOKENIZER "scores"), n = 0;
	struct scored *order;
	int rc = 0;

	if (scores != w->n)
		return fl_err_data(w->err, "the file has %zu tokens and scores of %zu", w->n, scores);
	order = fl_alloc(w->n, sizeof *order);
	for (size_t i = 0; i < w->n && rc == 0; i++) {
		double score = fl_gguf_keys_number(w->keys, FL_GGUF_TOKENIZER "scores", i);

		if (!isfinite(score) || strlen(w->text[i]) > LONGEST)
			rc = fl_err_data(w->err, "token %zu has no score, or more than %d bytes", i, LONGEST);
		else if (is_made(w, i))
			order[n++] = (struct scored){ score, i };
	}
	qsort(order, n, sizeof *order, by_score);
	if (rc == 0 && n > 1 && order[0].score == order[n - 1].score)
		rc = fl_err_data(w->err, "all tokens have one score, which does not say what merges first");
	for (size_t i = 0; i < n && rc == 0; i++)
		cuts_of(w, vocab, order[i].id, list);
	free(order);
	return rc;
}

/* True if bytes have tokens, <0x0A>, which llama.cpp knows by their texts. */
static bool
has_bytes(const struct fl_json *vocab)
{
	char text[8];

	for (unsigned b = 0; b < 256; b++) {
		snprintf(text, sizeof text, "<0x%02X>", b);
		if (fl_json_get(vocab, text))
			return true;
	}
	return false;
}

struct fl_json *
fl_gguf_import_bpe(const struct fl_gguf_words *w)
{
	struct fl_json *o = fl_json_new_object(), *vocab = make_vocab(w), *merges = fl_json_new_array();
	const char *unk = fl_gguf_words_unknown(w);
	int rc = !vocab ? -1 : w->llama ? scored_merges(w, vocab, merges) : listed_merges(w, merges);

	fl_json_set(o, "type", fl_json_new_str("BPE"));
	fl_json_set(o, "dropout", fl_json_new_null());
	fl_json_set(o, "unk_token", unk ? fl_json_new_str(unk) : fl_json_new_null());
	fl_json_set(o, "continuing_subword_prefix", fl_json_new_null());
	fl_json_set(o, "end_of_word_suffix", fl_json_new_null());
	fl_json_set(o, "fuse_unk", fl_json_new_bool(w->llama));
	fl_json_set(o, "byte_fallback", fl_json_new_bool(w->llama && has_bytes(vocab)));
	fl_json_set(o, "ignore_merges", fl_json_new_bool(!w->llama && w->pre->ignore_merges));
	if (vocab)
		fl_json_set(o, "vocab", vocab);
	fl_json_set(o, "merges", merges);
	if (rc == 0)
		return o;
	fl_json_free(o);
	return NULL;
}
