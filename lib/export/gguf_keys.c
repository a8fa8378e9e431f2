/* SPDX-License-Identifier: Apache-2.0 */
/* gguf_keys.c -- reads the keys of a GGUF file and finds their values, which stay where they lie. */
#include "export/gguf_keys.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "export/gguf_types.h"

enum { MAX_KEYS = 1 << 16 };

struct key {
	char *name;
	enum fl_gguf_value type; /* of the items, if it is an array */
	bool array;
	uint64_t n;	   /* items; 1 of what is no array */
	const char *data;  /* the items, of numbers */
	const char **item; /* [n] where each begins, of strings */
};

struct fl_gguf_keys {
	struct key *key; /* [n] by name */
	size_t n;
};

static size_t
value_size(uint32_t type)
{
	static const uint8_t size[] = { [FL_GGUF_U8] = 1, [FL_GGUF_I8] = 1, [FL_GGUF_U16] = 2,
		[FL_GGUF_I16] = 2, [FL_GGUF_U32] = 4, [FL_GGUF_I32] = 4, [FL_GGUF_F32] = 4, [FL_GGUF_BOOL] = 1,
		[FL_GGUF_U64] = 8, [FL_GGUF_I64] = 8, [FL_GGUF_F64] = 8 };

	return type < sizeof size ? size[type] : 0;
}

static int
take_strings(struct fl_gguf_cursor *c, struct key *k)
{
	uint64_t len;

	if (k->n > (uint64_t)(c->end - c->p) / sizeof len)
		return fl_err_data(c->err, "key '%s' has more items than the file has bytes", k->name);
	k->item = fl_alloc(k->n, sizeof *k->item);
	for (uint64_t i = 0; i < k->n; i++) {
		k->item[i] = c->p;
		if (!fl_gguf_cursor_str(c, &len))
			return -1;
	}
	return 0;
}

static int
take_items(struct fl_gguf_cursor *c, struct key *k)
{
	size_t size = value_size(k->type);

	if (k->type == FL_GGUF_STR)
		return take_strings(c, k);
	if (!size)
		return fl_err_data(c->err, "key '%s' has the unknown type %d", k->name, (int)k->type);
	if (k->n > (uint64_t)(c->end - c->p) / size)
		return fl_err_data(c->err, "key '%s' has more items than the file has bytes", k->name);
	return (k->data = fl_gguf_cursor_take(c, k->n * size)) ? 0 : -1;
}

static int
take_key(struct fl_gguf_cursor *c, struct key *k)
{
	uint32_t type;

	if (!(k->name = fl_gguf_cursor_name(c, 1 << 16, "a key")) || fl_gguf_cursor_u32(c, &type) < 0)
		return -1;
	k->n = 1;
	k->array = type == FL_GGUF_ARRAY;
	if (k->array && (fl_gguf_cursor_u32(c, &type) < 0 || fl_gguf_cursor_u64(c, &k->n) < 0))
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

void
fl_gguf_keys_free(struct fl_gguf_keys *k)
{
	for (size_t i = 0; k && i < k->n; i++) {
		free(k->key[i].name);
		free(k->key[i].item);
	}
	if (k)
		free(k->key);
	free(k);
}

struct fl_gguf_keys *
fl_gguf_keys_read(struct fl_gguf_cursor *c, uint64_t n)
{
	struct fl_gguf_keys *k;
	int rc = 0;

	if (n > MAX_KEYS) {
		fl_err_data(c->err, "%llu keys are more than %d", (unsigned long long)n, MAX_KEYS);
		return NULL;
	}
	k = fl_alloc(1, sizeof *k);
	k->n = n;
	k->key = fl_alloc(n, sizeof *k->key);
	for (uint64_t i = 0; i < n && rc == 0; i++)
		rc = take_key(c, &k->key[i]);
	if (rc == 0 && n)
		qsort(k->key, n, sizeof *k->key, by_name);
	for (uint64_t i = 1; i < n && rc == 0; i++)
		if (strcmp(k->key[i - 1].name, k->key[i].name) == 0)
			rc = fl_err_data(c->err, "key '%s' stands there twice", k->key[i].name);
	if (rc == 0)
		return k;
	fl_gguf_keys_free(k);
	return NULL;
}

static const struct key *
find(const struct fl_gguf_keys *k, const char *name)
{
	struct key key = { .name = (char *)name };

	return k->n ? bsearch(&key, k->key, k->n, sizeof key, by_name) : NULL;
}

/* Returns the shortest decimal number that is this float: 1e-5f is meant as 1e-5. */
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
number(enum fl_gguf_value type, const char *p)
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
	default: fl_bug("key type %d is no number", (int)type);
	}
}

bool
fl_gguf_keys_has(const struct fl_gguf_keys *keys, const char *name)
{
	return find(keys, name) != NULL;
}

double
fl_gguf_keys_real(const struct fl_gguf_keys *keys, const char *name, double otherwise)
{
	const struct key *k = find(keys, name);

	return k && !k->array && k->data ? number(k->type, k->data) : otherwise;
}

long long
fl_gguf_keys_int(const struct fl_gguf_keys *keys, const char *name, long long otherwise)
{
	double x = fl_gguf_keys_real(keys, name, NAN);

	return fabs(x) <= 0x1p53 && x == floor(x) ? (long long)x : otherwise;
}

const char *
fl_gguf_keys_str(const struct fl_gguf_keys *keys, const char *name, size_t *len)
{
	const struct key *k = find(keys, name);

	return k && !k->array && k->item ? fl_gguf_keys_string(keys, name, 0, len) : NULL;
}

bool
fl_gguf_keys_is(const struct fl_gguf_keys *keys, const char *name, const char *word)
{
	size_t len;
	const char *text = fl_gguf_keys_str(keys, name, &len);

	return text && len == strlen(word) && memcmp(text, word, len) == 0;
}

size_t
fl_gguf_keys_strings(const struct fl_gguf_keys *keys, const char *name)
{
	const struct key *k = find(keys, name);

	return k && k->array && k->item ? k->n : 0;
}

const char *
fl_gguf_keys_string(const struct fl_gguf_keys *keys, const char *name, size_t i, size_t *len)
{
	const struct key *k = find(keys, name);
	uint64_t n;

	memcpy(&n, k->item[i], sizeof n);
	*len = n;
	return k->item[i] + sizeof n;
}

size_t
fl_gguf_keys_numbers(const struct fl_gguf_keys *keys, const char *name)
{
	const struct key *k = find(keys, name);

	return k && k->array && k->data ? k->n : 0;
}

double
fl_gguf_keys_number(const struct fl_gguf_keys *keys, const char *name, size_t i)
{
	const struct key *k = find(keys, name);

	return number(k->type, k->data + i * value_size(k->type));
}
