/* SPDX-License-Identifier: Apache-2.0 */
/* split.h -- cutting text into words by a regular expression.
 *
 * Patterns come from tokenizer.json, where they are written for Oniguruma; here they run on PCRE2.
 * What the two read differently is rewritten (\s) or refused by name. */
#ifndef FL_TEXT_SPLIT_H
#define FL_TEXT_SPLIT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct fl_split; /* a compiled pattern; threads may share it */

struct fl_split *fl_split_new(const char *pattern, struct fl_err *err) FL_MUST_USE;
struct fl_split *fl_split_new_literal(const char *text); /* not empty; each occurrence is a match */
void fl_split_free(struct fl_split *s);
const char *fl_split_pattern(const struct fl_split *s); /* as given; NULL of a literal */

bool fl_split_is_literal(const struct fl_split *s, const char *text);

/* What one thread needs to match. */
struct fl_split_room *fl_split_room_new(void);
void fl_split_room_free(struct fl_split_room *r);

/* Finds the first match in text[from .. len), which is valid UTF-8: 1 with *start, *end set, 0 if
 * there is none, -1 with err set when matching takes too much. */
int fl_split_next(const struct fl_split *s, struct fl_split_room *r, const char *text, size_t len,
    size_t from, size_t *start, size_t *end, struct fl_err *err) FL_MUST_USE;

#endif
