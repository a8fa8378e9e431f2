/* SPDX-License-Identifier: Apache-2.0 */
/* nfc.h -- Unicode normalisation form C. */
#ifndef FL_TEXT_NFC_H
#define FL_TEXT_NFC_H

#include "base/str.h"

/* Appends the composed form of text, which must be valid UTF-8. Linear in len, whatever the text. */
void fl_nfc(struct fl_str *out, const char *text, size_t len);

#endif
