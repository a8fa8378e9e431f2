/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the layout that gguf.c writes; of a split model, whose files are named NAME-00001-of-00003.gguf, the first
 * has the keys, and each has tensors of its own. Version 2 differs in nothing that is read here. */
#include "export/gguf_file.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/str.h"

enum { MAX_DIMS = 4, MAX_PARTS = 999, MAX_KEYS = 1 << 16, MAX_TENSORS = 1 << 20 };
static const size_t most_bytes = (size_t)1 << 40; /* of a pipe */

struct key {
	char *name;
	enum fl_gguf_value type; /* of the items, if it is an array */
	bool array;
	uint64_t n;	   /* items; 1 of what is no array */
	const char *data;  /* the items */
	const char **item; /* [n] where each begins, of strings */
};

struct fl_gguf_parts {
	struct fl_file file[MAX_PARTS];
	int n;
	struct key *key; /* by name */
	size_t keys;
	struct fl_gguf_stored *tensor;
	size_t tensors, cap;
};

/* What is read, and how far it has come. */
struct cursor {
	const char *begin, *p, *end;
	struct fl_err *err;
};

static const void *
take(struct cursor *c, uint64_t n)
{
	const char *p = c->p;

	if (n > (uint64_t)(c->end - c->p)) {
		fl_err_data(c->err, "the file ends at byte %zu, in its header", (size_t)(c->end - c->begin));
		return NULL;
	}
	c->p += n;
	return p;
}

static int
take_u32(struct cursor *c, uint32_t *v)
{
	const void *p = take(c, sizeof *v);

	if (p)
		memcpy(v, p, sizeof *v);
	return p ? 0 : -1;
}

static int
take_u64(struct cursor *c, uint64_t *v)
{
	const void *p = take(c, sizeof *v);

	if (p)
		memcpy(v, p, sizeof *v);
	return p ? 0 : -1;
}

static const char *
take_str(struct cursor *c, uint64_t *len)
{
	return take_u64(c, len) < 0 ? NULL : take(c, *len);
}

/* A name of 1 to max bytes, none of them a NUL; the caller's. */
static char *
take_name(struct cursor *c, uint64_t max, const char *what)
{
	uint64_t len;
	const char *p = take_str(c, &len);

	if (p && (len == 0 || len > max || memchr(p, '\0', len))) {
		fl_err_data(c->err, "the name of %s is empty, longer than %llu bytes or holds a NUL", what,
		    (unsigned long long)max);
		p = NULL;
	}
	return p ? fl_strndup(p, len) : NULL;
}

/* Keys ------------------------------------------------------------------------------------------- */

static size_t
value_size(uint32_t type)
{
	static const uint8_t size[] = { [FL_GGUF_U8] = 1, [FL_GGUF_I8] = 1, [FL_GGUF_U16] = 2,
		[FL_GGUF_I16] = 2, [FL_GGUF_U32] = 4, [FL_GGUF_I32] = 4, [FL_GGUF_F32] = 4, [FL_GGUF_BOOL] = 1,
		[FL_GGUF_U64] = 8, [FL_GGUF_I64] = 8, [FL_GGUF_F64] = 8 };

	return type < sizeof size ? size[type] : 0;
}

static int
take_strings(struct cursor *c, struct key *k)
{
	uint64_t len;

	if (k->n > (uint64_t)(c->end - c->p) / sizeof len)
		return fl_err_data(c->err, "key '%s' has more items than the file has bytes", k->name);
	k->item = fl_alloc(k->n, sizeof *k->item);
	for (uint64_t i = 0; i < k->n; i++) {
		k->item[i] = c->p;
		if (!take_str(c, &len))
			return -1;
	}
	return 0;
}

static int
take_items(struct cursor *c, struct key *k)
{
	size_t size = value_size(k->type);

	if (k->type == FL_GGUF_STR)
		return take_strings(c, k);
	if (!size)
		return fl_err_data(c->err, "key '%s' has the unknown type %d", k->name, (int)k->type);
	if (k->n > (uint64_t)(c->end - c->p) / size)
		return fl_err_data(c->err, "key '%s' has more items than the file has bytes", k->name);
	return (k->data = take(c, k->n * size)) ? 0 : -1;
}

