/* SPDX-License-Identifier: Apache-2.0 */
/* encoder.c -- text to ids: added tokens, normaliser, words, symbols, merges.
 *
 * Natural text repeats its words: each encoder remembers the ids of short ones. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/digest.h"
#include "base/log.h"
#include "text/bytelevel.h"
#include "text/tokenizer_impl.h"
#include "text/utf8.h"

enum { WORDS = 1 << 17, WORD_LEN = 18, WORD_IDS = 3 };

struct word {
	uint8_t len, n; /* len 0: empty */
	char text[WORD_LEN];
	uint32_t id[WORD_IDS];
};

struct fl_encoder {
	const struct fl_tokenizer *t;
	struct fl_split_room *room;
	struct fl_bpe bpe;
	struct fl_ids work;	 /* symbols of one word */
	struct fl_unigram_room unigram;
	struct fl_str normal[2];		     /* normalised text */
	struct fl_str respelt[FL_TOKENIZER_STEPS]; /* pieces, by the step that spells them anew */
	struct fl_str spelt;			     /* a word in the byte-level alphabet */
	struct word *word;	 /* [WORDS], by hash; the latest stays */
	size_t missed;		 /* bytes that no token stood for */
};

struct fl_encoder *
fl_encoder_new(const struct fl_tokenizer *t)
{
	struct fl_encoder *e = fl_alloc(1, sizeof *e);

	e->t = t;
	e->room = fl_split_room_new();
	e->word = fl_alloc(WORDS, sizeof *e->word);
	return e;
}

void
fl_encoder_free(struct fl_encoder *e)
{
	if (!e)
		return;
	fl_split_room_free(e->room);
	fl_bpe_free(&e->bpe);
	free(e->work.v);
	fl_str_free(&e->normal[0]);
	fl_str_free(&e->normal[1]);
	fl_unigram_room_free(&e->unigram);
	for (size_t i = 0; i < FL_TOKENIZER_STEPS; i++)
		fl_str_free(&e->respelt[i]);
	fl_str_free(&e->spelt);
	free(e->word);
	free(e);
}

void
fl_encoder_remark(struct fl_encoder *const *e, size_t n)
{
	size_t missed = 0;

	for (size_t i = 0; i < n; i++)
		missed += e[i]->missed;
	if (missed)
		fl_warn("%zu bytes of text have no token in the vocabulary: %s", missed,
		    e[0]->t->unk < 0 ? "left out" : "written as the unknown token");
}

void
fl_ids_push(struct fl_ids *ids, uint32_t id)
{
	if (ids->n == ids->cap)
		ids->v = fl_grow(ids->v, &ids->cap, ids->n + 1, sizeof *ids->v);
	ids->v[ids->n++] = id;
}

/* One word ---------------------------------------------------------------------------------------- */

/* What the symbols of a word are found with. An unknown one waits until a known one comes, in front of which
 * it goes; bytes of byte_fallback overtake it, as in Hugging Face's package. */
struct symbols {
	struct fl_encoder *e;
	bool unknown; /* one waits */
};

static void
known_symbol(struct symbols *s, uint32_t id)
{
	if (s->unknown)
		fl_ids_push(&s->e->work, (uint32_t)s->e->t->unk);
	s->unknown = false;
	fl_ids_push(&s->e->work, id);
}

/* For text[0 .. len) without a token: unknown, one for all that follow one another with fuse_unk; left out
 * where the tokenizer has no unknown token. */
static void
unknown_symbol(struct symbols *s, size_t len)
{
	const struct fl_tokenizer *t = s->e->t;

	if (t->unk < 0 || t->byte_fallback || t->kind == FL_TOKENIZER_BYTE_LEVEL)
		s->e->missed += len;
	if (t->unk >= 0 && s->unknown && !t->fuse_unk)
		fl_ids_push(&s->e->work, (uint32_t)t->unk);
	s->unknown = t->unk >= 0;
}

static void
end_symbols(struct symbols *s)
{
	if (s->unknown)
		fl_ids_push(&s->e->work, (uint32_t)s->e->t->unk);
}

