/* SPDX-License-Identifier: Apache-2.0 */
/* The layout, from ggml's gguf.h:
 *
 *     "GGUF"  u32 version 3  i64 tensors  i64 keys
 *     key:    string name  i32 type  value; of an array: i32 type  u64 count  values
 *     tensor: string name  u32 dims  i64 size[dims], fastest first  i32 type  u64 offset
 *     zeros to a multiple of the alignment
 *     data:   each tensor, then zeros to a multiple of the alignment
 *
 * A string is a u64 length and its bytes, a bool one byte. Offsets count from the start of the data
 * and must leave no gaps. Hosts are little-endian, so values are copied as they are. */
#include "export/gguf.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"

struct fl_gguf {
	const char *arch;
	struct fl_str keys, infos;
	uint64_t n_keys, n_tensors;
	uint64_t *size; /* [n_tensors] bytes, without padding */
	size_t cap;
	uint64_t offset; /* of the next tensor to be declared */

	struct fl_output *out;
	size_t current; /* the tensor being put, and how much of it has been */
	uint64_t done;
};

void
fl_gguf_free(struct fl_gguf *g)
{
	if (!g)
		return;
	fl_str_free(&g->keys);
	fl_str_free(&g->infos);
	free(g->size);
	free(g);
}

static void
add_u32(struct fl_str *s, uint32_t v)
{
	fl_str_add(s, &v, sizeof v);
}

static void
add_u64(struct fl_str *s, uint64_t v)
{
	fl_str_add(s, &v, sizeof v);
}

static void
add_str(struct fl_str *s, const char *text, size_t len)
{
	add_u64(s, len);
	fl_str_add(s, text, len);
}

static void
add_key(struct fl_gguf *g, const char *key, enum fl_gguf_value type)
{
	size_t len = strlen(key), arch = *key == '.' ? strlen(g->arch) : 0;

	add_u64(&g->keys, arch + len);
	fl_str_add(&g->keys, g->arch, arch);
	fl_str_add(&g->keys, key, len);
	add_u32(&g->keys, type);
	g->n_keys++;
}

struct fl_gguf *
fl_gguf_new(const char *arch)
{
	struct fl_gguf *g = fl_alloc(1, sizeof *g);

	g->arch = arch;
	fl_gguf_str(g, "general.architecture", arch);
	return g;
}

void
fl_gguf_u32(struct fl_gguf *g, const char *key, uint32_t v)
{
	add_key(g, key, FL_GGUF_U32);
	fl_gguf_item_u32(g, v);
}

void
fl_gguf_f32(struct fl_gguf *g, const char *key, float v)
{
	add_key(g, key, FL_GGUF_F32);
	fl_gguf_item_f32(g, v);
}

void
fl_gguf_bool(struct fl_gguf *g, const char *key, bool v)
{
	add_key(g, key, FL_GGUF_BOOL);
	fl_gguf_item_bool(g, v);
}

void
fl_gguf_str(struct fl_gguf *g, const char *key, const char *v)
{
	add_key(g, key, FL_GGUF_STR);
	fl_gguf_item_str(g, v, strlen(v));
}

void
fl_gguf_array(struct fl_gguf *g, const char *key, enum fl_gguf_value type, size_t n)
{
	add_key(g, key, FL_GGUF_ARRAY);
	add_u32(&g->keys, type);
	add_u64(&g->keys, n);
}

void
fl_gguf_item_u32(struct fl_gguf *g, uint32_t v)
{
	add_u32(&g->keys, v);
}

void
fl_gguf_item_f32(struct fl_gguf *g, float v)
{
	fl_str_add(&g->keys, &v, sizeof v);
}

void
fl_gguf_item_bool(struct fl_gguf *g, bool v)
{
	fl_str_putc(&g->keys, v);
}

void
fl_gguf_item_str(struct fl_gguf *g, const char *v, size_t len)
{
	add_str(&g->keys, v, len);
}

static uint64_t
padded(uint64_t n)
{
	return (n + FL_GGUF_ALIGN - 1) / FL_GGUF_ALIGN * FL_GGUF_ALIGN;
}

void
fl_gguf_tensor(struct fl_gguf *g, const char *name, enum fl_ggml_type type, uint64_t cols,
    uint64_t rows)
{
	struct fl_str *s = &g->infos;

	if (strlen(name) > FL_GGUF_NAME || cols % fl_ggml_block(type))
		fl_bug("tensor '%s' of %llu columns", name, (unsigned long long)cols);
	add_str(s, name, strlen(name));
	add_u32(s, rows ? 2 : 1);
	add_u64(s, cols);
	if (rows)
		add_u64(s, rows);
	add_u32(s, type);
	add_u64(s, g->offset);
	g->size = fl_grow(g->size, &g->cap, g->n_tensors + 1, sizeof *g->size);
	g->size[g->n_tensors] = fl_ggml_row_size(type, cols) * (rows ? rows : 1);
	g->offset += padded(g->size[g->n_tensors++]);
}

static int
pad(struct fl_gguf *g, uint64_t written, struct fl_err *err)
{
	static const char zeros[FL_GGUF_ALIGN];

	return fl_output_write(g->out, zeros, padded(written) - written, err);
}

int
fl_gguf_begin(struct fl_gguf *g, struct fl_output *out, struct fl_err *err)
{
	struct fl_str head = { 0 };
	int rc;

	g->out = out;
	fl_str_puts(&head, "GGUF");
	add_u32(&head, 3);
	add_u64(&head, g->n_tensors);
	add_u64(&head, g->n_keys);
	fl_str_add(&head, g->keys.data, g->keys.len);
	fl_str_add(&head, g->infos.data, g->infos.len);
	rc = fl_output_write(out, head.data, head.len, err);
	if (rc == 0)
		rc = pad(g, head.len, err);
	fl_str_free(&head);
	return rc;
}

int
fl_gguf_put(struct fl_gguf *g, const void *data, size_t n, struct fl_err *err)
{
	const char *p = data;

	while (n > 0) {
		uint64_t left;
		size_t piece;

		if (g->current == g->n_tensors)
			fl_bug("%zu bytes beyond the last tensor", n);
		left = g->size[g->current] - g->done;
		piece = n < left ? n : (size_t)left;
		if (fl_output_write(g->out, p, piece, err) < 0)
			return -1;
		p += piece;
		n -= piece;
		g->done += piece;
		if (piece < left)
			continue;
		if (pad(g, g->done, err) < 0)
			return -1;
		g->current++;
		g->done = 0;
	}
	return 0;
}

bool
fl_gguf_complete(const struct fl_gguf *g)
{
	return g->current == g->n_tensors;
}