static int
take_key(struct cursor *c, struct key *k)
{
	uint32_t type;

	if (!(k->name = take_name(c, 1 << 16, "a key")) || take_u32(c, &type) < 0)
		return -1;
	k->n = 1;
	k->array = type == FL_GGUF_ARRAY;
	if (k->array && (take_u32(c, &type) < 0 || take_u64(c, &k->n) < 0))
		return -1;
	k->type = type;
	return take_items(c, k);
}

static int
by_name(const void *x, const void *y)
{
	const struct key *a = x, *b = y;

	return strcmp(a->name, b->name);
}

static void
free_keys(struct key *key, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(key[i].name);
		free(key[i].item);
	}
	free(key);
}

/* n keys, sorted; NULL with err set. */
static struct key *
take_keys(struct cursor *c, uint64_t n)
{
	struct key *key;
	int rc = 0;

	if (n > MAX_KEYS) {
		fl_err_data(c->err, "%llu keys are more than %d", (unsigned long long)n, MAX_KEYS);
		return NULL;
	}
	key = fl_alloc(n + 1, sizeof *key);
	for (uint64_t i = 0; i < n && rc == 0; i++)
		rc = take_key(c, &key[i]);
	if (rc == 0)
		qsort(key, n, sizeof *key, by_name);
	for (uint64_t i = 1; i < n && rc == 0; i++)
		if (strcmp(key[i - 1].name, key[i].name) == 0)
			rc = fl_err_data(c->err, "key '%s' stands there twice", key[i].name);
	if (rc == 0)
		return key;
	free_keys(key, n);
	return NULL;
}

static const struct key *
find(const struct fl_gguf_parts *g, const char *name)
{
	struct key k = { .name = (char *)name };

	return bsearch(&k, g->key, g->keys, sizeof k, by_name);
}

/* What a float says in the fewest decimal digits: 1e-5f is meant as 1e-5. */
static double
shortest(float f)
{
	char text[32];
	double x = (double)f;

	for (int digits = 1; digits <= 9 && isfinite(f); digits++) {
		snprintf(text, sizeof text, "%.*e", digits - 1, (double)f);
		x = strtod(text, NULL);
		if ((float)x == f)
			break;
	}
	return x;
}

static double
number(enum fl_gguf_value type, const char *p, double otherwise)
{
	union {
		uint8_t u8;
		int8_t i8;
		uint16_t u16;
		int16_t i16;
		uint32_t u32;
		int32_t i32;
		float f32;
		uint64_t u64;
		int64_t i64;
		double f64;
	} v;

	memcpy(&v, p, value_size(type));
	switch (type) {
	case FL_GGUF_U8: return v.u8;
	case FL_GGUF_BOOL: return v.u8 != 0;
	case FL_GGUF_I8: return v.i8;
	case FL_GGUF_U16: return v.u16;
	case FL_GGUF_I16: return v.i16;
	case FL_GGUF_U32: return v.u32;
	case FL_GGUF_I32: return v.i32;
	case FL_GGUF_F32: return shortest(v.f32);
	case FL_GGUF_U64: return (double)v.u64;
	case FL_GGUF_I64: return (double)v.i64;
	case FL_GGUF_F64: return v.f64;
	default: return otherwise;
	}
}

bool
fl_gguf_file_has(const struct fl_gguf_file *g, const char *key)
{
	return find(g->parts, key) != NULL;
}

double
fl_gguf_file_real(const struct fl_gguf_file *g, const char *key, double otherwise)
{
	const struct key *k = find(g->parts, key);

	return k && !k->array && k->data ? number(k->type, k->data, otherwise) : otherwise;
}

long long
fl_gguf_file_int(const struct fl_gguf_file *g, const char *key, long long otherwise)
{
	double x = fl_gguf_file_real(g, key, NAN);

	return fabs(x) <= 0x1p53 && x == floor(x) ? (long long)x : otherwise;
}

const char *
fl_gguf_file_str(const struct fl_gguf_file *g, const char *key, size_t *len)
{
	const struct key *k = find(g->parts, key);

	return k && !k->array && k->item ? fl_gguf_file_string(g, key, 0, len) : NULL;
}

size_t
fl_gguf_file_strings(const struct fl_gguf_file *g, const char *key)
{
	const struct key *k = find(g->parts, key);

	return k && k->array && k->item ? k->n : 0;
}

const char *
fl_gguf_file_string(const struct fl_gguf_file *g, const char *key, size_t i, size_t *len)
{
	const struct key *k = find(g->parts, key);
	uint64_t n;

	memcpy(&n, k->item[i], sizeof n);
	*len = n;
	return k->item[i] + sizeof n;
}

