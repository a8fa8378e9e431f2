/* SPDX-License-Identifier: Apache-2.0 */
/* gguf_keys.h -- what a GGUF file says about its model: values by name. */
#ifndef FL_EXPORT_GGUF_KEYS_H
#define FL_EXPORT_GGUF_KEYS_H

#include <stdbool.h>
#include <stddef.h>

#include "export/gguf_cursor.h"

struct fl_gguf_keys;

/* Reads the next n keys, whose values stay in the file, which must outlive them. NULL with c->err set. */
struct fl_gguf_keys *fl_gguf_keys_read(struct fl_gguf_cursor *c, uint64_t n);
void fl_gguf_keys_free(struct fl_gguf_keys *keys); /* NULL is fine */

bool fl_gguf_keys_has(const struct fl_gguf_keys *keys, const char *name);

/* Return a value of any type of numbers, a bool as 0 or 1, or `otherwise` where there is none, or one of another kind
 * or out of the range of the result. */
long long fl_gguf_keys_int(const struct fl_gguf_keys *keys, const char *name, long long otherwise);
double fl_gguf_keys_real(const struct fl_gguf_keys *keys, const char *name, double otherwise);

/* Returns a string, which no NUL ends, NULL where there is none. */
const char *fl_gguf_keys_str(const struct fl_gguf_keys *keys, const char *name, size_t *len);
bool fl_gguf_keys_is(const struct fl_gguf_keys *keys, const char *name, const char *word); /* is it this string? */

/* Arrays of strings and of numbers: how many items they have, 0 where there is no such array, and item i, for which
 * nothing is walked. */
size_t fl_gguf_keys_strings(const struct fl_gguf_keys *keys, const char *name);
const char *fl_gguf_keys_string(const struct fl_gguf_keys *keys, const char *name, size_t i, size_t *len);
size_t fl_gguf_keys_numbers(const struct fl_gguf_keys *keys, const char *name);
double fl_gguf_keys_number(const struct fl_gguf_keys *keys, const char *name, size_t i);

#endif
