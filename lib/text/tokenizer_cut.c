/* SPDX-License-Identifier: Apache-2.0 */
/* tokenizer_cut.c -- where a text can be cut so that its parts give the ids of the whole.
 *
 * Between a letter and a space before a letter, all of ASCII: there every known pattern ends a match, a
 * sentencepiece word ends (no token has a space behind something else), and normal forms do not reach
 * across. What could reach across is looked for once, when the tokenizer is made: other patterns, other
 * normalizers, and added tokens with such a place inside, or that swallow the space behind them. */
#include <string.h>

#include "text/tokenizer_impl.h"

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
normalizer_allows(const struct fl_normalizer *n, bool *replaces)
{
	for (size_t i = 0; i < n->n; i++) {
		const struct fl_normalizer_step *s = &n->step[i];

		switch (s->kind) {
		case FL_NORMALIZE_NFC:
		case FL_NORMALIZE_NFKC:
		case FL_NORMALIZE_PREPEND: break;
		case FL_NORMALIZE_REPLACE:
			if (!fl_split_is_literal(s->what, " ") || strcmp(s->with.data, FL_META) != 0)
				return false;
			*replaces = true;
			break;
		case FL_NORMALIZE_SENTENCEPIECE:
			if (s->map || s->rules.remove_extra || !s->rules.escape)
				return false;
			*replaces = true;
			break;
		default: return false;
		}
	}
	return true;
}

/* Byte level: nothing but digits is cut before words are. */
static bool
words_allow(const struct fl_tokenizer *t)
{
	for (size_t i = 0; i < t->steps; i++) {
		const struct fl_step *s = &t->step[i];
		const char *pattern = s->kind == FL_STEP_SPLIT ? fl_split_pattern(s->split) : NULL;

		if (s->kind == FL_STEP_SPACE)
			continue;
		if (!pattern || s->behavior != FL_SPLIT_ISOLATED || s->invert)
			return false;
		if (fl_scan_find(pattern))
			return true;
		if (strcmp(pattern, "\\p{N}") != 0 && strcmp(pattern, "\\p{N}+") != 0)
			return false;
	}
	return false;
}

/* Spaces are U+2581, in the normalizer or in a step, and begin words. */
static bool
spaces_allow(const struct fl_tokenizer *t, bool replaced)
{
	for (size_t i = 0; i < t->steps; i++) {
		const struct fl_step *s = &t->step[i];

		if (s->kind == FL_STEP_META)
			replaced = true;
		else if (s->kind != FL_STEP_SPLIT ||
		    !(fl_split_is_literal(s->split, FL_META) ? s->behavior == FL_SPLIT_NEXT && !s->invert
							     : replaced && fl_split_is_literal(s->split, " ")))
			return false;
	}
	return replaced && t->meta_cut;
}

static bool
added_allow(const struct fl_added *a)
{
	for (size_t i = 0; i < a->n; i++) {
		const struct fl_added_token *v = &a->v[i];

		if (v->rstrip && is_letter(v->text[v->len - 1]))
			return false;
		for (size_t k = 1; k + 1 < v->len; k++)
			if ((v->text[k] == ' ' && is_letter(v->text[k - 1])) ||
			    (fl_str_begins(v->text + k, FL_META) && is_letter(v->text[k - 1])))
				return false;
	}
	return true;
}

bool
fl_tokenizer_allows_cuts(const struct fl_tokenizer *t)
{
	bool replaced = false;

	return normalizer_allows(&t->normalizer, &replaced) && added_allow(&t->added[0]) &&
	    added_allow(&t->added[1]) &&
	    (t->kind == FL_TOKENIZER_BYTE_LEVEL ? words_allow(t) : spaces_allow(t, replaced));
}

size_t
fl_tokenizer_cut(const struct fl_tokenizer *t, const char *text, size_t len, size_t from)
{
	const char *end = text + len, *p = text + (from > 0 ? from : 1);

	if (!t->cuts || from >= len)
		return len;
	for (; (p = memchr(p, ' ', (size_t)(end - p))); p++)
		if (is_letter(p[-1]) && p + 1 < end && is_letter(p[1]))
			return (size_t)(p - text);
	return len;
}
