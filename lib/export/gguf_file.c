/* SPDX-License-Identifier: Apache-2.0 */
/* gguf_file.c -- reads the layout that gguf.c writes; of a split model, whose files are named NAME-00001-of-00003.gguf,
 * the first has the keys, and each has tensors of its own. Version 2 differs in nothing that is read here. */
#include "export/gguf_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/str.h"

enum { MAX_DIMS = 4, MAX_PARTS = 999, MAX_TENSORS = 1 << 20 };
static const size_t most_bytes = (size_t)1 << 40; /* of a pipe */

struct fl_gguf_parts {
	struct fl_file file[MAX_PARTS];
	int n;
	size_t cap; /* of the tensors */
};

/* Tensors ---------------------------------------------------------------------------------------- */

/* Reads the sizes, whose product is so small that its bytes can be counted in any type. */
static int
take_sizes(struct fl_gguf_cursor *c, struct fl_gguf_stored *t, uint32_t dims)
{
	const size_t most = INT64_MAX / sizeof(float); /* no type takes more an element */
	size_t all = 1, rows = 1;
	uint64_t size;

	if (dims > MAX_DIMS)
		return fl_err_data(c->err, "tensor '%s' has %u dimensions", t->name, dims);
	t->dims = (int)dims;
	t->cols = 1;
	for (uint32_t i = 0; i < dims; i++) {
		if (fl_gguf_cursor_u64(c, &size) < 0)
			return -1;
		if (size > most || fl_size_mul(all, size, &all) < 0 || all > most ||
		    (i > 0 && fl_size_mul(rows, size, &rows) < 0))
			return fl_err_data(c->err, "tensor '%s' is too large", t->name);
		if (i == 0)
			t->cols = size;
	}
	t->rows = rows;
	return 0;
}

static int
check_type(struct fl_gguf_cursor *c, const struct fl_gguf_stored *t, uint32_t type)
{
	if (!fl_ggml_block(type))
		return fl_err_data(c->err, "tensor '%s' has the type %s (%u), which is not supported", t->name,
		    fl_ggml_name(type), type);
	if (t->cols % fl_ggml_block(type))
		return fl_err_data(c->err, "tensor '%s' has rows of %llu elements, no whole blocks of %s", t->name,
		    (unsigned long long)t->cols, fl_ggml_name(type));
	return 0;
}

static uint64_t
padded(uint64_t n, uint64_t align)
{
	return (n + align - 1) / align * align;
}

/* Reads the offset, which must be *next, where the tensor before ended. It stands in data until place(). */
static int
take_place(struct fl_gguf_cursor *c, struct fl_gguf_stored *t, uint64_t align, uint64_t *next)
{
	uint64_t offset, row;
	size_t size;

	if (fl_gguf_cursor_u64(c, &offset) < 0)
		return -1;
	if (offset != *next)
		return fl_err_data(c->err, "tensor '%s' does not lie behind the one before it", t->name);
	row = fl_ggml_row_size(t->type, t->cols);
	if (fl_size_mul(row, t->rows, &size) < 0 || size > INT64_MAX - offset - align)
		return fl_err_data(c->err, "tensor '%s' is too large", t->name);
	t->data = (const void *)(uintptr_t)offset;
	*next = padded(offset + size, align);
	return 0;
}

static int
take_tensor(struct fl_gguf_cursor *c, struct fl_gguf_file *g, uint64_t align, uint64_t *next)
{
	struct fl_gguf_stored *t;
	uint32_t dims, type;

	g->tensor = fl_grow(g->tensor, &g->parts->cap, g->tensors + 1, sizeof *g->tensor);
	t = &g->tensor[g->tensors];
	*t = (struct fl_gguf_stored){ .name = fl_gguf_cursor_name(c, FL_GGUF_NAME, "a tensor") };
	if (!t->name)
		return -1;
	g->tensors++;
	if (fl_gguf_cursor_u32(c, &dims) < 0 || take_sizes(c, t, dims) < 0 || fl_gguf_cursor_u32(c, &type) < 0 ||
	    check_type(c, t, type) < 0)
		return -1;
	t->type = type;
	return take_place(c, t, align, next);
}