size_t
fl_gguf_file_numbers(const struct fl_gguf_file *g, const char *key)
{
	const struct key *k = find(g->parts, key);

	return k && k->array && k->data ? k->n : 0;
}

double
fl_gguf_file_number(const struct fl_gguf_file *g, const char *key, size_t i)
{
	const struct key *k = find(g->parts, key);

	return number(k->type, k->data + i * value_size(k->type), NAN);
}

/* Tensors ---------------------------------------------------------------------------------------- */

/* Sizes: all below 2^63 together, rows of whole blocks. */
static int
take_sizes(struct cursor *c, struct fl_gguf_stored *t, uint32_t dims)
{
	size_t all = 1, rows = 1;
	uint64_t size;

	if (dims > MAX_DIMS)
		return fl_err_data(c->err, "tensor '%s' has %u dimensions", t->name, dims);
	t->dims = (int)dims;
	t->cols = 1;
	for (uint32_t i = 0; i < dims; i++) {
		if (take_u64(c, &size) < 0)
			return -1;
		if (size > INT64_MAX || fl_size_mul(all, size, &all) < 0 || all > INT64_MAX ||
		    (i > 0 && fl_size_mul(rows, size, &rows) < 0))
			return fl_err_data(c->err, "tensor '%s' is too large", t->name);
		if (i == 0)
			t->cols = size;
	}
	t->rows = rows;
	return 0;
}

static int
check_type(struct cursor *c, const struct fl_gguf_stored *t, uint32_t type)
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

