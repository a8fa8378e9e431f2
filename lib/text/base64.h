/* SPDX-License-Identifier: Apache-2.0 */
/* base64.h -- bytes in RFC 4648's alphabet, padded to fours. */
#ifndef FL_TEXT_BASE64_H
#define FL_TEXT_BASE64_H

#include "base/str.h"

/* Appends the bytes that n characters spell; -1 if they are not base64. */
int fl_base64_decode(struct fl_str *out, const char *text, size_t n);

#endif