/* Makes addresses of offsets. All of the data must be there, but for the padding of the last tensor. */
static int
place(struct fl_gguf_cursor *c, struct fl_gguf_file *g, size_t first, uint64_t align)
{
	uint64_t data = padded((uint64_t)(c->p - c->begin), align), all = (uint64_t)(c->end - c->begin);

	for (size_t i = first; i < g->tensors; i++) {
		struct fl_gguf_stored *t = &g->tensor[i];
		uint64_t at = data + (uint64_t)(uintptr_t)t->data, size = fl_ggml_row_size(t->type, t->cols) * t->rows;

		if (at > all || size > all - at)
			return fl_err_data(c->err, "the file ends at byte %llu, tensor '%s' at %llu",
			    (unsigned long long)all, t->name, (unsigned long long)(at + size));
		t->data = c->begin + at;
	}
	return 0;
}

static int
take_tensors(struct fl_gguf_cursor *c, struct fl_gguf_file *g, uint64_t n, uint64_t align)
{
	size_t first = g->tensors;
	uint64_t next = 0;

	if (n > MAX_TENSORS - first)
		return fl_err_data(c->err, "%llu tensors are more than %d", (unsigned long long)n, MAX_TENSORS);
	for (uint64_t i = 0; i < n; i++)
		if (take_tensor(c, g, align, &next) < 0)
			return -1;
	return place(c, g, first, align);
}

static int
tensor_by_name(const void *x, const void *y)
{
	const struct fl_gguf_stored *a = x, *b = y;

	return strcmp(a->name, b->name);
}

static int
sort_tensors(struct fl_gguf_file *g, struct fl_err *err)
{
	if (g->tensors)
		qsort(g->tensor, g->tensors, sizeof *g->tensor, tensor_by_name);
	for (size_t i = 1; i < g->tensors; i++)
		if (strcmp(g->tensor[i - 1].name, g->tensor[i].name) == 0)
			return fl_err_data(err, "tensor '%s' stands there twice", g->tensor[i].name);
	return 0;
}

const struct fl_gguf_stored *
fl_gguf_file_tensor(const struct fl_gguf_file *g, const char *name)
{
	struct fl_gguf_stored t = { .name = name };

	return g->tensors ? bsearch(&t, g->tensor, g->tensors, sizeof t, tensor_by_name) : NULL;
}

void
fl_gguf_file_done(const struct fl_gguf_file *g, const struct fl_gguf_stored *t)
{
	size_t size = fl_ggml_row_size(t->type, t->cols) * t->rows;

	for (int i = 0; i < g->parts->n; i++) {
		const struct fl_file *f = &g->parts->file[i];
		const char *p = t->data;

		if (size > 0 && p >= f->data && p < f->data + f->size)
			fl_file_done(f, p, size);
	}
}

/* Files ------------------------------------------------------------------------------------------ */

static int
take_head(struct fl_gguf_cursor *c, uint64_t *tensors, uint64_t *keys)
{
	const char *magic = fl_gguf_cursor_take(c, 4);
	uint32_t version;

	if (!magic || fl_gguf_cursor_u32(c, &version) < 0)
		return -1;
	if (memcmp(magic, "GGUF", 4) != 0)
		return fl_err_data(c->err, "no GGUF file");
	if (version >> 24)
		return fl_err_data(c->err, "a GGUF file in big-endian order is not supported");
	if (version != 2 && version != 3)
		return fl_err_data(c->err, "version %u of GGUF is not supported", version);
	return fl_gguf_cursor_u64(c, tensors) < 0 || fl_gguf_cursor_u64(c, keys) < 0 ? -1 : 0;
}

/* Returns the alignment that is stated, 32 where none is, or -1 if it cannot be one. */
static long long
alignment(const struct fl_gguf_keys *keys, struct fl_err *err)
{
	static const char name[] = "general.alignment";
	long long align = fl_gguf_keys_has(keys, name) ? fl_gguf_keys_int(keys, name, 0) : FL_GGUF_ALIGN;

	if (align < 8 || align > 1 << 20 || (align & (align - 1)))
		return fl_err_data(err, "%s is no power of two from 8 to 2^20", name);
	return align;
}

