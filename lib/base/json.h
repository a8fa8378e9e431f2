/* SPDX-License-Identifier: Apache-2.0 */
/* json.h -- JSON values, parsed with every check on and written the same way each time.
 *
 * A thin cover over jansson, which no other file includes. A struct fl_json is reference counted
 * inside its tree: the caller owns what fl_json_parse() and fl_json_new_*() return and releases it
 * with fl_json_free(); what the accessors return belongs to the tree; what is set into a tree
 * becomes the tree's. Objects keep the order in which members were added. Duplicate keys, invalid
 * UTF-8, NaN, reals out of range, nesting beyond 64 and more than some million values are refused; an
 * integer beyond 64 bits is a real.
 *
 * Accessors take NULL for "no such value" and answer NULL, false or the default, so that a chain of
 * lookups needs one check at its end. */
#ifndef FL_BASE_JSON_H
#define FL_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"

struct fl_json;

/* `what` names the text in messages. NULL with err set. */
struct fl_json *fl_json_parse(const char *text, size_t len, const char *what, struct fl_err *err)
    FL_MUST_USE;
void fl_json_free(struct fl_json *v);
struct fl_json *fl_json_copy(const struct fl_json *v); /* deep; the caller's */

enum fl_json_type {
	FL_JSON_NONE, /* not there */
	FL_JSON_NULL,
	FL_JSON_BOOL,
	FL_JSON_INT,
	FL_JSON_REAL,
	FL_JSON_STR,
	FL_JSON_ARRAY,
	FL_JSON_OBJECT,
};
enum fl_json_type fl_json_type(const struct fl_json *v);

struct fl_json *fl_json_get(const struct fl_json *object, const char *key);
size_t fl_json_len(const struct fl_json *v); /* elements of an array or members of an object */
struct fl_json *fl_json_at(const struct fl_json *array, size_t i);

bool fl_json_bool(const struct fl_json *v, bool otherwise);
long long fl_json_int(const struct fl_json *v, long long otherwise);
double fl_json_real(const struct fl_json *v, double otherwise); /* integers too */
const char *fl_json_str(const struct fl_json *v);		/* NULL unless a string */
size_t fl_json_str_len(const struct fl_json *v); /* bytes; may hold NULs (JSON allows \u0000) */

/* Walks an object in order: for (void *it = fl_json_first(o); it; it = fl_json_next(o, it)). */
void *fl_json_first(const struct fl_json *object);
void *fl_json_next(const struct fl_json *object, void *it);
const char *fl_json_key(void *it);
struct fl_json *fl_json_value(void *it);

struct fl_json *fl_json_new_object(void);
struct fl_json *fl_json_new_array(void);
struct fl_json *fl_json_new_str(const char *s); /* what is not UTF-8: its bytes >= 128 become '?' */
struct fl_json *fl_json_new_int(long long i);
struct fl_json *fl_json_new_real(double x); /* finite */
struct fl_json *fl_json_new_bool(bool b);
struct fl_json *fl_json_new_null(void);
void fl_json_set(struct fl_json *object, const char *key, struct fl_json *v); /* adds or replaces */
void fl_json_del(struct fl_json *object, const char *key);
void fl_json_push(struct fl_json *array, struct fl_json *v);

/* Appends the text of v: indent 0 for one line, else spaces a level. Reals are written with the
 * fewest digits that read back the same, always with a point or exponent. */
void fl_json_write(struct fl_str *out, const struct fl_json *v, int indent);

#endif
