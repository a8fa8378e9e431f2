/* SPDX-License-Identifier: Apache-2.0 */
/* unigram.h -- the cut of a word into tokens with the highest sum of scores (Kudo 2018).
 *
 * A character that no token covers costs 10 more than the lowest score, as in sentencepiece; of equal
 * sums the one found first stays. Viterbi: O(length of the word x length of the longest token). */
#ifndef FL_TEXT_UNIGRAM_H
#define FL_TEXT_UNIGRAM_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { FL_UNIGRAM_TOKEN_MAX = 512 }; /* bytes of a token */
#define FL_UNIGRAM_UNKNOWN UINT32_MAX

struct fl_unigram;

struct fl_unigram *fl_unigram_new(void);
void fl_unigram_free(struct fl_unigram *u); /* NULL is fine */

/* A token of 1 to FL_UNIGRAM_TOKEN_MAX bytes; the latest of equal texts counts. */
void fl_unigram_add(struct fl_unigram *u, const char *text, size_t len, uint32_t id, double score);
void fl_unigram_set_unknown(struct fl_unigram *u, double score);

/* Room for cutting, kept from call to call. Zero-initialise; one thread at a time. */
struct fl_unigram_room {
	struct fl_unigram_best *best; /* [n + 1] */
	size_t cap;
	struct fl_unigram_piece {
		uint32_t id; /* FL_UNIGRAM_UNKNOWN: one character without a token */
		uint32_t len;
	} *piece; /* the result, first to last */
	size_t pieces, piece_cap;
};

/* text is valid UTF-8 of less than 2^31 bytes. */
void fl_unigram_cut(const struct fl_unigram *u, struct fl_unigram_room *r, const char *text, size_t len);
void fl_unigram_room_free(struct fl_unigram_room *r);

#endif
