/* SPDX-License-Identifier: Apache-2.0 */
/* tokenizer_sp.c -- tokenizer.model of sentencepiece: a protocol buffer, see sentencepiece.proto.
 *
 * A piece's id is its place. Its type says what it is for:
 *
 *     1 normal          made of text
 *     2 unknown         stands for what no other piece covers
 *     3 control         <s>, </s>: never made of text
 *     4 user defined    found in text before anything else, and left as it is
 *     5 unused          never made of text
 *     6 byte            of characters that no other piece covers
 *
 * A BPE merges the neighbours whose text together has the highest score. */
#include <math.h>
#include <protobuf-c/protobuf-c.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "text/sentencepiece.pb-c.h"
#include "text/tokenizer_impl.h"
#include "text/utf8.h"

enum { UNIGRAM = 1, BPE };
enum { NORMAL = 1, UNKNOWN, CONTROL, USER, UNUSED, BYTE };

/* What a message takes in memory is a multiple of its bytes, and a hostile one's a large multiple. */
enum { MOST = 512 << 20 };

static void *
take(void *left, size_t n)
{
	if (n > *(size_t *)left)
		return NULL;
	*(size_t *)left -= n;
	return fl_alloc(n, 1);
}

static void
give(void *left, void *p)
{
	(void)left;
	free(p);
}

static int
add_piece(struct fl_tokenizer *t, size_t id, const FlSp__Piece *p, struct fl_err *err)
{
	static const uint8_t type[] = { [NORMAL] = FL_TOKEN_NORMAL, [UNKNOWN] = FL_TOKEN_UNKNOWN,
		[CONTROL] = FL_TOKEN_SPECIAL, [USER] = FL_TOKEN_ADDED, [UNUSED] = FL_TOKEN_UNUSED,
		[BYTE] = FL_TOKEN_BYTE };
	const char *text = (const char *)p->piece.data;
	size_t len = p->piece.len;

	if (len == 0 || fl_utf8_valid(text, len) < len || memchr(text, '\0', len))
		return fl_err_data(err, "piece %zu is no text", id);
	if (p->type < NORMAL || p->type > BYTE)
		return fl_err_data(err, "piece %zu has the unknown type %d", id, p->type);
	if (!isfinite(p->score))
		return fl_err_data(err, "piece %zu has no score", id);
	if (fl_vocab_add(&t->vocab, (long long)id, text, len, type[p->type], err) < 0)
		return -1;
	if (p->type == CONTROL || p->type == UNKNOWN || p->type == USER)
		return fl_tokenizer_add(t, (struct fl_tokenizer_added){ .id = (long long)id,
					       .text = t->vocab.token[id].text, .len = len,
					       .special = p->type != USER, .user = p->type == USER }, err);
	return 0;
}

static int
read_pieces(struct fl_tokenizer *t, const FlSp__Model *m, struct fl_err *err)
{
	if (m->n_pieces == 0)
		return fl_err_data(err, "no pieces");
	if (m->trainer->unk_id < 0 || (size_t)m->trainer->unk_id >= m->n_pieces)
		return fl_err_data(err, "unk_id is %d, and no piece has this id", m->trainer->unk_id);
	t->unk = m->trainer->unk_id;
	for (size_t i = 0; i < m->n_pieces; i++)
		if (add_piece(t, i, m->pieces[i], err) < 0)
			return -1;
	return 0;
}

/* Unused pieces take part in no merge here, and in sentencepiece are made and then taken apart: the same
 * where nothing makes them. */
static int
check_unused(const struct fl_tokenizer *t, const float *score, struct fl_err *err)
{
	for (size_t i = 0; i < t->merges.n; i++) {
		const struct fl_merge *m = &t->merges.v[i];

		if (t->vocab.token[m->result].type == FL_TOKEN_UNUSED && !isnan(score[m->result]))
			return fl_err_data(err, "unsupported unused piece '%s', which others merge to",
			    t->vocab.token[m->result].text);
	}
	return 0;
}

static int
read_bpe(struct fl_tokenizer *t, const FlSp__Model *m, struct fl_err *err)
{
	float *score = fl_alloc(m->n_pieces, sizeof *score);
	int rc;

	for (size_t i = 0; i < m->n_pieces; i++)
		score[i] = m->pieces[i]->type == NORMAL || m->pieces[i]->type == UNUSED ? m->pieces[i]->score
											 : NAN;
	rc = fl_tokenizer_score_merges(t, score, err);
	if (rc == 0)
		rc = check_unused(t, score, err);
	free(score);
	return rc;
}

