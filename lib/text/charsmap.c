/* SPDX-License-Identifier: Apache-2.0 */
#include "text/charsmap.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "text/unicode.h"
#include "text/utf8.h"

#define SPACE "\xe2\x96\x81"
enum { SPACE_LEN = 3 };

/* A text of the map, or what it becomes, is at most this long: bounds time and memory. Real ones have
 * some dozens of bytes. */
enum { LONGEST = 256 };

struct fl_charsmap {
	uint32_t *unit;
	size_t units;
	char *becomes;
	size_t size;
};

static uint32_t
little_endian(const char *p)
{
	const unsigned char *u = (const unsigned char *)p;

	return u[0] | (uint32_t)u[1] << 8 | (uint32_t)u[2] << 16 | (uint32_t)u[3] << 24;
}

/* Every string ends, and soon. */
static bool
is_bounded(const char *p, size_t size)
{
	const char *end = p + size, *nul;

	for (; p < end; p = nul + 1)
		if (!(nul = memchr(p, '\0', (size_t)(end - p))) || nul - p > LONGEST ||
		    fl_utf8_valid(p, (size_t)(nul - p)) < (size_t)(nul - p))
			return false;
	return true;
}

struct fl_charsmap *
fl_charsmap_new(const char *bytes, size_t len, struct fl_err *err)
{
	struct fl_charsmap *m;
	size_t n = len < 4 ? 0 : little_endian(bytes);

	if (n < 4 || n % 4 || n > len - 4 || !is_bounded(bytes + 4 + n, len - 4 - n)) {
		fl_err_data(err, "the precompiled charsmap is malformed");
		return NULL;
	}
	m = fl_alloc(1, sizeof *m);
	m->units = n / 4;
	m->unit = fl_alloc(m->units, sizeof *m->unit);
	for (size_t i = 0; i < m->units; i++)
		m->unit[i] = little_endian(bytes + 4 + 4 * i);
	m->size = len - 4 - n;
	m->becomes = fl_strndup(bytes + 4 + n, m->size);
	return m;
}

void
fl_charsmap_free(struct fl_charsmap *m)
{
	if (!m)
		return;
	free(m->unit);
	free(m->becomes);
	free(m);
}

static size_t
children(const struct fl_charsmap *m, size_t at)
{
	uint32_t u = m->unit[at];

	return at ^ ((size_t)(u >> 10) << ((u & 1u << 9) >> 6));
}

/* The first, or the longest, text of the map that stands at p, NULL if none does; *used is its length. */
static const char *
lookup(const struct fl_charsmap *m, const char *p, size_t len, bool longest, size_t *used)
{
	const char *found = NULL;
	size_t at = m ? children(m, 0) : 0;

	for (size_t i = 0; m && i < len && i < LONGEST; i++) {
		unsigned char b = (unsigned char)p[i];

		at ^= b;
		if (at >= m->units || (m->unit[at] & (1u << 31 | 0xff)) != b)
			break;
		if (m->unit[at] >> 8 & 1) {
			size_t leaf = children(m, at);
			size_t value = leaf < m->units ? m->unit[leaf] & ~(1u << 31) : m->size;

			if (value < m->size && ((unsigned char)m->becomes[value] & 0xc0) != 0x80) {
				found = m->becomes + value;
				*used = i + 1;
			}
			if (found && !longest)
				break;
		}
		at = children(m, at);
	}
	return found;
}

/* Hugging Face's way ------------------------------------------------------------------------------ */

static void
characters(const struct fl_charsmap *m, const char *text, size_t len, struct fl_str *out)
{
	for (const char *p = text, *next; p < text + len; p = next) {
		uint32_t c;
		size_t used;
		const char *becomes;

		next = fl_utf8_next(p, &c);
		becomes = lookup(m, p, (size_t)(next - p), false, &used);
		if (becomes)
			fl_str_puts(out, becomes);
		else
			fl_str_add(out, p, (size_t)(next - p));
	}
}

void
fl_charsmap_graphemes(const struct fl_charsmap *m, const char *text, size_t len, struct fl_str *out)
{
	enum { SHORT = 6 };

	for (const char *end = text + len; text < end;) {
		size_t n = fl_unicode_grapheme(text, (size_t)(end - text)), used;
		const char *becomes = n < SHORT ? lookup(m, text, n, false, &used) : NULL;

		if (becomes)
			fl_str_puts(out, becomes);
		else
			characters(m, text, n, out);
		text += n;
	}
}

/* Sentencepiece's way ----------------------------------------------------------------------------- */

/* What becomes of the text at p, of *n bytes; *used is how many of p it stands for. */
static const char *
next_piece(const struct fl_charsmap *m, const struct fl_added *keep, const char *p, size_t len, size_t *n,
    size_t *used)
{
	uint32_t c;
	size_t kept = fl_added_length(keep, p, len);
	const char *becomes = kept ? NULL : lookup(m, p, len, true, used);

	if (becomes) {
		*n = strlen(becomes);
		return becomes;
	}
	*n = *used = kept ? kept : (size_t)(fl_utf8_next(p, &c) - p);
	return p;
}

static void
put(struct fl_str *out, const char *p, size_t n, bool escape)
{
	for (const char *end = p + n; p < end; p++)
		if (escape && *p == ' ')
			fl_str_add(out, SPACE, SPACE_LEN);
		else
			fl_str_putc(out, *p);
}

static void
strip_end(struct fl_str *out, size_t start, const char *space, size_t n)
{
	while (out->len >= start + n && memcmp(out->data + out->len - n, space, n) == 0)
		out->len -= n;
}

void
fl_charsmap_sentencepiece(const struct fl_charsmap *m, const struct fl_charsmap_rules *rules,
    const struct fl_added *keep, const char *text, size_t len, struct fl_str *out)
{
	const char *end = text + len, *piece;
	size_t start = out->len, n, used;
	bool space = rules->remove_extra; /* the last piece ended in one: the next loses its own */

	for (; rules->remove_extra && text < end; text += used) {
		piece = next_piece(m, keep, text, (size_t)(end - text), &n, &used);
		if (n != 1 || *piece != ' ')
			break;
	}
	if (text == end)
		return;
	if (rules->dummy_prefix)
		put(out, " ", 1, rules->escape);
	for (; text < end; text += used) {
		piece = next_piece(m, keep, text, (size_t)(end - text), &n, &used);
		while (space && n > 0 && *piece == ' ')
			piece++, n--;
		put(out, piece, n, rules->escape);
		if (n > 0)
			space = rules->remove_extra && piece[n - 1] == ' ';
	}
	if (rules->remove_extra)
		strip_end(out, start, rules->escape ? SPACE : " ", rules->escape ? SPACE_LEN : 1);
}
