/* SPDX-License-Identifier: Apache-2.0 */
/* added.h -- finding added tokens ("<s>", "<|endoftext|>") in text. */
#ifndef FL_TEXT_ADDED_H
#define FL_TEXT_ADDED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fl_added_token {
	char *text;
	size_t len; /* at least 1 */
	uint32_t id;
	bool special;
	bool lstrip, rstrip; /* takes the white space before, after it */
	bool single_word;    /* only where no letter or digit stands before or after it */
	size_t order;	     /* of adding */
};

/* Zero-initialise. */
struct fl_added {
	struct fl_added_token *v; /* by text */
	size_t n, cap;
	bool first[256]; /* whether a token begins with this byte */
};

/* t.text is ours now; of equal texts the last added counts. */
void fl_added_add(struct fl_added *a, struct fl_added_token t);
void fl_added_sort(struct fl_added *a);				/* after the last */
void fl_added_set_special(struct fl_added *a, uint32_t id);
void fl_added_free(struct fl_added *a);

/* Length of the longest token that text begins with, 0 if it begins with none. */
size_t fl_added_length(const struct fl_added *a, const char *text, size_t len);

/* The next token in text[*pos .. len): the leftmost, of those the longest. *from and *to enclose the
 * text before it, *pos moves behind it, and its id is returned; -1 if there is no more, the rest
 * being the text. Special tokens are passed over as text unless `specials`. */
long fl_added_next(const struct fl_added *a, const char *text, size_t len, bool specials, size_t *pos,
    size_t *from, size_t *to);

#endif
