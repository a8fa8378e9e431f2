/* SPDX-License-Identifier: Apache-2.0 */
/* tokens.h -- token files, fl-tokens(5): little-endian uint32 ids, no header. */
#ifndef FL_TEXT_TOKENS_H
#define FL_TEXT_TOKENS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/file.h"

struct fl_tokens {
	const uint32_t *id;
	size_t n;
	struct fl_file file; /* private */
};

/* All ids of a file, mapped where that works; path "-" is standard input. A size that is no multiple
 * of 4 is refused, and with vocab > 0 an id that is not below it, with its position. */
struct fl_tokens *fl_tokens_open(const char *path, size_t vocab, struct fl_err *err) FL_MUST_USE;
void fl_tokens_close(struct fl_tokens *t); /* NULL is fine */

#endif