/* The tokens of the bytes of text, if all have one. */
static bool
fallback_symbols(struct fl_encoder *e, const char *text, size_t len)
{
	const struct fl_tokenizer *t = e->t;

	for (size_t i = 0; i < len; i++)
		if (!t->byte_fallback || t->byte_id[(unsigned char)text[i]] == FL_NO_TOKEN)
			return false;
	for (size_t i = 0; i < len; i++)
		fl_ids_push(&e->work, t->byte_id[(unsigned char)text[i]]);
	return true;
}

static void
byte_symbols(struct fl_encoder *e, const char *text, size_t len)
{
	struct symbols s = { .e = e };

	for (size_t i = 0; i < len; i++) {
		uint32_t id = e->t->byte_id[(unsigned char)text[i]];

		if (id != FL_NO_TOKEN)
			known_symbol(&s, id);
		else
			unknown_symbol(&s, 1);
	}
	end_symbols(&s);
}

static void
char_symbols(struct fl_encoder *e, const char *text, size_t len)
{
	struct symbols s = { .e = e };

	for (const char *p = text, *next; p < text + len; p = next) {
		uint32_t c;
		long id;

		next = fl_utf8_next(p, &c);
		id = fl_vocab_find(&e->t->vocab, p, (size_t)(next - p));
		if (id >= 0)
			known_symbol(&s, (uint32_t)id);
		else if (!fallback_symbols(e, p, (size_t)(next - p)))
			unknown_symbol(&s, (size_t)(next - p));
	}
	end_symbols(&s);
}

static void
spell(struct fl_str *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char c[4];

		fl_str_add(out, c, fl_utf8_put(c, fl_bytelevel_char((unsigned char)text[i])));
	}
}

/* The token that is the whole word, or -1. */
static long
whole(struct fl_encoder *e, const char *text, size_t len)
{
	if (e->t->kind != FL_TOKENIZER_BYTE_LEVEL || e->t->spelt)
		return fl_vocab_find(&e->t->vocab, text, len);
	fl_str_clear(&e->spelt);
	spell(&e->spelt, text, len);
	return fl_vocab_find(&e->t->vocab, e->spelt.data, e->spelt.len);
}

static bool
is_unknown(const struct fl_tokenizer *t, uint32_t id)
{
	return id == FL_UNIGRAM_UNKNOWN || (t->unk >= 0 && id == (uint32_t)t->unk);
}

/* A run of pieces that no token covers, or that are the text of the unknown one: that, if it is no more;
 * its bytes; or one unknown for all. */
static int
unknown_run(struct fl_encoder *e, const char *text, size_t len, struct fl_err *err)
{
	const struct fl_tokenizer *t = e->t;
	uint32_t c;

	if (fl_vocab_find(&t->vocab, text, len) < 0) {
		if (fallback_symbols(e, text, len))
			return 0;
		if (t->byte_fallback)
			e->missed += len;
	}
	fl_utf8_next(text, &c);
	if (t->unk < 0)
		return fl_err_data(err, "the tokenizer has no token for U+%04X", c);
	fl_ids_push(&e->work, (uint32_t)t->unk);
	return 0;
}

/* The best cut. */
static int
cut_unigram(struct fl_encoder *e, const char *text, size_t len, struct fl_err *err)
{
	const struct fl_unigram_room *r = &e->unigram;

	fl_unigram_cut(e->t->unigram, &e->unigram, text, len);
	for (size_t i = 0, n; i < r->pieces; text += n) {
		n = 0;
		while (i < r->pieces && is_unknown(e->t, r->piece[i].id))
			n += r->piece[i++].len;
		if (n > 0) {
			if (unknown_run(e, text, n, err) < 0)
				return -1;
		} else {
			fl_ids_push(&e->work, r->piece[i].id);
			n = r->piece[i++].len;
		}
	}
	return 0;
}

static int
merge(struct fl_encoder *e, const char *text, size_t len, struct fl_err *err)
{
	const struct fl_tokenizer *t = e->t;
	long id = t->ignore_merges ? whole(e, text, len) : -1;

	e->work.n = 0;
	if (id >= 0) {
		fl_ids_push(&e->work, (uint32_t)id);
		return 0;
	}
	if (len > INT32_MAX)
		return fl_err_data(err, "a word of %zu bytes is too long", len);
	if (t->unigram)
		return cut_unigram(e, text, len, err);
	if (t->kind == FL_TOKENIZER_BYTE_LEVEL && !t->spelt)
		byte_symbols(e, text, len);
	else
		char_symbols(e, text, len);
	e->work.n = fl_bpe_merge(&e->bpe, &t->merges, e->work.v, e->work.n);
	return 0;
}

