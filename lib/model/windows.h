/* SPDX-License-Identifier: Apache-2.0 */
/* windows.h -- a stream of tokens cut into the sequences that a model sees.
 *
 * Window i begins `stride` tokens after window i-1 and has `context` of them; the last one ends with
 * the stream and may be shorter. With BOS each window has one in front, which counts as one of its
 * `context` tokens and is none of the stream's. The tokens of window i from `fresh` on are those that
 * no window before it could predict, less the first `skip` of the window: summed over windows each
 * token counts at most once, and the first of a window never. A last window of one token is none. */
#ifndef FL_MODEL_WINDOWS_H
#define FL_MODEL_WINDOWS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "model/config.h"

struct fl_windows {
	const uint32_t *id; /* the stream, the caller's */
	size_t n, context, stride;
	size_t skip; /* 0 is 1 */
	long bos; /* -1: none in front */
};

struct fl_window {
	size_t start;  /* of its own tokens in the stream */
	size_t length; /* tokens, with BOS */
	size_t fresh;  /* at least 1; none are if it is not below length */
};

/* context, or if it is 0 the smaller of 2048 and c's own. */
size_t fl_windows_context(const struct fl_config *c, int context);

/* context as above; stride 0: no overlap; bos -1: none in front.
 * Refused: too few tokens to predict one, a stride that would leave tokens out. */
int fl_windows_init(struct fl_windows *w, const struct fl_config *c, int context, int stride, long bos,
    struct fl_err *err) FL_MUST_USE;

size_t fl_windows_count(const struct fl_windows *w);
struct fl_window fl_windows_at(const struct fl_windows *w, size_t i);

/* Consecutive windows of one length, to be computed at once: as many as the sizes allow, so that the
 * cut does not depend on the threads. */
struct fl_batch {
	uint32_t *id; /* [windows, length] */
	size_t first, windows, length;
};

size_t fl_windows_rows(const struct fl_windows *w); /* the most tokens of a batch */

/* The batch after b, of windows below `count`; a zeroed b asks for the first. False, and b freed,
 * after the last. */
bool fl_windows_next(const struct fl_windows *w, size_t count, struct fl_batch *b);
void fl_batch_free(struct fl_batch *b); /* for leaving early */

#endif
