/* SPDX-License-Identifier: Apache-2.0 */
/* tokenizer_impl.h -- inside of a tokenizer, for the files of text/ that make, run and describe it. */
#ifndef FL_TEXT_TOKENIZER_IMPL_H
#define FL_TEXT_TOKENIZER_IMPL_H

#include "base/json.h"
#include "text/added.h"
#include "text/bpe.h"
#include "text/normalizer.h"
#include "text/scan.h"
#include "text/split.h"
#include "text/tokenizer.h"
#include "text/unigram.h"
#include "text/vocab.h"

enum { FL_TOKENIZER_STEPS = 16 };

#define FL_META "\xe2\x96\x81" /* U+2581, a space in sentencepiece vocabularies */
#define FL_META_LEN 3

#define FL_NO_TOKEN UINT32_MAX

enum fl_meta { FL_META_NEVER, FL_META_FIRST, FL_META_ALWAYS };

/* What becomes of a piece that a pattern matches, the pieces between matches being left alone. */
enum fl_behavior {
	FL_SPLIT_ISOLATED, /* a word of its own */
	FL_SPLIT_REMOVED,
	FL_SPLIT_PREVIOUS,   /* joins the one before, unless that is a match */
	FL_SPLIT_NEXT,	     /* joins the one after, unless that is a match */
	FL_SPLIT_CONTIGUOUS, /* neighbouring matches are one word */
};

enum fl_step_kind {
	FL_STEP_SPLIT, /* cuts */
	FL_STEP_SPACE, /* puts a space before what does not begin with one */
	FL_STEP_SPELL, /* spells bytes in the byte-level alphabet */
	FL_STEP_META,  /* spells spaces as U+2581, puts one in front */
};

/* Pre-tokenizing: each step takes every piece that the one before it left. */
struct fl_step {
	enum fl_step_kind kind;
	struct fl_split *split;
	enum fl_behavior behavior;
	bool invert; /* what lies between the matches is the match */
	enum fl_meta prefix;
};

struct fl_tokenizer {
	enum fl_tokenizer_kind kind;
	struct fl_vocab vocab; /* the model's tokens and the added ones */
	struct fl_merges merges;
	struct fl_unigram *unigram; /* in place of merges */
	uint32_t *rank;		    /* [vocab.n] lowest that makes the token, UINT32_MAX: none */
	uint32_t byte_id[256];	    /* byte level, or byte_fallback: the token of a byte, or FL_NO_TOKEN */
	bool byte_fallback, fuse_unk, ignore_merges;
	long unk, bos, eos, eot, pad;
	bool no_eos; /* null, which is said */
	bool add_bos, add_eos;

	struct fl_added added[2]; /* looked for before, and after, normalising */
	struct fl_normalizer normalizer;
	struct fl_step step[FL_TOKENIZER_STEPS];
	size_t steps;
	bool spelt;    /* words come in the byte-level alphabet */
	bool meta_cut; /* no token has a U+2581 behind something else: cutting there changes nothing */
	bool cuts;     /* fl_tokenizer_cut() may */

	bool strip_space; /* decoding drops one space at the start */
};

/* The forms, each read into a zeroed t whose ids are -1 ------------------------------------------- */

int fl_tokenizer_read_json(struct fl_tokenizer *t, const struct fl_tokenizer_text *file,
    struct fl_err *err) FL_MUST_USE;
int fl_tokenizer_read_model(struct fl_tokenizer *t, const struct fl_tokenizer_text *file,
    struct fl_err *err) FL_MUST_USE; /* sentencepiece, or tiktoken */
int fl_tokenizer_read_tiktoken(struct fl_tokenizer *t, const struct fl_tokenizer_text *file,
    struct fl_err *err) FL_MUST_USE;
int fl_tokenizer_read_merges(struct fl_tokenizer *t, const struct fl_tokenizer_text *file,
    struct fl_err *err) FL_MUST_USE; /* vocab.json and merges.txt */

/* Parts of tokenizer.json. */
int fl_tokenizer_read_pre(struct fl_tokenizer *t, const struct fl_json *pre, struct fl_err *err)
    FL_MUST_USE;
int fl_tokenizer_read_pipeline(struct fl_tokenizer *t, const struct fl_json *root,
    struct fl_err *err) FL_MUST_USE;
int fl_metaspace_prefix(const struct fl_json *v); /* enum fl_meta of a Metaspace, -1 if unknown */

/* Their common steps ------------------------------------------------------------------------------- */

/* An added token; id < 0: that of the text in the vocabulary, which must have it. */
struct fl_tokenizer_added {
	long long id;
	const char *text;
	size_t len;
	bool special, lstrip, rstrip, single_word, normalized;
	bool user; /* sentencepiece's: found in normalised text, and not normalised itself */
};

int fl_tokenizer_add(struct fl_tokenizer *t, struct fl_tokenizer_added a, struct fl_err *err)
    FL_MUST_USE;

/* One that may have been added before, and is special from here on. */
int fl_tokenizer_add_special(struct fl_tokenizer *t, struct fl_tokenizer_added a, struct fl_err *err)
    FL_MUST_USE;

/* From an object with its flags, of which `normalized` counts only if normalize. */
int fl_tokenizer_add_json(struct fl_tokenizer *t, long long id, const struct fl_json *v, bool normalize,
    struct fl_err *err) FL_MUST_USE;

/* The added tokens that stand outside of a vocabulary: added_tokens_decoder of tokenizer_config.json,
 * added_tokens.json, and the roles ("bos_token", ...) of tokenizer_config.json and
 * special_tokens_map.json. */
int fl_tokenizer_add_listed(struct fl_tokenizer *t, const struct fl_tokenizer_text *file,
    struct fl_err *err) FL_MUST_USE;

/* Tokens from an object of ids by text. */
int fl_tokenizer_add_vocab(struct fl_tokenizer *t, const struct fl_json *vocab, struct fl_err *err)
    FL_MUST_USE;

int fl_tokenizer_add_merge(struct fl_tokenizer *t, size_t rank, const char *left, size_t left_len,
    const char *right, size_t right_len, struct fl_err *err) FL_MUST_USE;

/* Merges that follow from scores: any two tokens merge that make a third, the highest score first.
 * score [vocab.n], NAN for a token that neither merges nor is made. */
int fl_tokenizer_score_merges(struct fl_tokenizer *t, const float *score, struct fl_err *err)
    FL_MUST_USE;

/* A step that cuts at matches of a regular expression, or of a literal text. */
int fl_tokenizer_add_split(struct fl_tokenizer *t, const char *pattern, bool literal,
    enum fl_behavior behavior, bool invert, struct fl_err *err) FL_MUST_USE;
int fl_tokenizer_add_step(struct fl_tokenizer *t, struct fl_step step, struct fl_err *err)
    FL_MUST_USE;

/* Reads BOS, EOS and their policy from special_tokens_map.json, and over it tokenizer_config.json. */
int fl_tokenizer_read_config(struct fl_tokenizer *t, const struct fl_tokenizer_text *file,
    struct fl_err *err) FL_MUST_USE;

/* Whether there are places where cutting a text changes nothing, see fl_tokenizer_cut(). */
bool fl_tokenizer_allows_cuts(const struct fl_tokenizer *t);

/* What follows from the rest: bytes, ranks, end of text. */
int fl_tokenizer_finish(struct fl_tokenizer *t, struct fl_err *err) FL_MUST_USE;

#endif