static int
word(struct fl_encoder *e, const char *text, size_t len, struct fl_ids *out, struct fl_err *err)
{
	struct word *w = len <= WORD_LEN ? &e->word[fl_hash(text, len, 0) % WORDS] : NULL;
	size_t missed = e->missed;

	if (w && w->len == len && memcmp(w->text, text, len) == 0) {
		for (size_t i = 0; i < w->n; i++)
			fl_ids_push(out, w->id[i]);
		return 0;
	}
	if (merge(e, text, len, err) < 0)
		return -1;
	for (size_t i = 0; i < e->work.n; i++)
		fl_ids_push(out, e->work.v[i]);
	if (w && e->work.n <= WORD_IDS && e->missed == missed) {
		w->len = (uint8_t)len;
		w->n = (uint8_t)e->work.n;
		memcpy(w->text, text, len);
		memcpy(w->id, e->work.v, e->work.n * sizeof *w->id);
	}
	return 0;
}

/* Words of a text --------------------------------------------------------------------------------- */

/* A word, or where that finds the same ids, the parts of it before each U+2581 that follows something
 * else: shorter ones are found among those remembered. */
static int
cut(struct fl_encoder *e, const char *text, size_t len, struct fl_ids *out, struct fl_err *err)
{
	const char *end = text + len, *hit = text;

	while (e->t->meta_cut && hit < end &&
	    (hit = memmem(hit + 1, (size_t)(end - hit - 1), FL_META, FL_META_LEN))) {
		if (hit - text >= FL_META_LEN && memcmp(hit - FL_META_LEN, FL_META, FL_META_LEN) == 0)
			continue;
		if (word(e, text, (size_t)(hit - text), out, err) < 0)
			return -1;
		text = hit;
	}
	return text < end ? word(e, text, (size_t)(end - text), out, err) : 0;
}

/* A piece on its way through the steps: text[from .. to) of a piece of the step before. */
struct piece {
	size_t from, to;
	bool match;
};

static int steps_from(struct fl_encoder *e, size_t level, const char *text, size_t len, bool first,
    struct fl_ids *out, struct fl_err *err);

static bool
joins(enum fl_behavior b, bool before, bool match)
{
	switch (b) {
	case FL_SPLIT_PREVIOUS: return !before && match;
	case FL_SPLIT_NEXT: return before && !match;
	case FL_SPLIT_CONTIGUOUS: return before == match;
	default: return false;
	}
}

static int
pass_on(struct fl_encoder *e, size_t level, const char *text, bool first, struct piece p,
    struct fl_ids *out, struct fl_err *err)
{
	if (p.to == p.from || (p.match && e->t->step[level].behavior == FL_SPLIT_REMOVED))
		return 0;
	return steps_from(e, level + 1, text + p.from, p.to - p.from, first && p.from == 0, out, err);
}

/* Takes the next piece, which joins the one held or makes it go on. */
static int
put_piece(struct fl_encoder *e, size_t level, const char *text, bool first, struct piece *held,
    struct piece next, struct fl_ids *out, struct fl_err *err)
{
	const struct fl_step *s = &e->t->step[level];
	struct piece p = *held;

	next.match ^= s->invert;
	*held = next;
	if (p.to == p.from || !joins(s->behavior, p.match, next.match))
		return pass_on(e, level, text, first, p, out, err);
	held->from = p.from;
	return 0;
}

/* Cuts at matches: what the pattern matches and what lies between two matches are pieces. */
static int
split(struct fl_encoder *e, size_t level, const char *text, size_t len, bool first, struct fl_ids *out,
    struct fl_err *err)
{
	const struct fl_split *pattern = e->t->step[level].split;
	struct piece held = { 0 };
	size_t at = 0, from = 0, start, end;
	uint32_t c;

	for (; at < len; at = end) {
		int found = fl_split_next(pattern, e->room, text, len, from, &start, &end, err);

		if (found < 0)
			return -1;
		if (!found)
			start = end = len;
		if (start > at && put_piece(e, level, text, first, &held,
				      (struct piece){ at, start, false }, out, err) < 0)
			return -1;
		if (end > start && put_piece(e, level, text, first, &held,
				       (struct piece){ start, end, true }, out, err) < 0)
			return -1;
		from = end;
		if (end == start && end < len) /* an empty match cuts; look behind the next character */
			from = (size_t)(fl_utf8_next(text + end, &c) - text);
	}
	return pass_on(e, level, text, first, held, out, err);
}

