/* SPDX-License-Identifier: Apache-2.0 */
/* source.h -- the members of a model directory or of an archive of one, one after the other.
 *
 * Directories and plain tar files are mapped: members come in canonical order (config.json, small
 * files by name, the shard index, model.safetensors, shards, other weights by name, history) and their
 * bytes live as long as the source. Pipes and zstd are read once: config.json comes first, small files
 * in front of it are held back, the rest follows as stored. What does not belong to a checkpoint is left out here, a leading
 * "./" or one common directory is stripped, and names that lead elsewhere are refused. */
#ifndef FL_IO_SOURCE_H
#define FL_IO_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "io/members.h"

struct fl_source;

struct fl_member {
	const char *name; /* lives as long as the source */
	enum fl_member_kind kind;
	uint64_t size;
};

/* path NULL or "-": standard input. remarks: say what is left out. */
struct fl_source *fl_source_open(const char *path, bool remarks, struct fl_err *err) FL_MUST_USE;
void fl_source_close(struct fl_source *s);	      /* NULL is fine */
const char *fl_source_name(const struct fl_source *s); /* for messages */
bool fl_source_mapped(const struct fl_source *s);

/* The name of the i-th member that is known: mapped, of all; of a stream, of those that have come. NULL beyond. */
const char *fl_source_known(const struct fl_source *s, size_t i);

/* 1 with the next member, whatever is left of the one before; 0 at the end, seen to be the end. */
int fl_source_next(struct fl_source *s, struct fl_member *m, struct fl_err *err) FL_MUST_USE;

/* The next n bytes of the member in one piece, valid until the next call (longer if mapped). */
const void *fl_source_take(struct fl_source *s, uint64_t n, struct fl_err *err) FL_MUST_USE;

#endif
