/* SPDX-License-Identifier: Apache-2.0 */
/* json_text.h -- what the two readers of JSON share, jansson's (json.c) and our own for programs that have libc alone
 * (json_portable.c); private to base/. Writing is in json_text.c too, by the accessors of json.h. */
#ifndef FL_BASE_JSON_TEXT_H
#define FL_BASE_JSON_TEXT_H

#include <stddef.h>

#include "base/err.h"
#include "base/str.h"

struct fl_json;

/* What text would cost is bounded before a parser sees it: -1 if it nests too deep or has too many values. */
int fl_json_check_size(const char *text, size_t len, const char *what, struct fl_err *err) FL_MUST_USE;

/* The end of the string that begins at text[i]; malformed ones are left for the parser. */
size_t fl_json_string_end(const char *text, size_t len, size_t i);

/* Bytes of the UTF-8 sequence at p, of which there are n >= 1; 0 if it is none: too long, a surrogate, too large. */
size_t fl_json_sequence(const char *p, size_t n);

/* Of json_portable.c: a string of the bytes of s, which is empty afterwards. */
struct fl_json *fl_json_new_text(struct fl_str *s);

#endif