/* Reads one file and adds its tensors to g's. The caller frees its keys; NULL with err set. */
static struct fl_gguf_keys *
read_part(struct fl_gguf_file *g, const struct fl_file *f, bool keys_only, struct fl_err *err)
{
	struct fl_gguf_cursor c = { f->data, f->data, f->data + f->size, err };
	uint64_t tensors = 0, keys = 0;
	struct fl_gguf_keys *k = take_head(&c, &tensors, &keys) < 0 ? NULL : fl_gguf_keys_read(&c, keys);
	long long align = k && !keys_only ? alignment(k, err) : 0;

	if (align > 0 && take_tensors(&c, g, tensors, (uint64_t)align) < 0)
		align = -1;
	if (align >= 0)
		return k;
	fl_gguf_keys_free(k);
	return NULL;
}

/* Checks the keys that say which part of how many it is; a whole model is part 0 of 1. */
static int
check_split(const struct fl_gguf_keys *keys, int which, int of, struct fl_err *err)
{
	long long no = fl_gguf_keys_int(keys, "split.no", 0), count = fl_gguf_keys_int(keys, "split.count", 1);

	if (no == which && (count == of || of == 0) && count >= 1 && count <= MAX_PARTS)
		return 0;
	if (which == 0 && no > 0)
		return fl_err_data(err, "part %lld of a split model: give the first, which names the others", no + 1);
	return fl_err_data(err, "not part %d of a split model of %lld", which + 1, count);
}

/* Opens part `which` of `of`, which is 0 if the number is not known yet. */
static struct fl_gguf_keys *
open_part(struct fl_gguf_file *g, const char *path, int which, int of, bool keys_only, struct fl_err *err)
{
	struct fl_file *f = &g->parts->file[which];
	struct fl_gguf_keys *k;

	if (fl_file_open(f, path, most_bytes, err) < 0)
		return NULL;
	g->parts->n++;
	k = read_part(g, f, keys_only, err);
	if (k && check_split(k, which, of, err) == 0)
		return k;
	fl_gguf_keys_free(k);
	fl_err_prefix(err, "'%s'", fl_input_name(path));
	return NULL;
}

/* Opens the parts behind the first, NAME-00001-of-00003.gguf, in order. */
static int
open_others(struct fl_gguf_file *g, const char *path, int count, struct fl_err *err)
{
	struct fl_str name = { 0 };
	char ending[32];
	int rc = 0;

	snprintf(ending, sizeof ending, "-00001-of-%05d.gguf", count);
	if (!path || !fl_str_ends(path, ending))
		return fl_err_data(err, "'%s' is the first of %d files: its name must end in %s for the others to be found",
		    fl_input_name(path), count, ending);
	for (int i = 1; i < count && rc == 0; i++) {
		struct fl_gguf_keys *k;

		fl_str_clear(&name);
		fl_str_printf(&name, "%.*s-%05d-of-%05d.gguf", (int)(strlen(path) - strlen(ending)), path, i + 1, count);
		k = open_part(g, name.data, i, count, false, err);
		rc = k ? 0 : -1;
		fl_gguf_keys_free(k);
	}
	fl_str_free(&name);
	return rc;
}

struct fl_gguf_file *
fl_gguf_file_open(const char *path, bool keys_only, struct fl_err *err)
{
	struct fl_gguf_file *g = fl_alloc(1, sizeof *g);
	int count, rc;

	g->name = fl_input_name(path);
	g->parts = fl_alloc(1, sizeof *g->parts);
	g->keys = open_part(g, path ? path : "-", 0, 0, keys_only, err);
	count = g->keys ? (int)fl_gguf_keys_int(g->keys, "split.count", 1) : 0;
	rc = !count ? -1 : count > 1 && !keys_only ? open_others(g, path, count, err) : 0;
	if (rc == 0 && sort_tensors(g, err) < 0)
		rc = fl_err_prefix(err, "'%s'", g->name);
	if (rc == 0)
		return g;
	fl_gguf_file_close(g);
	return NULL;
}

void
fl_gguf_file_close(struct fl_gguf_file *g)
{
	if (!g)
		return;
	for (size_t i = 0; i < g->tensors; i++)
		free((char *)g->tensor[i].name);
	free(g->tensor);
	fl_gguf_keys_free(g->keys);
	for (int i = 0; i < g->parts->n; i++)
		fl_file_close(&g->parts->file[i]);
	free(g->parts);
	free(g);
}
