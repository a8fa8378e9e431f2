/* SPDX-License-Identifier: Apache-2.0 */
/* unicode.c -- over utf8proc. Normalising is: decompose, order the marks, compose.
 *
 * utf8proc does all three, but orders a run of combining marks by insertion, which is quadratic for a
 * text that is one long run; so its steps are called one by one, with a counting sort between. */
#include "text/unicode.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "base/alloc.h"
#include "text/utf8.h"

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
decompose(const char *text, size_t len, bool compat, int32_t **out)
{
	enum { LONGEST = 18 }; /* of one character */
	utf8proc_option_t how = UTF8PROC_DECOMPOSE | UTF8PROC_STABLE | (compat ? UTF8PROC_COMPAT : 0);
	const char *p = text, *end = text + len;
	int32_t *v = NULL;
	size_t n = 0, cap = 0;

	while (p < end) {
		int boundary = 0;
		uint32_t c;

		p = fl_utf8_next(p, &c);
		v = fl_grow(v, &cap, n + LONGEST, sizeof *v);
		n += (size_t)utf8proc_decompose_char((int32_t)c, v + n, LONGEST, how, &boundary);
	}
	*out = v;
	return n;
}

static void
normalize(struct fl_str *out, const char *text, size_t len, bool compat)
{
	int32_t *v, *spare;
	size_t n = decompose(text, len, compat, &v);

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

/* Whether c is its own normal form and composes with nothing before it. What does is a mark, a jamo, or
 * of some newer script above the BMP, where only pictures and ideographs count as quiet. */
static bool
is_quiet(uint32_t c, bool compat)
{
	const utf8proc_property_t *p;

	if (c < 0x80 || (c < 0x300 && !compat))
		return true;
	if ((c >= 0x1160 && c < 0x1200) || (c >= 0x10000 && (c < 0x1f000 || c >= 0x40000)))
		return false;
	p = utf8proc_get_property((int32_t)c);
	return p->category != UTF8PROC_CATEGORY_MN && p->category != UTF8PROC_CATEGORY_MC &&
	    p->combining_class == 0 &&
	    (p->decomp_seqindex == UINT16_MAX || (p->decomp_type != 0 && !compat));
}

/* The end of the quiet characters from p on; *last is where the last one begins. */
static const char *
quiet(const char *p, const char *end, bool compat, const char **last)
{
	uint32_t c;

	for (const char *next = p; p < end; p = next) {
		next = fl_utf8_next(p, &c);
		if (!is_quiet(c, compat))
			break;
		*last = p;
	}
	return p;
}

/* A quiet character before another one, or at the end, stays as it is. What is between is normalised
 * with the quiet one before it. */
void
fl_unicode_nfc(struct fl_str *out, const char *text, size_t len, bool compat)
{
	const char *p = text, *end = text + len;

	while (p < end) {
		const char *last = p, *loud = quiet(p, end, compat, &last), *from = loud < end ? last : end;

		fl_str_add(out, p, (size_t)(from - p));
		for (const char *next = p = loud; p < end; p = next) {
			uint32_t c;

			next = fl_utf8_next(p, &c);
			if (is_quiet(c, compat))
				break;
		}
		if (p > from)
			normalize(out, from, (size_t)(p - from), compat);
	}
}

size_t
fl_unicode_grapheme(const char *text, size_t len)
{
	const char *p, *end = text + len;
	utf8proc_int32_t state = 0;
	uint32_t c, next;

	for (p = fl_utf8_next(text, &c); p < end; c = next) {
		const char *after = fl_utf8_next(p, &next);

		if (utf8proc_grapheme_break_stateful((int32_t)c, (int32_t)next, &state))
			break;
		p = after;
	}
	return (size_t)(p - text);
}

enum fl_unicode_class
fl_unicode_class(uint32_t c)
{
	switch (utf8proc_category((int32_t)c)) {
	case UTF8PROC_CATEGORY_LU:
	case UTF8PROC_CATEGORY_LL:
	case UTF8PROC_CATEGORY_LT:
	case UTF8PROC_CATEGORY_LM:
	case UTF8PROC_CATEGORY_LO: return FL_UNICODE_LETTER;
	case UTF8PROC_CATEGORY_MN:
	case UTF8PROC_CATEGORY_MC:
	case UTF8PROC_CATEGORY_ME: return FL_UNICODE_MARK;
	case UTF8PROC_CATEGORY_ND:
	case UTF8PROC_CATEGORY_NL:
	case UTF8PROC_CATEGORY_NO: return FL_UNICODE_NUMBER;
	case UTF8PROC_CATEGORY_PC: return FL_UNICODE_CONNECTOR;
	default: return FL_UNICODE_OTHER;
	}
}

uint32_t
fl_unicode_lower(uint32_t c)
{
	return (uint32_t)utf8proc_tolower((int32_t)c);
}
