/* SPDX-License-Identifier: Apache-2.0 */
/* shards.h -- which weights files of a checkpoint count, and whether all that should be there were.
 *
 * The index says which files count, whatever their names. Without one, model.safetensors counts, or else the one
 * set of model-00001-of-00005.safetensors. What does not count is left out, with one remark at the end. On a stream the
 * index may come behind the weights: then the first file decides, and an index that says otherwise is an error, since
 * what was read cannot be taken back. An index none of whose files is there, beside model.safetensors, is stale and
 * left out: transformers leaves it when it saves over a sharded model. */
#ifndef FL_IO_SHARDS_H
#define FL_IO_SHARDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/json.h"
#include "base/tensor.h"
#include "io/source.h"

struct fl_shards;

struct fl_shards *fl_shards_new(const struct fl_source *src); /* src, the caller's, has all names known so far */
void fl_shards_free(struct fl_shards *s);

/* Takes over the index, which has been read. */
int fl_shards_index(struct fl_shards *s, struct fl_json *index, struct fl_err *err) FL_MUST_USE;

/* Does the weights file that begins count? */
bool fl_shards_count(struct fl_shards *s, const char *file);

/* Returns the name that a file that counts passes on under: its own, where that is model.safetensors or that of a
 * shard, else the next of a set of as many. buf has FL_MEMBER_SHARD_LEN bytes. */
const char *fl_shards_name(struct fl_shards *s, const char *file, char *buf);

/* Notes the tensors of that file, which may be in no other. */
int fl_shards_tensors(struct fl_shards *s, const char *file, const struct fl_tensor *tensor, size_t n,
    struct fl_err *err) FL_MUST_USE;

/* Checks at the end of the source that everything was there, where the index has it. */
int fl_shards_end(const struct fl_shards *s, struct fl_err *err) FL_MUST_USE;

#endif
