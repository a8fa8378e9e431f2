/* SPDX-License-Identifier: Apache-2.0 */
/* gguf_cursor.h -- taking the header of a GGUF file apart, never beyond its end.
 *
 * What is taken stays where it is, and may be unaligned. A failure, NULL or -1, is set in err (class DATA). */
#ifndef FL_EXPORT_GGUF_CURSOR_H
#define FL_EXPORT_GGUF_CURSOR_H

#include <stdint.h>

#include "base/err.h"

struct fl_gguf_cursor {
	const char *begin, *p, *end; /* the file, and how far it has been taken */
	struct fl_err *err;
};

const void *fl_gguf_cursor_take(struct fl_gguf_cursor *c, uint64_t n); /* the next n bytes */
int fl_gguf_cursor_u32(struct fl_gguf_cursor *c, uint32_t *v) FL_MUST_USE;
int fl_gguf_cursor_u64(struct fl_gguf_cursor *c, uint64_t *v) FL_MUST_USE;

/* Takes a string: its length, at most 2^30, and its bytes, which no NUL ends. */
const char *fl_gguf_cursor_str(struct fl_gguf_cursor *c, uint64_t *len);

/* Takes a string of 1 to max bytes, none of them a NUL, as the name of `what`. The caller frees. */
char *fl_gguf_cursor_name(struct fl_gguf_cursor *c, uint64_t max, const char *what);

#endif
