/* SPDX-License-Identifier: Apache-2.0 */
/* regex.h -- patterns as Python's re has them, on POSIX's regcomp().
 *
 * It knows characters, classes, groups, alternatives, anchors and repetitions, lazy ones too; \d, \w, \s and their
 * opposites, the latter outside of classes, and any escaped punctuation. Anything else is refused by name, and so is
 * what would take much memory to compile: texts are names, not documents. */
#ifndef FL_BASE_REGEX_H
#define FL_BASE_REGEX_H

#include <stdbool.h>

#include "base/err.h"

struct fl_regex;

struct fl_regex *fl_regex_new(const char *pattern, struct fl_err *err) FL_MUST_USE; /* NULL with err set */
void fl_regex_free(struct fl_regex *r);						    /* NULL is fine */
bool fl_regex_begins(const struct fl_regex *r, const char *text); /* re.match(): does a match start the text? */

#endif
