/* SPDX-License-Identifier: Apache-2.0 */
#include "text/scan.h"

#include <stdint.h>
#include <string.h>

#include "text/unicode.h"
#include "text/utf8.h"

struct fl_scan {
	const char *pattern;
	bool words;  /* the newer form: anything but a digit or line break may stand before letters, line
		      * breaks stay with the signs or the white space before them, in any case 'S is 's */
	int digits; /* of a run that are one match; 0: all */
};

static const struct fl_scan scans[] = {
	{ FL_PATTERN_GPT2, false, 0 },
	{ FL_PATTERN_LLAMA3, true, 3 },
	{ FL_PATTERN_QWEN2, true, 1 },
};

const struct fl_scan *
fl_scan_find(const char *pattern)
{
	for (size_t i = 0; i < sizeof scans / sizeof *scans; i++)
		if (strcmp(scans[i].pattern, pattern) == 0)
			return &scans[i];
	return NULL;
}

/* What the patterns tell apart; END stands behind the text. */
enum kind { SIGN, LETTER, DIGIT, SPACE, END };

static const unsigned char ascii[128] = {
	['\t'] = SPACE, ['\n'] = SPACE, ['\v'] = SPACE, ['\f'] = SPACE, ['\r'] = SPACE, [' '] = SPACE,
#define TEN(kind, c) [c] = kind, [c + 1] = kind, [c + 2] = kind, [c + 3] = kind, [c + 4] = kind, \
	[c + 5] = kind, [c + 6] = kind, [c + 7] = kind, [c + 8] = kind, [c + 9] = kind
	TEN(DIGIT, '0'),
	TEN(LETTER, 'A'), TEN(LETTER, 'K'), ['U'] = LETTER, ['V'] = LETTER, ['W'] = LETTER,
	['X'] = LETTER, ['Y'] = LETTER, ['Z'] = LETTER,
	TEN(LETTER, 'a'), TEN(LETTER, 'k'), ['u'] = LETTER, ['v'] = LETTER, ['w'] = LETTER,
	['x'] = LETTER, ['y'] = LETTER, ['z'] = LETTER,
#undef TEN
};

static enum kind
kind_of(uint32_t c)
{
	enum fl_unicode_class class = fl_unicode_class(c);

	return class == FL_UNICODE_LETTER ? LETTER
	    : class == FL_UNICODE_NUMBER  ? DIGIT
	    : fl_utf8_is_space(c)	    ? SPACE
					    : SIGN;
}

/* The kind of the character at p; *next is where the one after it begins. */
static inline enum kind
look(const char *p, const char *end, const char **next)
{
	uint32_t c;

	if (p == end)
		return END;
	if ((unsigned char)*p < 128) {
		*next = p + 1;
		return ascii[(unsigned char)*p];
	}
	*next = fl_utf8_next(p, &c);
	return kind_of(c);
}

/* Behind at most n characters of that kind; n < 0: all. */
static const char *
run(const char *p, const char *end, enum kind kind, int n)
{
	const char *next = p;

	while (n-- != 0 && look(p, end, &next) == kind)
		p = next;
	return p;
}

static bool
line_break(char c)
{
	return c == '\n' || c == '\r';
}

static char
lower(char c, bool fold)
{
	return fold && c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* Length of 's 't 're 've 'm 'll 'd at p, 0 if it is none. The long s is an s in any case. */
static size_t
contraction(const char *p, const char *end, bool fold)
{
	char a = end - p > 1 ? lower(p[1], fold) : 0, b = end - p > 2 ? lower(p[2], fold) : 0;

	if (*p != '\'')
		return 0;
	if (a == 's' || a == 't' || a == 'm' || a == 'd')
		return 2;
	if ((a == 'r' && b == 'e') || (a == 'v' && b == 'e') || (a == 'l' && b == 'l'))
		return 3;
	return fold && a == '\xc5' && b == '\xbf' ? 3 : 0;
}

/* A run of white space: with `words`, up to its last line break if it has one; else all of it at the end
 * of the text, and but for its last character before something else, if it has more than one. */
static const char *
white(const struct fl_scan *s, const char *p, const char *end)
{
	const char *q = p, *next = p, *last = p, *breaks = NULL;

	while (look(q, end, &next) == SPACE) {
		if (line_break(*q))
			breaks = next;
		last = q;
		q = next;
	}
	if (s->words && breaks)
		return breaks;
	return q == end || last == p ? q : last;
}

size_t
fl_scan_end(const struct fl_scan *s, const char *text, size_t len, size_t from)
{
	const char *p = text + from, *end = text + len, *after = p, *next = p;
	enum kind kind = look(p, end, &after), then;
	size_t n = kind == SIGN ? contraction(p, end, s->words) : 0;

	if (n)
		return from + n;
	then = *p == ' ' || (s->words && (kind == SIGN || (kind == SPACE && !line_break(*p))))
	    ? look(after, end, &next)
	    : END;
	if (kind == LETTER || then == LETTER)
		return (size_t)(run(after, end, LETTER, -1) - text);
	if (kind == DIGIT)
		return (size_t)(run(after, end, DIGIT, s->digits - 1) - text);
	if (*p == ' ' && then == DIGIT && !s->words)
		return (size_t)(run(after, end, DIGIT, -1) - text);
	if (kind == SIGN || (*p == ' ' && then == SIGN)) {
		p = run(after, end, SIGN, -1);
		while (s->words && p < end && line_break(*p))
			p++;
		return (size_t)(p - text);
	}
	return (size_t)(white(s, p, end) - text);
}
