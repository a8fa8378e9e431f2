/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include <errno.h>
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/json_text.h"

/* struct fl_json is never defined: it is jansson's json_t under our name. */
static json_t *
theirs(const struct fl_json *v)
{
	return (json_t *)(void *)(uintptr_t)v;
}

static struct fl_json *
ours(json_t *v)
{
	return (struct fl_json *)(void *)v;
}

static void *
alloc(size_t n)
{
	return fl_realloc(NULL, n, 1);
}

/* jansson would say of exhausted memory no more than that something failed. */
__attribute__((constructor)) static void
set_alloc(void)
{
	json_set_alloc_funcs(alloc, free);
}

static json_t *
made(json_t *v)
{
	if (!v)
		fl_bug("a JSON value could not be made: not UTF-8, or not finite");
	return v;
}

/* Integers beyond 64 bits, such as the model_max_length of 10^30 in many a tokenizer_config.json,
 * become reals: "e2" for their last two digits, which changes less than a double can tell. */
static void
soften_integers(char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		size_t sign = text[i] == '-', n = sign + strspn(text + i + sign, "0123456789");

		if (text[i] == '"') {
			i = fl_json_string_end(text, len, i);
		} else if (n > sign) {
			size_t all = n + strspn(text + i + n, "0123456789+-.eE");

			errno = 0;
			if (n == all && n > 18 && (strtoll(text + i, NULL, 10), errno == ERANGE))
				memcpy(text + i + n - 2, "e2", 2);
			i += all - 1;
		}
	}
}

static json_t *
load(const char *text, size_t len, json_error_t *why)
{
	return json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL,
			  why);
}

struct fl_json *
fl_json_parse(const char *text, size_t len, const char *what, struct fl_err *err)
{
	json_error_t why;
	json_t *v;

	if (fl_json_check_size(text, len, what, err) < 0)
		return NULL;
	v = load(text, len, &why);
	if (!v && json_error_code(&why) == json_error_numeric_overflow) {
		char *copy = fl_strndup(text, len);

		soften_integers(copy, len);
		v = load(copy, len, &why);
		free(copy);
	}
	if (!v)
		fl_err_data(err, "'%s' is not valid JSON, line %d: %s", what, why.line, why.text);
	return ours(v);
}

void
fl_json_free(struct fl_json *v)
{
	json_decref(theirs(v));
}

struct fl_json *
fl_json_copy(const struct fl_json *v)
{
	return ours(made(json_deep_copy(theirs(v))));
}

enum fl_json_type
fl_json_type(const struct fl_json *v)
{
	if (!v)
		return FL_JSON_NONE;
	switch (json_typeof(theirs(v))) {
	case JSON_NULL: return FL_JSON_NULL;
	case JSON_TRUE:
	case JSON_FALSE: return FL_JSON_BOOL;
	case JSON_INTEGER: return FL_JSON_INT;
	case JSON_REAL: return FL_JSON_REAL;
	case JSON_STRING: return FL_JSON_STR;
	case JSON_ARRAY: return FL_JSON_ARRAY;
	case JSON_OBJECT: return FL_JSON_OBJECT;
	}
	return FL_JSON_NONE;
}

struct fl_json *
fl_json_get(const struct fl_json *object, const char *key)
{
	return object ? ours(json_object_get(theirs(object), key)) : NULL;
}

size_t
fl_json_len(const struct fl_json *v)
{
	if (!v)
		return 0;
	return json_is_array(theirs(v)) ? json_array_size(theirs(v)) : json_object_size(theirs(v));
}

struct fl_json *
fl_json_at(const struct fl_json *array, size_t i)
{
	return array ? ours(json_array_get(theirs(array), i)) : NULL;
}

bool
fl_json_bool(const struct fl_json *v, bool otherwise)
{
	return fl_json_type(v) == FL_JSON_BOOL ? json_is_true(theirs(v)) : otherwise;
}

long long
fl_json_int(const struct fl_json *v, long long otherwise)
{
	return fl_json_type(v) == FL_JSON_INT ? json_integer_value(theirs(v)) : otherwise;
}

double
fl_json_real(const struct fl_json *v, double otherwise)
{
	return v && json_is_number(theirs(v)) ? json_number_value(theirs(v)) : otherwise;
}

const char *
fl_json_str(const struct fl_json *v)
{
	return v ? json_string_value(theirs(v)) : NULL;
}

size_t
fl_json_str_len(const struct fl_json *v)
{
	return v ? json_string_length(theirs(v)) : 0;
}

void *
fl_json_first(const struct fl_json *object)
{
	return object ? json_object_iter(theirs(object)) : NULL;
}

void *
fl_json_next(const struct fl_json *object, void *it)
{
	return json_object_iter_next(theirs(object), it);
}

const char *
fl_json_key(void *it)
{
	return json_object_iter_key(it);
}

struct fl_json *
fl_json_value(void *it)
{
	return ours(json_object_iter_value(it));
}

struct fl_json *
fl_json_new_object(void)
{
	return ours(made(json_object()));
}

struct fl_json *
fl_json_new_array(void)
{
	return ours(made(json_array()));
}

/* File names and arguments may be any bytes; JSON is UTF-8. */
struct fl_json *
fl_json_new_str(const char *s)
{
	json_t *v = json_string(s);
	char *ascii;

	if (v)
		return ours(v);
	ascii = fl_strdup(s);
	for (char *p = ascii; *p; p++)
		if ((unsigned char)*p >= 128)
			*p = '?';
	v = json_string(ascii);
	free(ascii);
	return ours(made(v));
}

struct fl_json *
fl_json_new_int(long long i)
{
	return ours(made(json_integer(i)));
}

struct fl_json *
fl_json_new_real(double x)
{
	return ours(made(json_real(x)));
}

struct fl_json *
fl_json_new_bool(bool b)
{
	return ours(made(json_boolean(b)));
}

struct fl_json *
fl_json_new_null(void)
{
	return ours(made(json_null()));
}

void
fl_json_set(struct fl_json *object, const char *key, struct fl_json *v)
{
	if (json_object_set_new(theirs(object), key, theirs(v)) < 0)
		fl_bug("cannot set '%s' in a JSON object", key);
}

void
fl_json_del(struct fl_json *object, const char *key)
{
	json_object_del(theirs(object), key);
}

void
fl_json_push(struct fl_json *array, struct fl_json *v)
{
	if (json_array_append_new(theirs(array), theirs(v)) < 0)
		fl_bug("cannot append to a JSON array");
}
