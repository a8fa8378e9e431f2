/* SPDX-License-Identifier: Apache-2.0 */
/* checkpoint.h -- model directories and tars of them, read and written as a stream of items.
 *
 * The contract is fl-checkpoint(5). A reader takes a directory, a tar, a tar.zst, or any of the two
 * tars on standard input, found out by looking, and hands out what is inside one item at a time:
 *
 *     r = fl_reader_open(path, err);             config.json is known from here on
 *     while ((got = fl_reader_next(r, &item, err)) > 0)
 *             FL_ITEM_MEMBER    a small file, whole
 *             FL_ITEM_WEIGHTS   a weights file begins: all its tensors, no bytes yet
 *             FL_ITEM_TENSOR    one tensor of it: fl_reader_take() its bytes, all or none of them
 *     got == 0 only after the end was seen to be the end: tar end blocks, zstd frame end, every shard
 *
 * Directories and plain tar files are mapped, and items come in canonical order: small files by name,
 * then weights by name. Pipes and zstd are read once, in the order of the stream. Not handed out as
 * items: config.json (fl_reader_config), fl-history.jsonl (fl_reader_history), the shard index
 * (checked, and made anew by the writer), and other weight formats, which would be stale (dropped,
 * one remark each). Everything belongs to the reader and lives until the next call on it, except
 * where said. */
#ifndef FL_IO_CHECKPOINT_H
#define FL_IO_CHECKPOINT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/json.h"
#include "base/str.h"
#include "base/tensor.h"

struct fl_reader;

enum fl_item_kind { FL_ITEM_MEMBER, FL_ITEM_WEIGHTS, FL_ITEM_TENSOR };

struct fl_item {
	enum fl_item_kind kind;
	const char *name;		/* the file's, or the tensor's */
	const char *data;		/* MEMBER: its bytes, NUL-terminated */
	size_t size;			/* MEMBER: how many */
	const struct fl_tensor *tensor; /* WEIGHTS: n of them, in the order of data; TENSOR: the one */
	size_t n;
	const struct fl_json *metadata; /* WEIGHTS: __metadata__, or NULL */
};

/* path NULL or "-": standard input. */
struct fl_reader *fl_reader_open(const char *path, struct fl_err *err) FL_MUST_USE;
void fl_reader_close(struct fl_reader *r); /* NULL is fine */

/* What messages should call it: the path, or "standard input". Lives as long as r. */
const char *fl_reader_name(const struct fl_reader *r);

/* The parsed config.json. Lives as long as r. */
const struct fl_json *fl_reader_config(const struct fl_reader *r);

int fl_reader_next(struct fl_reader *r, struct fl_item *item, struct fl_err *err) FL_MUST_USE;

/* The next n bytes of the current tensor; NULL with err set. Bytes left untaken are skipped by the
 * next fl_reader_next(). If fl_reader_mapped(), the pointer lives as long as r, else until the next
 * call on r. */
const void *fl_reader_take(struct fl_reader *r, size_t n, struct fl_err *err) FL_MUST_USE;
bool fl_reader_mapped(const struct fl_reader *r);

/* After the end: the text of fl-history.jsonl ("" if there was none), and the XXH3-128 of all tensor
 * bytes in the order they were handed out, taken or not. Live as long as r. */
const char *fl_reader_history(const struct fl_reader *r);
const char *fl_reader_digest(const struct fl_reader *r);

/* After the end: whether an output head was there, lm_head.weight, and has the bytes of the embedding. */
bool fl_reader_head_is_copy(const struct fl_reader *r);

/* Small files of a checkpoint by name, for those who want nothing else of it (a tokenizer): config and
 * weights may be missing. Each file found is put into its text, zeroed before and the caller's to free.
 * An archive is read to its verified end. */
int fl_checkpoint_members(const char *path, const char *const *name, size_t n, struct fl_str *text,
    struct fl_err *err) FL_MUST_USE;

/* Writing: config first, other members, weights, history last; commit ends the life of w, and so does
 * abandon. Output that ends in a slash is a directory; else a tar, compressed if zstd is asked for or
 * the name ends in .zst; NULL or "-" is standard output. The shard index is made at commit where
 * there is more than one weights file. */
struct fl_writer;

struct fl_writer *fl_writer_open(const char *path, bool zstd, struct fl_err *err) FL_MUST_USE;
int fl_writer_member(struct fl_writer *w, const char *name, const void *data, size_t size,
    struct fl_err *err) FL_MUST_USE;
int fl_writer_config(struct fl_writer *w, const struct fl_json *config, struct fl_err *err) FL_MUST_USE;

/* Begins a weights file; then the bytes of its tensors follow in this order, in pieces of any size,
 * and must add up. metadata NULL: {"format": "pt"}. The tensors are copied. */
int fl_writer_weights(struct fl_writer *w, const char *name, const struct fl_tensor *tensor, size_t n,
    const struct fl_json *metadata, struct fl_err *err) FL_MUST_USE;
int fl_writer_put(struct fl_writer *w, const void *data, size_t n, struct fl_err *err) FL_MUST_USE;

int fl_writer_commit(struct fl_writer *w, struct fl_err *err) FL_MUST_USE;
void fl_writer_abandon(struct fl_writer *w); /* NULL is fine */

#endif
