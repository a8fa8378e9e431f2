/* SPDX-License-Identifier: Apache-2.0 */
/* nfc.c -- decompose, order the marks, compose.
 *
 * utf8proc does all three, but orders a run of combining marks by insertion, which is quadratic for a
 * text that is one long run; so its steps are called one by one, with a counting sort between. */
#include "text/nfc.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "base/alloc.h"
#include "text/utf8.h"

/* Characters below U+0300 are composed already and change only before one that is not: text without
 * a lead byte of U+0300 or more stays as it is. */
static bool
plain(const char *text, size_t len)
{
	unsigned char high = 0;

	for (size_t i = 0; i < len; i++)
		high |= (unsigned char)text[i] >= 0xcc;
	return !high;
}

static int
class_of(int32_t c)
{
	return utf8proc_get_property(c)->combining_class; /* 0 to 254 */
}

/* One run of marks by class, equal classes as they stand. */
static void
order_run(int32_t *c, size_t n, int32_t *spare)
{
	size_t at[256] = { 0 };

	for (size_t i = 0; i < n; i++)
		at[class_of(c[i]) + 1]++;
	for (int k = 1; k < 256; k++)
		at[k] += at[k - 1];
	for (size_t i = 0; i < n; i++)
		spare[at[class_of(c[i])]++] = c[i];
	memcpy(c, spare, n * sizeof *c);
}

static void
order(int32_t *c, size_t n, int32_t *spare)
{
	size_t start = 0;

	for (size_t i = 0; i <= n; i++) {
		if (i < n && class_of(c[i]) != 0)
			continue;
		if (i - start > 1)
			order_run(c + start, i - start, spare);
		start = i + 1;
	}
}

static size_t
decompose(const char *text, size_t len, int32_t **out)
{
	const char *p = text, *end = text + len;
	int32_t *v = NULL;
	size_t n = 0, cap = 0;

	while (p < end) {
		int boundary = 0;
		uint32_t c;

		p = fl_utf8_next(p, &c);
		v = fl_grow(v, &cap, n + 4, sizeof *v); /* four is the longest canonical form */
		n += (size_t)utf8proc_decompose_char((int32_t)c, v + n, 4,
		    UTF8PROC_DECOMPOSE | UTF8PROC_STABLE, &boundary);
	}
	*out = v;
	return n;
}

void
fl_nfc(struct fl_str *out, const char *text, size_t len)
{
	int32_t *v, *spare;
	size_t n;

	if (plain(text, len)) {
		fl_str_add(out, text, len);
		return;
	}
	n = decompose(text, len, &v);
	spare = fl_alloc(n, sizeof *spare);
	order(v, n, spare);
	n = (size_t)utf8proc_normalize_utf32(v, (utf8proc_ssize_t)n,
	    UTF8PROC_COMPOSE | UTF8PROC_STABLE);
	for (size_t i = 0; i < n; i++) {
		char bytes[4];

		fl_str_add(out, bytes, fl_utf8_put(bytes, (uint32_t)v[i]));
	}
	free(spare);
	free(v);
}
