/* SPDX-License-Identifier: Apache-2.0 */
/* gguf_file.h -- reading GGUF files, versions 2 and 3; a model split over several is read as one.
 *
 *     g = fl_gguf_file_open(path, false, err);
 *     fl_gguf_keys_int(g->keys, "llama.block_count", -1);
 *     g->tensor[i].data				a tensor, where it lies in memory
 *     fl_gguf_file_close(g);
 *
 * What is read comes from strangers: every count, length and offset is checked against the size of the file
 * before it is used, tensors must lie one behind the other without a gap, and no two keys or tensors may have
 * one name. Errors are of class DATA. Everything belongs to g and lives as long as it does. */
#ifndef FL_EXPORT_GGUF_FILE_H
#define FL_EXPORT_GGUF_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "export/gguf_keys.h"
#include "export/gguf_types.h"

struct fl_gguf_stored {
	const char *name;
	enum fl_ggml_type type;
	int dims;
	uint64_t cols, rows; /* elements of a row, and the product of all other sizes */
	const void *data;    /* rows * fl_ggml_row_size(type, cols) bytes, maybe unaligned */
};

struct fl_gguf_file {
	const char *name; /* for messages */
	struct fl_gguf_keys *keys;
	struct fl_gguf_stored *tensor; /* [tensors] by name */
	size_t tensors;
	struct fl_gguf_parts *parts; /* private */
};

/* Opens path, the first file of a split model; "-" and NULL are standard input, which is held in memory if it is a
 * pipe. With `keys_only` tensors are not looked at, and there are none. NULL with err set. */
struct fl_gguf_file *fl_gguf_file_open(const char *path, bool keys_only, struct fl_err *err) FL_MUST_USE;
void fl_gguf_file_close(struct fl_gguf_file *g); /* NULL is fine */

const struct fl_gguf_stored *fl_gguf_file_tensor(const struct fl_gguf_file *g, const char *name); /* NULL: none */

/* Gives back the memory of a tensor whose data is not read again. */
void fl_gguf_file_done(const struct fl_gguf_file *g, const struct fl_gguf_stored *t);

#endif
