/* SPDX-License-Identifier: Apache-2.0 */
/* output.h -- a file that appears complete or not at all.
 *
 * Bytes go to a temporary name beside the target; commit renames. An output that is neither
 * committed nor abandoned when the process ends, by exit, quick_exit or a signal that can be caught and
 * asks it to stop, is removed: the list of pending outputs is the one thing this module keeps for the whole
 * process.
 * What a process left that was killed outright is removed by the next one that opens an output in the
 * same directory: a temporary name holds its process, which is gone, and a lock, which is free.
 * Standard output cannot be taken back: what is written there is written. */
#ifndef FL_IO_OUTPUT_H
#define FL_IO_OUTPUT_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct fl_output;

/* path NULL or "-": standard output. */
struct fl_output *fl_output_open(const char *path, struct fl_err *err) FL_MUST_USE;

/* A directory under a temporary name, for plain files made with fl_output_open_in(), each to be
 * committed before the directory. Commit renames it, replacing an older checkpoint directory of these
 * tools, one with a history, but nothing else: one that holds a file which is not in the new one,
 * config and history aside and what other weights take the place of, is left as it is, an error of usage. */
struct fl_output *fl_output_open_dir(const char *path, struct fl_err *err) FL_MUST_USE;
struct fl_output *fl_output_open_in(const struct fl_output *dir, const char *name,
    struct fl_err *err) FL_MUST_USE;

/* A directory in fl_spill_dir(), io/spill.h, for what other programs write. It is never committed. */
struct fl_output *fl_output_open_scratch(struct fl_err *err) FL_MUST_USE;

/* Where what is written is until commit, for other programs to write there too; NULL for standard output. */
const char *fl_output_path(const struct fl_output *o);

int fl_output_write(struct fl_output *o, const void *data, size_t n, struct fl_err *err) FL_MUST_USE;

/* Each ends the life of o. */
int fl_output_commit(struct fl_output *o, struct fl_err *err) FL_MUST_USE;
void fl_output_abandon(struct fl_output *o); /* NULL is fine */
/* Committed if all went well so far, rc 0; else abandoned, -1, and err stays as it is. */
int fl_output_end(struct fl_output *o, int rc, struct fl_err *err) FL_MUST_USE;

#endif
