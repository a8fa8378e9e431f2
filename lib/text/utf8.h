/* SPDX-License-Identifier: Apache-2.0 */
/* utf8.h -- characters of UTF-8 text. */
#ifndef FL_TEXT_UTF8_H
#define FL_TEXT_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes before the first that does not continue valid UTF-8; len if all is well. Overlong forms,
 * surrogates and anything above U+10FFFF are not valid. */
size_t fl_utf8_valid(const char *text, size_t len);

/* The character at p, which must be valid; returns the position after it. */
const char *fl_utf8_next(const char *p, uint32_t *c);

size_t fl_utf8_put(char *p, uint32_t c); /* writes 1 to 4 bytes, returns how many */

/* Bytes at the end of text that begin a character and do not finish it: 0 to 3. */
size_t fl_utf8_unfinished(const char *text, size_t len);

bool fl_utf8_is_space(uint32_t c); /* Unicode White_Space */

#endif
