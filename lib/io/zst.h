/* SPDX-License-Identifier: Apache-2.0 */
/* zst.h -- zstd streams, a thin cover over libzstd, which no other file includes. */
#ifndef FL_IO_ZST_H
#define FL_IO_ZST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum { FL_ZST_MAGIC = 4 };
bool fl_zst_begins(const void *four); /* FL_ZST_MAGIC bytes: a frame, or one to be skipped */

struct fl_unzst;

struct fl_unzst *fl_unzst_new(void);
void fl_unzst_free(struct fl_unzst *z); /* NULL is fine */

/* Decodes some of the *n bytes at *p, advancing both, and gives what came of them in *out, valid until
 * the next call: nothing only if all was used. Returns NULL, or what is wrong with the bytes. */
const char *fl_unzst_run(struct fl_unzst *z, const char **p, size_t *n, const void **out, size_t *size);
bool fl_unzst_complete(const struct fl_unzst *z); /* between two frames */

struct fl_zst;

/* Level and memory do not depend on the machine, so equal input gives equal bytes. Output goes to
 * push in pieces. */
typedef int fl_zst_push(void *ctx, const void *data, size_t n, struct fl_err *err);
struct fl_zst *fl_zst_new(fl_zst_push *push, void *ctx);
int fl_zst_put(struct fl_zst *z, const void *data, size_t n, struct fl_err *err) FL_MUST_USE;
int fl_zst_finish(struct fl_zst *z, struct fl_err *err) FL_MUST_USE; /* ends the frame */
void fl_zst_free(struct fl_zst *z);					 /* NULL is fine */

#endif
