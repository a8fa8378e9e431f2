/* SPDX-License-Identifier: Apache-2.0 */
/* charsmap.h -- the precompiled character maps of sentencepiece: texts and what becomes of each.
 *
 *     4 bytes    n, the size of the trie, little-endian
 *     n bytes    the trie: a double array of 32-bit units, as darts-clone writes it
 *     the rest   what the texts become, each ended by a NUL; the trie's values are offsets into it
 *
 * An offset of a unit is where its children are: that of the child for byte b is (index ^ offset) ^ b,
 * and that of the value, where the unit says that it has one, index ^ offset. */
#ifndef FL_TEXT_CHARSMAP_H
#define FL_TEXT_CHARSMAP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"
#include "text/added.h"

struct fl_charsmap;

/* Copies. NULL with err set. */
struct fl_charsmap *fl_charsmap_new(const char *bytes, size_t len, struct fl_err *err) FL_MUST_USE;
void fl_charsmap_free(struct fl_charsmap *m); /* NULL is fine */

/* Appends text, valid UTF-8, as the package tokenizers maps it: by grapheme, what the first of the
 * texts that it begins with becomes, else by character. */
void fl_charsmap_graphemes(const struct fl_charsmap *m, const char *text, size_t len, struct fl_str *out);

/* How sentencepiece treats white space around and after mapping. */
struct fl_charsmap_rules {
	bool dummy_prefix;  /* a space in front of text */
	bool remove_extra;  /* spaces at the ends, and all but one of a run */
	bool escape;	    /* spaces become U+2581 */
};

/* Appends text as sentencepiece normalises it: by the longest of the texts that stand at each place,
 * those of `keep` staying as they are. m NULL: nothing is mapped. */
void fl_charsmap_sentencepiece(const struct fl_charsmap *m, const struct fl_charsmap_rules *rules,
    const struct fl_added *keep, const char *text, size_t len, struct fl_str *out);

#endif
