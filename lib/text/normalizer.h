/* SPDX-License-Identifier: Apache-2.0 */
/* normalizer.h -- what a tokenizer does to text before it cuts words: steps, one after the other. */
#ifndef FL_TEXT_NORMALIZER_H
#define FL_TEXT_NORMALIZER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "text/added.h"
#include "text/charsmap.h"
#include "text/split.h"

enum { FL_NORMALIZER_STEPS = 16 };

enum fl_normalizer_kind {
	FL_NORMALIZE_NFC,
	FL_NORMALIZE_NFKC,
	FL_NORMALIZE_PREPEND,	    /* `with` before text that is not empty */
	FL_NORMALIZE_REPLACE,	    /* each match of `what` by `with` */
	FL_NORMALIZE_STRIP,	    /* white space at the ends that `left` and `right` say */
	FL_NORMALIZE_PRECOMPILED,   /* a charsmap as Hugging Face's package applies it */
	FL_NORMALIZE_SENTENCEPIECE, /* a charsmap as sentencepiece does, and its white space */
};

/* Zero-initialise. */
struct fl_normalizer {
	size_t n;
	struct fl_normalizer_step {
		enum fl_normalizer_kind kind;
		struct fl_split *what;
		struct fl_str with;
		bool left, right;
		struct fl_charsmap *map; /* NULL: every character stays */
		struct fl_charsmap_rules rules;
	} step[FL_NORMALIZER_STEPS];
};

void fl_normalizer_free(struct fl_normalizer *n);

struct fl_normalizer_input {
	bool first;		     /* the text begins here: what is put in front of a text is */
	const struct fl_added *keep; /* texts that a sentencepiece normaliser leaves alone */
	struct fl_split_room *room;
};

/* Points *out at the result: text itself, or one of the two rooms. text is valid UTF-8. Text that grows
 * beyond all measure is refused. */
int fl_normalizer_run(const struct fl_normalizer *n, const struct fl_normalizer_input *in,
    const char *text, size_t len, struct fl_str room[2], const char **out, size_t *out_len,
    struct fl_err *err) FL_MUST_USE;

#endif
