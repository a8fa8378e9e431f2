/* SPDX-License-Identifier: Apache-2.0 */
/* normalizer.h -- what a tokenizer does to text before it cuts words: steps, one after the other. */
#ifndef FL_TEXT_NORMALIZER_H
#define FL_TEXT_NORMALIZER_H

#include <stddef.h>

#include "base/str.h"

enum { FL_NORMALIZER_STEPS = 16 };

enum fl_normalizer_kind {
	FL_NORMALIZE_NFC,
	FL_NORMALIZE_PREPEND, /* `with` before text that is not empty */
	FL_NORMALIZE_REPLACE, /* each `what`, not empty, by `with` */
};

/* Zero-initialise. */
struct fl_normalizer {
	size_t n;
	struct fl_normalizer_step {
		enum fl_normalizer_kind kind;
		struct fl_str what, with;
	} step[FL_NORMALIZER_STEPS];
};

void fl_normalizer_free(struct fl_normalizer *n);

/* Points *out at the result: text itself, or one of the two rooms. text is valid UTF-8. */
void fl_normalizer_run(const struct fl_normalizer *n, const char *text, size_t len,
    struct fl_str room[2], const char **out, size_t *out_len);

#endif
