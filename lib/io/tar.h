/* SPDX-License-Identifier: Apache-2.0 */
/* tar.h -- members of a tar, read from and written to a stream of bytes.
 *
 * A thin cover over libarchive, which no other file includes. Only plain files and directories are
 * let through; links, devices and sparse files are refused by name. */
#ifndef FL_IO_TAR_H
#define FL_IO_TAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct fl_tar;

struct fl_tar_member {
	const char *name; /* as stored; lives until the next call */
	uint64_t size;
	bool directory;
};

/* Gives the next bytes of the archive, valid until it is called again; n 0 at the end. */
typedef int fl_tar_pull(void *ctx, const void **data, size_t *n, struct fl_err *err);

/* `what` names the archive in messages and outlives the reader. */
struct fl_tar *fl_tar_open(fl_tar_pull *pull, void *ctx, const char *what);
void fl_tar_close(struct fl_tar *t); /* NULL is fine */

/* 1 with the next member; 0 at the end, which was seen to be one: two zero blocks, and nothing but
 * zeros behind them. */
int fl_tar_next(struct fl_tar *t, struct fl_tar_member *m, struct fl_err *err) FL_MUST_USE;

/* The next piece of the current member, in the memory that pull gave where it lies there in one piece;
 * n 0 at its end. */
int fl_tar_data(struct fl_tar *t, const void **data, size_t *n, struct fl_err *err) FL_MUST_USE;

struct fl_tar_writer;

typedef int fl_tar_push(void *ctx, const void *data, size_t n, struct fl_err *err);

struct fl_tar_writer *fl_tar_writer_open(fl_tar_push *push, void *ctx);
/* A plain file of this size begins: owner 0, mode 0644, no date. Its bytes follow, exactly so many. */
int fl_tar_begin(struct fl_tar_writer *w, const char *name, uint64_t size, struct fl_err *err) FL_MUST_USE;
int fl_tar_put(struct fl_tar_writer *w, const void *data, size_t n, struct fl_err *err) FL_MUST_USE;
/* Writes the end marker. An archive closed without it has none and is refused by every reader. */
int fl_tar_finish(struct fl_tar_writer *w, struct fl_err *err) FL_MUST_USE;
void fl_tar_writer_close(struct fl_tar_writer *w); /* NULL is fine */

#endif
