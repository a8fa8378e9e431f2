/* SPDX-License-Identifier: Apache-2.0 */
#include "text/utf8.h"

/* Length announced by a first byte; 0 if it cannot be one. */
static size_t
announced(unsigned char b)
{
	return b < 0x80 ? 1 : b < 0xc2 ? 0 : b < 0xe0 ? 2 : b < 0xf0 ? 3 : b < 0xf5 ? 4 : 0;
}

/* Whether b may be the second byte after a: this is where overlong forms, surrogates and values out
 * of range show. */
static bool
second(unsigned char a, unsigned char b)
{
	unsigned char low = a == 0xe0 ? 0xa0 : a == 0xf0 ? 0x90 : 0x80;
	unsigned char high = a == 0xed ? 0x9f : a == 0xf4 ? 0x8f : 0xbf;

	return b >= low && b <= high;
}

/* Bytes of the character at p that are there and valid, out of n; *whole if it is complete. */
static size_t
character(const unsigned char *p, size_t n, bool *whole)
{
	size_t need = announced(p[0]), have = need > 0;

	while (have > 0 && have < need && have < n &&
	    (have == 1 ? second(p[0], p[1]) : (p[have] & 0xc0) == 0x80))
		have++;
	*whole = have > 0 && have == need;
	return have;
}

size_t
fl_utf8_valid(const char *text, size_t len)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t i = 0;
	bool whole = true;

	while (i < len) {
		size_t n = p[i] < 0x80 ? 1 : character(p + i, len - i, &whole);

		if (!whole)
			break;
		i += n;
	}
	return i;
}

const char *
fl_utf8_next(const char *s, uint32_t *c)
{
	const unsigned char *p = (const unsigned char *)s;
	size_t n = announced(p[0]);

	*c = n == 1 ? p[0] : p[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++)
		*c = *c << 6 | (p[i] & 0x3f);
	return s + (n ? n : 1);
}

size_t
fl_utf8_put(char *p, uint32_t c)
{
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	for (size_t i = n; i-- > 1; c >>= 6)
		p[i] = (char)(0x80 | (c & 0x3f));
	p[0] = (char)(n == 1 ? c : (0xf00u >> n & 0xff) | c);
	return n;
}

size_t
fl_utf8_unfinished(const char *text, size_t len)
{
	for (size_t n = 1; n <= 3 && n <= len; n++) {
		const unsigned char *p = (const unsigned char *)text + len - n;
		bool whole;

		if ((*p & 0xc0) != 0x80)
			return character(p, n, &whole) == n && !whole ? n : 0;
	}
	return 0;
}

bool
fl_utf8_is_space(uint32_t c)
{
	return (c >= 9 && c <= 13) || c == ' ' || c == 0x85 || c == 0xa0 || c == 0x1680 ||
	    (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f ||
	    c == 0x205f || c == 0x3000;
}