/* Its place: behind the one before, which ends at *next. data is set to the offset for now. */
static int
take_place(struct cursor *c, struct fl_gguf_stored *t, uint64_t align, uint64_t *next)
{
	uint64_t offset, row;
	size_t size;

	if (take_u64(c, &offset) < 0)
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
take_tensor(struct cursor *c, struct fl_gguf_parts *g, uint64_t align, uint64_t *next)
{
	struct fl_gguf_stored *t;
	uint32_t dims, type;

	g->tensor = fl_grow(g->tensor, &g->cap, g->tensors + 1, sizeof *g->tensor);
	t = &g->tensor[g->tensors];
	*t = (struct fl_gguf_stored){ .name = take_name(c, FL_GGUF_NAME, "a tensor") };
	if (!t->name)
		return -1;
	g->tensors++;
	if (take_u32(c, &dims) < 0 || take_sizes(c, t, dims) < 0 || take_u32(c, &type) < 0 ||
	    check_type(c, t, type) < 0)
		return -1;
	t->type = type;
	return take_place(c, t, align, next);
}

/* From offsets to addresses; all of the data must be there, but for the padding of the last. */
static int
place(struct cursor *c, struct fl_gguf_parts *g, size_t first, uint64_t align)
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
take_tensors(struct cursor *c, struct fl_gguf_parts *g, uint64_t n, uint64_t align)
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
sort_tensors(struct fl_gguf_parts *g, struct fl_err *err)
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
take_head(struct cursor *c, uint64_t *tensors, uint64_t *keys)
{
	const char *magic = take(c, 4);
	uint32_t version;

	if (!magic || take_u32(c, &version) < 0)
		return -1;
	if (memcmp(magic, "GGUF", 4) != 0)
		return fl_err_data(c->err, "no GGUF file");
	if (version >> 24)
		return fl_err_data(c->err, "a GGUF file in big-endian order is not supported");
	if (version != 2 && version != 3)
		return fl_err_data(c->err, "version %u of GGUF is not supported", version);
	return take_u64(c, tensors) < 0 || take_u64(c, keys) < 0 ? -1 : 0;
}

/* As it is stated, 32 if it is not; -1 if it is none. */
static long long
alignment(const struct fl_gguf_parts *part, struct fl_err *err)
{
	struct fl_gguf_file g = { .parts = (struct fl_gguf_parts *)part };
	long long align = fl_gguf_file_has(&g, "general.alignment") ? fl_gguf_file_int(&g, "general.alignment", 0)
								     : FL_GGUF_ALIGN;

	if (align < 8 || align > 1 << 20 || (align & (align - 1)))
		return fl_err_data(err, "general.alignment is no power of two from 8 to 2^20");
	return align;
}

/* One file: its tensors are added to g's, its keys become g's. */
static int
read_part(struct fl_gguf_parts *g, const struct fl_file *f, bool keys_only, struct fl_err *err)
{
	struct cursor c = { f->data, f->data, f->data + f->size, err };
	uint64_t tensors = 0, keys = 0;
	long long align;

	free_keys(g->key, g->keys);
	g->key = NULL;
	g->keys = 0;
	if (take_head(&c, &tensors, &keys) < 0 || !(g->key = take_keys(&c, keys)))
		return -1;
	g->keys = keys;
	if (keys_only)
		return 0;
	align = alignment(g, err);
	return align < 0 ? -1 : take_tensors(&c, g, tensors, (uint64_t)align);
}

static int
open_part(struct fl_gguf_parts *g, const char *path, bool keys_only, struct fl_err *err)
{
	struct fl_file *f = &g->file[g->n];

	if (fl_file_open(f, path, most_bytes, err) < 0)
		return -1;
	g->n++;
	return read_part(g, f, keys_only, err) < 0 ? fl_err_prefix(err, "'%s'", fl_input_name(path)) : 0;
}

/* The keys that say which part of how many it is; of a whole model 0 of 1. */
static int
check_split(const struct fl_gguf_file *g, int which, int of, struct fl_err *err)
{
	long long no = fl_gguf_file_int(g, "split.no", 0), count = fl_gguf_file_int(g, "split.count", 1);

	if (no == which && (count == of || of == 0) && count >= 1 && count <= MAX_PARTS)
		return 0;
	if (which == 0 && no > 0)
		return fl_err_data(err, "'%s' is part %lld of a split model: give the first, which names the others",
		    fl_input_name(g->name), no + 1);
	return fl_err_data(err, "'%s' is not part %d of a split model of %lld", fl_input_name(g->name), which + 1, count);
}

/* The parts behind the first, NAME-00001-of-00003.gguf, in order. The keys of the first are g's in the end. */
static int
open_others(struct fl_gguf_file *g, const char *path, struct fl_err *err)
{
	struct fl_gguf_parts *all = g->parts;
	struct key *key = all->key;
	size_t keys = all->keys;
	int count = (int)fl_gguf_file_int(g, "split.count", 1), rc = 0;
	char ending[32];
	struct fl_str name = { 0 };

	snprintf(ending, sizeof ending, "-00001-of-%05d.gguf", count);
	if (!path || !fl_str_ends(path, ending))
		return fl_err_data(err, "'%s' is the first of %d files: its name must end in %s for the others to be found",
		    fl_input_name(path), count, ending);
	for (int i = 1; i < count && rc == 0; i++) {
		fl_str_clear(&name);
		fl_str_printf(&name, "%.*s-%05d-of-%05d.gguf", (int)(strlen(path) - strlen(ending)), path, i + 1, count);
		all->key = NULL;
		all->keys = 0;
		rc = open_part(all, name.data, false, err);
		if (rc == 0)
			rc = check_split(&(struct fl_gguf_file){ .name = name.data, .parts = all }, i, count, err);
		free_keys(all->key, all->keys);
		all->key = key;
		all->keys = keys;
	}
	fl_str_free(&name);
	return rc;
}

struct fl_gguf_file *
fl_gguf_file_open(const char *path, bool keys_only, struct fl_err *err)
{
	struct fl_gguf_file *g = fl_alloc(1, sizeof *g);
	int rc;

	g->name = path;
	g->parts = fl_alloc(1, sizeof *g->parts);
	rc = open_part(g->parts, path ? path : "-", keys_only, err);
	if (rc == 0)
		rc = check_split(g, 0, 0, err);
	if (rc == 0 && !keys_only && fl_gguf_file_int(g, "split.count", 1) > 1)
		rc = open_others(g, path, err);
	if (rc == 0 && sort_tensors(g->parts, err) < 0)
		rc = fl_err_prefix(err, "'%s'", fl_input_name(path));
	g->name = fl_input_name(path);
	g->tensor = g->parts->tensor;
	g->tensors = g->parts->tensors;
	if (rc == 0)
		return g;
	fl_gguf_file_close(g);
	return NULL;
}

void
fl_gguf_file_close(struct fl_gguf_file *g)
{
	struct fl_gguf_parts *p = g ? g->parts : NULL;

	if (!g)
		return;
	for (size_t i = 0; i < p->tensors; i++)
		free((char *)p->tensor[i].name);
	free(p->tensor);
	free_keys(p->key, p->keys);
	for (int i = 0; i < p->n; i++)
		fl_file_close(&p->file[i]);
	free(p);
	free(g);
}