static bool
begins_with_meta(const char *text, size_t len)
{
	return text[0] == ' ' || (len >= FL_META_LEN && memcmp(text, FL_META, FL_META_LEN) == 0);
}

/* Spells the piece anew, as the step says. */
static void
respell(const struct fl_step *s, const char *text, size_t len, bool first, struct fl_str *out)
{
	fl_str_clear(out);
	if (s->kind == FL_STEP_SPELL) {
		spell(out, text, len);
		return;
	}
	if (s->kind == FL_STEP_SPACE) {
		if (text[0] != ' ')
			fl_str_putc(out, ' ');
		fl_str_add(out, text, len);
		return;
	}
	if ((s->prefix == FL_META_ALWAYS || (s->prefix == FL_META_FIRST && first)) &&
	    !begins_with_meta(text, len))
		fl_str_add(out, FL_META, FL_META_LEN);
	for (size_t i = 0; i < len; i++)
		if (text[i] == ' ')
			fl_str_add(out, FL_META, FL_META_LEN);
		else
			fl_str_putc(out, text[i]);
}

/* One piece, not empty, through the steps from `level` on: each sees it as a text of its own. */
static int
steps_from(struct fl_encoder *e, size_t level, const char *text, size_t len, bool first,
    struct fl_ids *out, struct fl_err *err)
{
	const struct fl_tokenizer *t = e->t;

	if (level == t->steps)
		return t->meta_cut ? cut(e, text, len, out, err) : word(e, text, len, out, err);
	if (t->step[level].kind == FL_STEP_SPLIT)
		return split(e, level, text, len, first, out, err);
	respell(&t->step[level], text, len, first, &e->respelt[level]);
	return steps_from(e, level + 1, e->respelt[level].data, e->respelt[level].len, first, out, err);
}

/* Text between two added tokens: normalised, then looked through for those that are looked for in
 * normalised text. */
static int
part(struct fl_encoder *e, const char *text, size_t len, bool first, unsigned flags,
    struct fl_ids *out, struct fl_err *err)
{
	bool begins = !(flags & FL_ENCODE_CONTINUED), specials = flags & FL_ENCODE_SPECIALS;
	struct fl_normalizer_input in = { .first = begins || !first, .keep = &e->t->added[1], .room = e->room };
	size_t pos = 0, from, to;
	long id;

	if (len == 0)
		return 0;
	if (fl_normalizer_run(&e->t->normalizer, &in, text, len, e->normal, &text, &len, err) < 0)
		return -1;
	do {
		id = fl_added_next(&e->t->added[1], text, len, specials, &pos, &from, &to);
		if (to > from && steps_from(e, 0, text + from, to - from, begins && first && from == 0,
				     out, err) < 0)
			return -1;
		if (id >= 0)
			fl_ids_push(out, (uint32_t)id);
	} while (id >= 0);
	return 0;
}

int
fl_encoder_run(struct fl_encoder *e, const char *text, size_t len, unsigned flags, struct fl_ids *out,
    struct fl_err *err)
{
	size_t pos = fl_utf8_valid(text, len), from, to;
	long id;

	if (pos < len)
		return fl_err_data(err, "byte %zu is not UTF-8", pos);
	pos = 0;
	do {
		id = fl_added_next(&e->t->added[0], text, len, flags & FL_ENCODE_SPECIALS, &pos, &from, &to);
		if (part(e, text + from, to - from, from == 0, flags, out, err) < 0)
			return -1;
		if (id >= 0)
			fl_ids_push(out, (uint32_t)id);
	} while (id >= 0);
	return 0;
}

int
fl_tokenizer_encode(const struct fl_tokenizer *t, const char *text, size_t len, bool specials,
    struct fl_ids *out, struct fl_err *err)
{
	struct fl_encoder *e = fl_encoder_new(t);
	int rc = fl_encoder_run(e, text, len, specials ? FL_ENCODE_SPECIALS : 0, out, err);

	fl_encoder_remark(&e, 1);
	fl_encoder_free(e);
	return rc;
}
