/* SPDX-License-Identifier: Apache-2.0 */
/* unicode.h -- what text/ needs of Unicode's tables. Text must be valid UTF-8. */
#ifndef FL_TEXT_UNICODE_H
#define FL_TEXT_UNICODE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/* Appends text in normalisation form C, or KC if compat. Linear in len, whatever the text. */
void fl_unicode_nfc(struct fl_str *out, const char *text, size_t len, bool compat);

/* Bytes of what a reader takes for one character (UAX 29) at the start of text, which is not empty. */
size_t fl_unicode_grapheme(const char *text, size_t len);

/* What general category c has. */
enum fl_unicode_class { FL_UNICODE_OTHER, FL_UNICODE_LETTER, FL_UNICODE_MARK, FL_UNICODE_NUMBER, FL_UNICODE_CONNECTOR };
enum fl_unicode_class fl_unicode_class(uint32_t c);

uint32_t fl_unicode_lower(uint32_t c); /* one character for one, whatever stands beside it */

#endif
