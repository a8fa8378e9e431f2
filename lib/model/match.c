/* SPDX-License-Identifier: Apache-2.0 */
#include "model/match.h"

#include <string.h>

#include "text/unicode.h"
#include "text/utf8.h"

/* Python counts the four separators of ASCII. */
static bool
is_space(uint32_t c)
{
	return fl_utf8_is_space(c) || (c >= 0x1c && c <= 0x1f);
}

struct fl_text
fl_match_strip(struct fl_text t)
{
	const char *begin = NULL, *end = t.s;

	for (const char *p = t.s, *next; p < t.s + t.len; p = next) {
		uint32_t c;

		next = fl_utf8_next(p, &c);
		if (is_space(c))
			continue;
		begin = begin ? begin : p;
		end = next;
	}
	begin = begin ? begin : end;
	return (struct fl_text){ begin, (size_t)(end - begin) };
}

/* Bytes of an article and its space at p. */
static size_t
article(const char *p, size_t len)
{
	static const char *const words[] = { "The ", "the ", "An ", "A ", "a ", "an " };

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (len >= strlen(words[i]) && memcmp(p, words[i], strlen(words[i])) == 0)
			return strlen(words[i]);
	return 0;
}

/* As \w of a regular expression. */
static bool
is_word(uint32_t c)
{
	return c == '_' || fl_unicode_class(c) == FL_UNICODE_LETTER || fl_unicode_class(c) == FL_UNICODE_NUMBER;
}

static bool
is_punctuation(uint32_t c)
{
	return c < 128 && c && strchr("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", (int)c);
}

void
fl_match_normalize(struct fl_str *out, const struct fl_text *text, unsigned ignore)
{
	const char *p = text->s, *end = text->s + text->len;
	uint32_t c, before = ' ';
	char bytes[4];

	while (p < end) {
		size_t gone = ignore & FL_IGNORE_ARTICLES && !is_word(before)
		    ? article(p, (size_t)(end - p)) : 0;

		if (gone) {
			p += gone;
			before = ' ';
			continue;
		}
		p = fl_utf8_next(p, &c);
		before = c;
		if (ignore & FL_IGNORE_CASE)
			c = fl_unicode_lower(c);
		if (!(ignore & FL_IGNORE_PUNCTUATION) || !is_punctuation(c))
			fl_str_add(out, bytes, fl_utf8_put(bytes, c));
	}
}

bool
fl_match(const struct fl_text *text, const struct fl_texts *answers, unsigned ignore)
{
	struct fl_str a = { 0 }, b = { 0 };
	struct fl_text bare;
	bool equal = false;

	if (fl_utf8_valid(text->s, text->len) < text->len)
		return false;
	bare = fl_match_strip(*text);
	fl_match_normalize(&a, &bare, ignore);
	for (size_t i = 0; !equal && i < answers->n; i++) {
		fl_str_clear(&b);
		fl_match_normalize(&b, &answers->v[i], ignore);
		equal = a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
	}
	fl_str_free(&a);
	fl_str_free(&b);
	return equal;
}
