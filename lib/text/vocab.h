/* SPDX-License-Identifier: Apache-2.0 */
/* vocab.h -- tokens by id, and ids by the token's text. */
#ifndef FL_TEXT_VOCAB_H
#define FL_TEXT_VOCAB_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { FL_VOCAB_MAX = 1 << 21 }; /* ids below this */

struct fl_token {
	char *text; /* NULL: no token has this id */
	uint32_t len;
	uint8_t type; /* enum fl_token_type */
};

/* Zero-initialise. */
struct fl_vocab {
	struct fl_token *token; /* [n] by id */
	size_t n, cap, count;	/* count: ids that have a token */
	uint32_t *slot;		/* id + 1, 0 if empty */
	size_t slots;
};

/* An id or a text that is there already is refused, as is an id out of range. */
int fl_vocab_add(struct fl_vocab *v, long long id, const char *text, size_t len, uint8_t type,
    struct fl_err *err) FL_MUST_USE;
long fl_vocab_find(const struct fl_vocab *v, const char *text, size_t len); /* the id, or -1 */
void fl_vocab_free(struct fl_vocab *v);

#endif