/* A user-defined piece scores better than any cut of its text. */
static int
read_unigram(struct fl_tokenizer *t, const FlSp__Model *m, struct fl_err *err)
{
	double lowest = INFINITY, highest = -INFINITY;

	t->unigram = fl_unigram_new();
	for (size_t i = 0; i < m->n_pieces; i++)
		if (m->pieces[i]->type == NORMAL) {
			lowest = fmin(lowest, (double)m->pieces[i]->score);
			highest = fmax(highest, (double)m->pieces[i]->score);
		}
	for (size_t i = 0; i < m->n_pieces; i++) {
		const FlSp__Piece *p = m->pieces[i];

		if (p->type != NORMAL && p->type != USER)
			continue;
		if (p->piece.len > FL_UNIGRAM_TOKEN_MAX)
			return fl_err_data(err, "piece %zu has %zu bytes, more than %d", i, p->piece.len,
			    FL_UNIGRAM_TOKEN_MAX);
		fl_unigram_add(t->unigram, (const char *)p->piece.data, p->piece.len, (uint32_t)i,
		    p->type == NORMAL ? (double)p->score : (double)p->piece.len * highest - 0.1);
	}
	fl_unigram_set_unknown(t->unigram, lowest - 10);
	return 0;
}

static int
read_normalizer(struct fl_tokenizer *t, const FlSp__Normalizer *n, struct fl_err *err)
{
	struct fl_normalizer_step *s = &t->normalizer.step[t->normalizer.n++];

	s->kind = FL_NORMALIZE_SENTENCEPIECE;
	s->rules = (struct fl_charsmap_rules){ n->add_dummy_prefix, n->remove_extra_whitespaces,
		n->escape_whitespaces };
	t->strip_space = n->add_dummy_prefix || n->remove_extra_whitespaces;
	if (n->precompiled_charsmap.len == 0)
		return 0;
	s->map = fl_charsmap_new((const char *)n->precompiled_charsmap.data, n->precompiled_charsmap.len, err);
	return s->map ? 0 : -1;
}

static int
read_model(struct fl_tokenizer *t, const FlSp__Model *m, struct fl_err *err)
{
	if (!m->trainer || !m->normalizer)
		return fl_err_data(err, "no %s", m->trainer ? "normalizer" : "trainer");
	if (m->trainer->model_type != BPE && m->trainer->model_type != UNIGRAM)
		return fl_err_data(err, "unsupported model type %d: neither unigram nor bpe",
		    m->trainer->model_type);
	if (m->trainer->treat_whitespace_as_suffix)
		return fl_err_data(err, "unsupported treat_whitespace_as_suffix");
	t->kind = m->trainer->model_type == BPE ? FL_TOKENIZER_SENTENCEPIECE : FL_TOKENIZER_UNIGRAM;
	t->byte_fallback = m->trainer->byte_fallback;
	t->fuse_unk = true;
	if (read_normalizer(t, m->normalizer, err) < 0 || read_pieces(t, m, err) < 0 ||
	    (t->kind == FL_TOKENIZER_UNIGRAM ? read_unigram : read_bpe)(t, m, err) < 0)
		return -1;
	t->bos = m->trainer->bos_id >= 0 && (size_t)m->trainer->bos_id < m->n_pieces ? m->trainer->bos_id : -1;
	t->eos = m->trainer->eos_id >= 0 && (size_t)m->trainer->eos_id < m->n_pieces ? m->trainer->eos_id : -1;
	t->add_bos = t->bos >= 0;
	return 0;
}

/* Lines of tiktoken are printable; a sentencepiece model begins with the tag of its first piece. */
static bool
is_tiktoken(const struct fl_tokenizer_text *f)
{
	return f->len > 0 && f->data[0] > ' ' && f->data[0] < 0x7f;
}

int
fl_tokenizer_read_model(struct fl_tokenizer *t, const struct fl_tokenizer_text *file, struct fl_err *err)
{
	const struct fl_tokenizer_text *f = &file[FL_TOKENIZER_MODEL];
	size_t left = MOST;
	ProtobufCAllocator room = { take, give, &left };
	FlSp__Model *m;
	int rc = -1;

	if (is_tiktoken(f))
		return fl_tokenizer_read_tiktoken(t, file, err);
	m = fl_sp__model__unpack(&room, f->len, (const uint8_t *)f->data);
	if (!m)
		return fl_err_data(err, "'%s' is no sentencepiece model, or cut off",
		    fl_tokenizer_file[FL_TOKENIZER_MODEL]);
	if (read_model(t, m, err) < 0)
		fl_err_prefix(err, "'%s'", fl_tokenizer_file[FL_TOKENIZER_MODEL]);
	else
		rc = fl_tokenizer_add_listed(t, file, err);
	fl_sp__model__free_unpacked(m, &room);
	return rc;
}
