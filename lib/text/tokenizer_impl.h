/* SPDX-License-Identifier: Apache-2.0 */
/* tokenizer_impl.h -- inside of a tokenizer, for the files of text/ that make, run and describe it. */
#ifndef FL_TEXT_TOKENIZER_IMPL_H
#define FL_TEXT_TOKENIZER_IMPL_H

#include "base/json.h"
#include "text/added.h"
#include "text/bpe.h"
#include "text/normalizer.h"
#include "text/split.h"
#include "text/tokenizer.h"
#include "text/vocab.h"

enum { FL_TOKENIZER_SPLITS = 8 };

#define FL_META "\xe2\x96\x81" /* U+2581, a space in sentencepiece vocabularies */
#define FL_META_LEN 3

enum fl_meta { FL_META_NEVER, FL_META_FIRST, FL_META_ALWAYS };

struct fl_tokenizer {
	enum fl_tokenizer_kind kind;
	struct fl_vocab vocab; /* the model's tokens and the added ones */
	struct fl_merges merges;
	int32_t *rank;	       /* [vocab.n] lowest that makes the token, -1 */
	uint32_t byte_id[256]; /* byte level, or byte_fallback: the token of a byte */
	bool byte_fallback, fuse_unk, ignore_merges;
	long unk, bos, eos, eot;
	bool add_bos;

	struct fl_added added[2]; /* looked for before, and after, normalising */
	struct fl_normalizer normalizer;
	struct fl_split *split[FL_TOKENIZER_SPLITS];
	size_t splits;
	bool prefix_space; /* byte level: a space before text that does not begin with one */

	bool metaspace;		  /* spaces become U+2581 in the pre-tokenizer */
	enum fl_meta meta_prefix; /* and one stands before the text, or each part of it */
	bool meta_split;	  /* each U+2581 begins a word */
	bool meta_cut;		  /* no merge crosses into a U+2581: cutting there changes nothing */

	bool strip_space; /* decoding drops one space at the start */
};

/* Reads tokenizer.json into a zeroed t whose ids are -1. */
int fl_tokenizer_read_json(struct fl_tokenizer *t, const char *json, size_t len, struct fl_err *err)
    FL_MUST_USE;

/* Its normalizer, pre_tokenizer, post_processor and decoder. */
int fl_tokenizer_read_pipeline(struct fl_tokenizer *t, const struct fl_json *root,
    struct fl_err *err) FL_MUST_USE;

/* Reads BOS, EOS and their policy from tokenizer_config.json. */
int fl_tokenizer_read_config(struct fl_tokenizer *t, const char *json, size_t len,
    struct fl_err *err) FL_MUST_USE;

/* What follows from the rest: bytes, ranks, end of text. The vocabulary must have all bytes. */
int fl_tokenizer_finish(struct fl_tokenizer *t, struct fl_err *err) FL_MUST_USE;

#endif
