/* SPDX-License-Identifier: Apache-2.0 */
#include "text/tokenizer.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "text/bytelevel.h"
#include "text/tokenizer_impl.h"
#include "text/utf8.h"

const char *const fl_tokenizer_file[FL_TOKENIZER_FILES] = { "tokenizer.json", "tokenizer.model",
	"vocab.json", "merges.txt", "tokenizer_config.json", "special_tokens_map.json",
	"added_tokens.json" };

static int
read_files(struct fl_tokenizer *t, const struct fl_tokenizer_text file[FL_TOKENIZER_FILES],
    struct fl_err *err)
{
	if (file[FL_TOKENIZER_JSON].data)
		return fl_tokenizer_read_json(t, file, err);
	if (file[FL_TOKENIZER_MODEL].data)
		return fl_tokenizer_read_model(t, file, err);
	if (file[FL_TOKENIZER_VOCAB].data && file[FL_TOKENIZER_MERGES].data)
		return fl_tokenizer_read_merges(t, file, err);
	return fl_err_data(err, "no tokenizer: none of %s, %s, %s with %s",
	    fl_tokenizer_file[FL_TOKENIZER_JSON], fl_tokenizer_file[FL_TOKENIZER_MODEL],
	    fl_tokenizer_file[FL_TOKENIZER_VOCAB], fl_tokenizer_file[FL_TOKENIZER_MERGES]);
}

struct fl_tokenizer *
fl_tokenizer_new(const struct fl_tokenizer_text file[FL_TOKENIZER_FILES], struct fl_err *err)
{
	struct fl_tokenizer *t = fl_alloc(1, sizeof *t);

	t->unk = t->bos = t->eos = t->eot = t->pad = -1;
	if (read_files(t, file, err) < 0 || fl_tokenizer_read_config(t, file, err) < 0 ||
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
	fl_unigram_free(t->unigram);
	free(t->rank);
	fl_added_free(&t->added[0]);
	fl_added_free(&t->added[1]);
	fl_normalizer_free(&t->normalizer);
	for (size_t i = 0; i < t->steps; i++)
		fl_split_free(t->step[i].split);
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
fl_tokenizer_pad(const struct fl_tokenizer *t)
{
	return t->pad;
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
fl_tokenizer_add_eos(const struct fl_tokenizer *t)
{
	return t->add_eos;
}

bool
fl_tokenizer_add_bos(const struct fl_tokenizer *t)
{
	return t->add_bos;
}

long
fl_tokenizer_begin(const struct fl_tokenizer *t)
{
	return t->add_bos || t->eot < 0 ? t->bos : t->eot;
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
fl_tokenizer_merge(const struct fl_tokenizer *t, size_t i, uint32_t *left, uint32_t *right)
{
	*left = t->merges.v[i].left;
	*right = t->merges.v[i].right;
}

long
fl_tokenizer_rank(const struct fl_tokenizer *t, uint32_t id)
{
	return id < t->vocab.n && t->rank[id] != UINT32_MAX ? (long)t->rank[id] : -1;
}

bool
fl_tokenizer_ignore_merges(const struct fl_tokenizer *t)
{
	return t->ignore_merges;
}

bool
fl_tokenizer_adds_space(const struct fl_tokenizer *t)
{
	for (size_t i = 0; i < t->normalizer.n; i++)
		if (t->normalizer.step[i].kind == FL_NORMALIZE_PREPEND ||
		    t->normalizer.step[i].rules.dummy_prefix)
			return true;
	for (size_t i = 0; i < t->steps; i++)
		if (t->step[i].kind == FL_STEP_SPACE ||
		    (t->step[i].kind == FL_STEP_META && t->step[i].prefix != FL_META_NEVER))
			return true;
	return false;
}

static bool
is_meta_replace(const struct fl_normalizer_step *s)
{
	return s->kind == FL_NORMALIZE_REPLACE && fl_split_is_literal(s->what, " ") &&
	    s->with.len == FL_META_LEN && memcmp(s->with.data, FL_META, FL_META_LEN) == 0;
}

static bool
is_plain_normalizer(const struct fl_normalizer_step *s)
{
	return s->kind == FL_NORMALIZE_NFC || is_meta_replace(s) ||
	    (s->kind == FL_NORMALIZE_PREPEND && strcmp(s->with.data, FL_META) == 0) ||
	    (s->kind == FL_NORMALIZE_SENTENCEPIECE && !s->map && !s->rules.remove_extra && s->rules.escape);
}

/* The first added token, special or not, with lstrip, rstrip or single_word. */
static const struct fl_added_token *
flagged(const struct fl_tokenizer *t, bool special)
{
	for (size_t k = 0; k < 2; k++)
		for (size_t i = 0; i < t->added[k].n; i++) {
			const struct fl_added_token *a = &t->added[k].v[i];

			if (a->special == special && (a->lstrip || a->rstrip || a->single_word))
				return a;
		}
	return NULL;
}

const char *
fl_tokenizer_flagged(const struct fl_tokenizer *t)
{
	const struct fl_added_token *a = flagged(t, true);

	return a ? a->text : NULL;
}

bool
fl_tokenizer_is_plain(const struct fl_tokenizer *t)
{
	if (flagged(t, false))
		return false;
	for (size_t i = 0; i < t->normalizer.n; i++)
		if (!is_plain_normalizer(&t->normalizer.step[i]))
			return false;
	for (size_t i = 0; i < t->steps; i++) {
		const struct fl_step *s = &t->step[i];

		if (t->kind == FL_TOKENIZER_BYTE_LEVEL
			? s->kind != FL_STEP_SPLIT || s->behavior != FL_SPLIT_ISOLATED || s->invert ||
			    !fl_split_pattern(s->split)
			: s->kind != FL_STEP_META && !fl_split_is_literal(s->split, FL_META) &&
			    !fl_split_is_literal(s->split, " "))
			return false;
	}
	return true;
}

bool
fl_tokenizer_is_nfc(const struct fl_tokenizer *t)
{
	for (size_t i = 0; i < t->normalizer.n; i++)
		if (t->normalizer.step[i].kind == FL_NORMALIZE_NFC)
			return true;
	return false;
}

size_t
fl_tokenizer_patterns(const struct fl_tokenizer *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->steps; i++)
		n += t->step[i].kind == FL_STEP_SPLIT && fl_split_pattern(t->step[i].split);
	return n;
}

const char *
fl_tokenizer_pattern(const struct fl_tokenizer *t, size_t i)
{
	for (size_t k = 0; k < t->steps; k++)
		if (t->step[k].kind == FL_STEP_SPLIT && fl_split_pattern(t->step[k].split) && i-- == 0)
			return fl_split_pattern(t->step[k].split);
	return NULL;
}
