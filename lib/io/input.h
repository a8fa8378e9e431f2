/* SPDX-License-Identifier: Apache-2.0 */
/* input.h -- the bytes of a file descriptor, read once, decompressed if they are zstd. */
#ifndef FL_IO_INPUT_H
#define FL_IO_INPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct fl_input;

/* fd becomes the input's, except standard input; `what` names it in messages and outlives it. */
struct fl_input *fl_input_open(int fd, const char *what);
void fl_input_close(struct fl_input *in); /* NULL is fine */

/* The next bytes, valid until the next call; n 0 at the end. A zstd frame that does not end is an
 * error. ctx is the input (an fl_tar_pull). */
int fl_input_pull(void *ctx, const void **data, size_t *n, struct fl_err *err) FL_MUST_USE;

#endif
