/* SPDX-License-Identifier: Apache-2.0 */
/* gguf.h -- writing the GGUF container, version 3.
 *
 *     g = fl_gguf_new("llama");			the architecture, first of the keys
 *     fl_gguf_u32(g, ".block_count", 5);		in the order given; "llama.block_count"
 *     fl_gguf_array(g, "...", FL_GGUF_U32, 2);		an array, and then its items
 *     fl_gguf_tensor(g, "token_embd.weight", FL_GGML_F32, 64, 512);
 *     fl_gguf_begin(g, out, err);			header, keys, tensor table
 *     fl_gguf_put(g, data, n, err);			all data of the tensors, in that order
 *     fl_gguf_free(g);
 *
 * Everything is little-endian, and data is aligned to 32 bytes, behind the last tensor too. Readers
 * are strict about the type of a key: counts are u32. No two keys, and no two tensors, may have one name. */
#ifndef FL_EXPORT_GGUF_H
#define FL_EXPORT_GGUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "export/gguf_types.h"
#include "io/output.h"

struct fl_gguf;

/* A key that begins with a dot is the architecture's. arch must outlive g. */
struct fl_gguf *fl_gguf_new(const char *arch);
void fl_gguf_free(struct fl_gguf *g); /* NULL is fine */

void fl_gguf_u32(struct fl_gguf *g, const char *key, uint32_t v);
void fl_gguf_f32(struct fl_gguf *g, const char *key, float v);
void fl_gguf_bool(struct fl_gguf *g, const char *key, bool v);
void fl_gguf_str(struct fl_gguf *g, const char *key, const char *v);

/* An array of n values, which follow in calls of the kind of `type`. */
void fl_gguf_array(struct fl_gguf *g, const char *key, enum fl_gguf_value type, size_t n);
void fl_gguf_item_u32(struct fl_gguf *g, uint32_t v); /* I32 too, by its bits */
void fl_gguf_item_f32(struct fl_gguf *g, float v);
void fl_gguf_item_bool(struct fl_gguf *g, bool v);
void fl_gguf_item_str(struct fl_gguf *g, const char *v, size_t len);

/* A matrix of `rows` rows of `cols` elements, or with rows 0 a vector. cols is a multiple of the
 * type's block. */
void fl_gguf_tensor(struct fl_gguf *g, const char *name, enum fl_ggml_type type, uint64_t cols,
    uint64_t rows);

/* g borrows out. Pieces of data may be of any size; padding between tensors is put by itself, and
 * after the last byte the file is complete. More or less than all of it is a bug. */
int fl_gguf_begin(struct fl_gguf *g, struct fl_output *out, struct fl_err *err) FL_MUST_USE;
int fl_gguf_put(struct fl_gguf *g, const void *data, size_t n, struct fl_err *err) FL_MUST_USE;
bool fl_gguf_complete(const struct fl_gguf *g);

#endif
