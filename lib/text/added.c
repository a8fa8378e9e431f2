/* SPDX-License-Identifier: Apache-2.0 */
#include "text/added.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "text/unicode.h"
#include "text/utf8.h"

void
fl_added_add(struct fl_added *a, struct fl_added_token t)
{
	a->v = fl_grow(a->v, &a->cap, a->n + 1, sizeof *a->v);
	t.order = a->n;
	a->v[a->n++] = t;
	a->first[(unsigned char)t.text[0]] = true;
}

static int
by_text(const void *x, const void *y)
{
	const struct fl_added_token *a = x, *b = y;
	int c = memcmp(a->text, b->text, a->len < b->len ? a->len : b->len);

	if (c || a->len != b->len)
		return c ? c : (a->len > b->len) - (a->len < b->len);
	return a->order < b->order ? 1 : -1;
}

void
fl_added_sort(struct fl_added *a)
{
	if (a->n)
		qsort(a->v, a->n, sizeof *a->v, by_text);
}

void
fl_added_set_special(struct fl_added *a, uint32_t id)
{
	for (size_t i = 0; i < a->n; i++)
		a->v[i].special = a->v[i].special || a->v[i].id == id;
}

void
fl_added_free(struct fl_added *a)
{
	for (size_t i = 0; i < a->n; i++)
		free(a->v[i].text);
	free(a->v);
	*a = (struct fl_added){ 0 };
}

/* The first of v[lo .. hi), equal in their first k bytes and longer than k, whose byte k is at least
 * b. */
static size_t
lower(const struct fl_added *a, size_t lo, size_t hi, size_t k, int b)
{
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if ((unsigned char)a->v[mid].text[k] < b)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* The longest token that text begins with; NULL if none. The range of candidates shrinks with each
 * byte looked at. */
static const struct fl_added_token *
longest(const struct fl_added *a, const char *text, size_t len)
{
	const struct fl_added_token *best = NULL;
	size_t lo = 0, hi = a->n;

	for (size_t k = 0; k < len && lo < hi; k++) {
		int b = (unsigned char)text[k];

		lo = lower(a, lo, hi, k, b);
		hi = lower(a, lo, hi, k, b + 1);
		if (lo < hi && a->v[lo].len == k + 1)
			best = &a->v[lo++];
	}
	return best;
}

size_t
fl_added_length(const struct fl_added *a, const char *text, size_t len)
{
	const struct fl_added_token *t = a->first[(unsigned char)text[0]] ? longest(a, text, len) : NULL;

	return t ? t->len : 0;
}

/* Where the character before text[at] begins; it is *c. start < at. */
static size_t
previous(const char *text, size_t start, size_t at, uint32_t *c)
{
	do
		at--;
	while (at > start && ((unsigned char)text[at] & 0xc0) == 0x80);
	fl_utf8_next(text + at, c);
	return at;
}

static size_t
space_before(const char *text, size_t start, size_t at)
{
	while (at > start) {
		uint32_t c;
		size_t i = previous(text, start, at, &c);

		if (!fl_utf8_is_space(c))
			break;
		at = i;
	}
	return at;
}

static bool
is_word(uint32_t c)
{
	return fl_unicode_class(c) != FL_UNICODE_OTHER || c == 0x200c || c == 0x200d;
}

static bool
stands_alone(const char *text, size_t from, size_t to, size_t len)
{
	uint32_t c;

	if (from > 0 && (previous(text, 0, from, &c), is_word(c)))
		return false;
	return to == len || (fl_utf8_next(text + to, &c), !is_word(c));
}

static size_t
space_after(const char *text, size_t at, size_t len)
{
	while (at < len) {
		uint32_t c;
		const char *next = fl_utf8_next(text + at, &c);

		if (!fl_utf8_is_space(c))
			break;
		at = (size_t)(next - text);
	}
	return at;
}

long
fl_added_next(const struct fl_added *a, const char *text, size_t len, bool specials, size_t *pos,
    size_t *from, size_t *to)
{
	size_t i = *pos;

	*from = *pos;
	while (i < len) {
		const struct fl_added_token *t =
		    a->first[(unsigned char)text[i]] ? longest(a, text + i, len - i) : NULL;
		size_t next = i + (t ? t->len : 1);

		if (t && (specials || !t->special) &&
		    (!t->single_word || stands_alone(text, i, next, len))) {
			*to = t->lstrip ? space_before(text, *from, i) : i;
			*pos = t->rstrip ? space_after(text, next, len) : next;
			return (long)t->id;
		}
		i = next;
	}
	*to = *pos = len;
	return -1;
}
