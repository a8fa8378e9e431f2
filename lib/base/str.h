/* SPDX-License-Identifier: Apache-2.0 */
/* str.h -- a byte string that grows. Zero-initialise; always NUL-terminated once touched. */
#ifndef FL_BASE_STR_H
#define FL_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct fl_str {
	char *data;
	size_t len, cap;
};

void fl_str_add(struct fl_str *s, const void *bytes, size_t n);
void fl_str_puts(struct fl_str *s, const char *text);
void fl_str_putc(struct fl_str *s, char c);
void fl_str_printf(struct fl_str *s, const char *fmt, ...) FL_PRINTF(2, 3);
void fl_str_clear(struct fl_str *s); /* empty, memory kept */
char *fl_str_steal(struct fl_str *s); /* the text, now the caller's to free; s is empty */
void fl_str_free(struct fl_str *s);

bool fl_str_begins(const char *s, const char *prefix);
bool fl_str_ends(const char *s, const char *suffix);

/* Control characters, line breaks and what turns the direction of text among them, become question marks. */
void fl_str_one_line(char *text);

/* Whether a path given is "-", standard input or output; NULL, one not given, is not. */
bool fl_is_dash(const char *path);

/* What messages call the input of that path: "standard input" for "-" and NULL. */
const char *fl_input_name(const char *path);

/* A whole file ("-": standard input) of at most `limit` bytes, NUL-terminated; *len without the NUL.
 * The caller frees. NULL with err set. */
char *fl_slurp(const char *path, size_t limit, size_t *len, struct fl_err *err) FL_MUST_USE;

#endif
