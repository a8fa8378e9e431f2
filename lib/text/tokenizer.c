/* SPDX-License-Identifier: Apache-2.0 */
#include "text/tokenizer.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "text/bytelevel.h"
#include "text/tokenizer_impl.h"
#include "text/utf8.h"

struct fl_tokenizer *
fl_tokenizer_new(const char *json, size_t len, const char *config, size_t config_len,
    struct fl_err *err)
{
	struct fl_tokenizer *t = fl_alloc(1, sizeof *t);

	t->unk = t->bos = t->eos = t->eot = -1;
	if (fl_tokenizer_read_json(t, json, len, err) < 0 ||
	    (config && fl_tokenizer_read_config(t, config, config_len, err) < 0) ||
	    fl_tokenizer_finish(t, err) < 0) {
		fl_tokenizer_free(t);
		return NULL;
	}
	return t;
}

void
fl_tokenizer_free(struct fl_tokenizer *t)
{
	if (!t)
		return;
	fl_vocab_free(&t->vocab);
	fl_merges_free(&t->merges);
	free(t->rank);
	fl_added_free(&t->added[0]);
	fl_added_free(&t->added[1]);
	fl_normalizer_free(&t->normalizer);
	for (size_t i = 0; i < t->splits; i++)
		fl_split_free(t->split[i]);
	free(t);
}

/* Decoding ---------------------------------------------------------------------------------------- */

static void
byte_level_text(struct fl_str *out, const struct fl_token *token)
{
	const char *p = token->text, *end = p + token->len;
	size_t start = out->len;

	while (p < end) {
		uint32_t c;
		int b;

		p = fl_utf8_next(p, &c);
		b = fl_bytelevel_byte(c);
		if (b < 0) { /* not spelt in the alphabet: as it stands */
			out->len = start;
			fl_str_add(out, token->text, token->len);
			return;
		}
		fl_str_putc(out, (char)b);
	}
}

static void
sentencepiece_text(struct fl_str *out, const struct fl_token *token)
{
	const char *p = token->text, *end = p + token->len, *hit;

	if (token->type == FL_TOKEN_BYTE) {
		fl_str_putc(out, (char)strtol(p + 3, NULL, 16)); /* "<0x0A>" */
		return;
	}
	while ((hit = memmem(p, (size_t)(end - p), FL_META, FL_META_LEN))) {
		fl_str_add(out, p, (size_t)(hit - p));
		fl_str_putc(out, ' ');
		p = hit + FL_META_LEN;
	}
	fl_str_add(out, p, (size_t)(end - p));
}

static void
token_text(struct fl_str *out, const struct fl_tokenizer *t, const struct fl_token *token)
{
	if (token->type == FL_TOKEN_SPECIAL || token->type == FL_TOKEN_ADDED)
		fl_str_add(out, token->text, token->len);
	else if (t->kind == FL_TOKENIZER_BYTE_LEVEL)
		byte_level_text(out, token);
	else
		sentencepiece_text(out, token);
}

int
fl_decoder_put(struct fl_decoder *d, const struct fl_tokenizer *t, uint32_t id, struct fl_str *out,
    struct fl_err *err)
{
	struct fl_str s = { 0 };
	size_t skip;

	if (fl_tokenizer_type(t, id) == FL_TOKEN_UNUSED)
		return fl_err_data(err, "no token has the id %u", id);
	fl_str_add(&s, d->hold, d->held);
	token_text(&s, t, &t->vocab.token[id]);
	skip = !d->begun && t->strip_space && s.len > 0 && s.data[0] == ' ';
	d->begun = d->begun || s.len > 0;
	d->held = fl_utf8_unfinished(s.data, s.len);
	memcpy(d->hold, s.data + s.len - d->held, d->held);
	fl_str_add(out, s.data + skip, s.len - d->held - skip);
	fl_str_free(&s);
	return 0;
}

void
fl_decoder_end(struct fl_decoder *d, struct fl_str *out)
{
	fl_str_add(out, d->hold, d->held);
	d->held = 0;
}

int
fl_tokenizer_decode(const struct fl_tokenizer *t, const uint32_t *id, size_t n, struct fl_str *out,
    struct fl_err *err)
{
	struct fl_decoder d = { 0 };

	for (size_t i = 0; i < n; i++)
		if (fl_decoder_put(&d, t, id[i], out, err) < 0)
			return fl_err_prefix(err, "token %zu", i);
	fl_decoder_end(&d, out);
	return 0;
}

/* Description ------------------------------------------------------------------------------------- */

long
fl_tokenizer_bos(const struct fl_tokenizer *t)
{
	return t->bos;
}

long
fl_tokenizer_eos(const struct fl_tokenizer *t)
{
	return t->eos;
}

long
fl_tokenizer_eot(const struct fl_tokenizer *t)
{
	return t->eot;
}

long
fl_tokenizer_unk(const struct fl_tokenizer *t)
{
	return t->unk;
}

bool
fl_tokenizer_add_bos(const struct fl_tokenizer *t)
{
	return t->add_bos;
}

enum fl_tokenizer_kind
fl_tokenizer_kind(const struct fl_tokenizer *t)
{
	return t->kind;
}

size_t
fl_tokenizer_size(const struct fl_tokenizer *t)
{
	return t->vocab.n;
}

const char *
fl_tokenizer_token(const struct fl_tokenizer *t, uint32_t id, size_t *len)
{
	if (id >= t->vocab.n)
		return NULL;
	if (len)
		*len = t->vocab.token[id].len;
	return t->vocab.token[id].text;
}

enum fl_token_type
fl_tokenizer_type(const struct fl_tokenizer *t, uint32_t id)
{
	return id < t->vocab.n && t->vocab.token[id].text ? t->vocab.token[id].type : FL_TOKEN_UNUSED;
}

size_t
fl_tokenizer_merges(const struct fl_tokenizer *t)
{
	return t->merges.n;
}

void
fl_tokenizer_merge(const struct fl_tokenizer *t, size_t rank, uint32_t *left, uint32_t *right)
{
	*left = t->merges.v[rank].left;
	*right = t->merges.v[rank].right;
}

long
fl_tokenizer_rank(const struct fl_tokenizer *t, uint32_t id)
{
	return id < t->vocab.n ? t->rank[id] : -1;
}

bool
fl_tokenizer_ignore_merges(const struct fl_tokenizer *t)
{
	return t->ignore_merges;
}

bool
fl_tokenizer_adds_space(const struct fl_tokenizer *t)
{
	if (t->kind == FL_TOKENIZER_BYTE_LEVEL)
		return t->prefix_space;
	if (t->metaspace)
		return t->meta_prefix != FL_META_NEVER;
	for (size_t i = 0; i < t->normalizer.n; i++)
		if (t->normalizer.step[i].kind == FL_NORMALIZE_PREPEND)
			return true;
	return false;
}

size_t
fl_tokenizer_patterns(const struct fl_tokenizer *t)
{
	return t->splits;
}

const char *
fl_tokenizer_pattern(const struct fl_tokenizer *t, size_t i)
{
	return i < t->splits ? fl_split_pattern(t->split[i]) : NULL;
}
