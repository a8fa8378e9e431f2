/* SPDX-License-Identifier: Apache-2.0 */
/* base/json.h where there is no jansson: for files as small as a config.json or the header of a safetensors file.
 * Members of an object are found one after the other. The parser is json_portable_parse.c. */
#ifdef FL_PORTABLE
#include "base/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/json_text.h"

struct member {
	char *key; /* NULL in an array */
	struct fl_json *value;
};

struct fl_json {
	enum fl_json_type type;
	union {
		bool truth;
		long long whole;
		double real;
		struct fl_str str;
		struct {
			struct member *at;
			size_t n, cap;
		} list;
	};
};

/* --- making and taking apart --- */

static struct fl_json *
new_value(enum fl_json_type type)
{
	struct fl_json *v = fl_alloc(1, sizeof *v);

	v->type = type;
	return v;
}

static bool
is_list(const struct fl_json *v)
{
	return v && (v->type == FL_JSON_ARRAY || v->type == FL_JSON_OBJECT);
}

/* key becomes the member's. */
static void
append(struct fl_json *list, char *key, struct fl_json *v)
{
	list->list.at = fl_grow(list->list.at, &list->list.cap, list->list.n + 1, sizeof *list->list.at);
	list->list.at[list->list.n++] = (struct member){ key, v };
}

void
fl_json_free(struct fl_json *v)
{
	if (!v)
		return;
	for (size_t i = 0; is_list(v) && i < v->list.n; i++) {
		free(v->list.at[i].key);
		fl_json_free(v->list.at[i].value);
	}
	if (is_list(v))
		free(v->list.at);
	if (v->type == FL_JSON_STR)
		fl_str_free(&v->str);
	free(v);
}

struct fl_json *
fl_json_copy(const struct fl_json *v)
{
	struct fl_json *copy = new_value(v->type);

	if (v->type == FL_JSON_STR)
		fl_str_add(&copy->str, v->str.data, v->str.len);
	else if (!is_list(v))
		*copy = *v;
	for (size_t i = 0; is_list(v) && i < v->list.n; i++) {
		const struct member *m = &v->list.at[i];

		append(copy, m->key ? fl_strdup(m->key) : NULL, fl_json_copy(m->value));
	}
	return copy;
}

/* --- looking --- */

enum fl_json_type
fl_json_type(const struct fl_json *v)
{
	return v ? v->type : FL_JSON_NONE;
}

static struct member *
find(const struct fl_json *object, const char *key)
{
	for (size_t i = 0; fl_json_type(object) == FL_JSON_OBJECT && i < object->list.n; i++)
		if (strcmp(object->list.at[i].key, key) == 0)
			return &object->list.at[i];
	return NULL;
}

struct fl_json *
fl_json_get(const struct fl_json *object, const char *key)
{
	struct member *m = find(object, key);

	return m ? m->value : NULL;
}

size_t
fl_json_len(const struct fl_json *v)
{
	return is_list(v) ? v->list.n : 0;
}

struct fl_json *
fl_json_at(const struct fl_json *array, size_t i)
{
	return fl_json_type(array) == FL_JSON_ARRAY && i < array->list.n ? array->list.at[i].value : NULL;
}

bool
fl_json_bool(const struct fl_json *v, bool otherwise)
{
	return fl_json_type(v) == FL_JSON_BOOL ? v->truth : otherwise;
}

long long
fl_json_int(const struct fl_json *v, long long otherwise)
{
	return fl_json_type(v) == FL_JSON_INT ? v->whole : otherwise;
}

double
fl_json_real(const struct fl_json *v, double otherwise)
{
	if (fl_json_type(v) == FL_JSON_INT)
		return (double)v->whole;
	return fl_json_type(v) == FL_JSON_REAL ? v->real : otherwise;
}

const char *
fl_json_str(const struct fl_json *v)
{
	return fl_json_type(v) == FL_JSON_STR ? v->str.data : NULL;
}

size_t
fl_json_str_len(const struct fl_json *v)
{
	return fl_json_type(v) == FL_JSON_STR ? v->str.len : 0;
}

void *
fl_json_first(const struct fl_json *object)
{
	return fl_json_type(object) == FL_JSON_OBJECT && object->list.n ? object->list.at : NULL;
}

void *
fl_json_next(const struct fl_json *object, void *it)
{
	struct member *m = it;

	return m + 1 < object->list.at + object->list.n ? m + 1 : NULL;
}

const char *
fl_json_key(void *it)
{
	return ((struct member *)it)->key;
}

struct fl_json *
fl_json_value(void *it)
{
	return ((struct member *)it)->value;
}

/* --- changing --- */

struct fl_json *
fl_json_new_object(void)
{
	return new_value(FL_JSON_OBJECT);
}

struct fl_json *
fl_json_new_array(void)
{
	return new_value(FL_JSON_ARRAY);
}

static bool
is_utf8(const char *s)
{
	size_t left = strlen(s), n;

	for (; left > 0; s += n, left -= n)
		if ((n = fl_json_sequence(s, left)) == 0)
			return false;
	return true;
}

struct fl_json *
fl_json_new_text(struct fl_str *s)
{
	struct fl_json *v = new_value(FL_JSON_STR);

	v->str = *s;
	*s = (struct fl_str){ 0 };
	return v;
}

struct fl_json *
fl_json_new_str(const char *s)
{
	struct fl_json *v = new_value(FL_JSON_STR);

	fl_str_puts(&v->str, s);
	if (!is_utf8(s))
		for (char *p = v->str.data; *p; p++)
			if ((unsigned char)*p >= 128)
				*p = '?';
	return v;
}

struct fl_json *
fl_json_new_int(long long i)
{
	struct fl_json *v = new_value(FL_JSON_INT);

	v->whole = i;
	return v;
}

struct fl_json *
fl_json_new_real(double x)
{
	struct fl_json *v = new_value(FL_JSON_REAL);

	if (!isfinite(x))
		fl_bug("a JSON value could not be made: not finite");
	v->real = x;
	return v;
}

struct fl_json *
fl_json_new_bool(bool b)
{
	struct fl_json *v = new_value(FL_JSON_BOOL);

	v->truth = b;
	return v;
}

struct fl_json *
fl_json_new_null(void)
{
	return new_value(FL_JSON_NULL);
}

void
fl_json_set(struct fl_json *object, const char *key, struct fl_json *v)
{
	struct member *m = find(object, key);

	if (!m) {
		append(object, fl_strdup(key), v);
		return;
	}
	fl_json_free(m->value);
	m->value = v;
}

void
fl_json_del(struct fl_json *object, const char *key)
{
	struct member *m = find(object, key);

	if (!m)
		return;
	free(m->key);
	fl_json_free(m->value);
	object->list.n--;
	memmove(m, m + 1, (size_t)(object->list.at + object->list.n - m) * sizeof *m);
}

void
fl_json_push(struct fl_json *array, struct fl_json *v)
{
	append(array, NULL, v);
}
#endif
