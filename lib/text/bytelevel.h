/* SPDX-License-Identifier: Apache-2.0 */
/* bytelevel.h -- the alphabet in which byte-level vocabularies spell bytes (from GPT-2).
 *
 * Printable bytes of Latin-1 stand for themselves; the other 68, in order, for U+0100 and up. */
#ifndef FL_TEXT_BYTELEVEL_H
#define FL_TEXT_BYTELEVEL_H

#include <stdbool.h>
#include <stdint.h>

static inline bool
fl_bytelevel_printable(uint32_t b)
{
	return (b >= 33 && b <= 126) || (b >= 161 && b <= 255 && b != 173);
}

static inline uint32_t
fl_bytelevel_char(unsigned char b)
{
	return fl_bytelevel_printable(b) ? b : b < 33 ? 256u + b : b == 173 ? 323u : 162u + b;
}

/* The byte that c spells, or -1. */
static inline int
fl_bytelevel_byte(uint32_t c)
{
	if (c < 256)
		return fl_bytelevel_printable(c) ? (int)c : -1;
	return c < 289 ? (int)c - 256 : c < 323 ? (int)c - 162 : c == 323 ? 173 : -1;
}

#endif
