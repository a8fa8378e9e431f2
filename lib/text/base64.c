/* SPDX-License-Identifier: Apache-2.0 */
#include "text/base64.h"

#include <stdint.h>
#include <string.h>

static int
digit(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

int
fl_base64_decode(struct fl_str *out, const char *text, size_t n)
{
	size_t pad = n > 1 && text[n - 1] == '=' ? 1 + (text[n - 2] == '=') : 0;
	uint32_t bits = 0;

	if (n % 4)
		return -1;
	for (size_t i = 0; i < n - pad; i++) {
		int d = digit(text[i]);

		if (d < 0)
			return -1;
		bits = bits << 6 | (uint32_t)d;
		if (i % 4) /* every digit but the first of four ends a byte */
			fl_str_putc(out, (char)(bits >> (6 - 2 * (i % 4)) & 0xff));
	}
	return 0;
}
