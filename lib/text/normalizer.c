/* SPDX-License-Identifier: Apache-2.0 */
#include "text/normalizer.h"

#include <string.h>

#include "text/unicode.h"
#include "text/utf8.h"

void
fl_normalizer_free(struct fl_normalizer *n)
{
	for (size_t i = 0; i < n->n; i++) {
		fl_split_free(n->step[i].what);
		fl_str_free(&n->step[i].with);
		fl_charsmap_free(n->step[i].map);
	}
}

/* Of a text of `len` bytes: no real normaliser makes so much of it, some files would fill all memory. */
static size_t
most(size_t len)
{
	return len < SIZE_MAX / 128 ? 64 * len + 4096 : SIZE_MAX;
}

static int
replace(struct fl_str *out, const struct fl_normalizer_step *s, struct fl_split_room *room,
    const char *text, size_t len, struct fl_err *err)
{
	size_t at = 0, from = 0, start, end;
	int found;

	while ((found = fl_split_next(s->what, room, text, len, from, &start, &end, err)) > 0) {
		uint32_t c;

		fl_str_add(out, text + at, start - at);
		fl_str_add(out, s->with.data, s->with.len);
		at = from = end;
		if (out->len > most(len) || start == len)
			break;
		if (start == end)
			from = (size_t)(fl_utf8_next(text + end, &c) - text);
	}
	fl_str_add(out, text + at, len - at);
	return found < 0 ? -1 : 0;
}

static void
strip(struct fl_str *out, const struct fl_normalizer_step *s, const char *text, size_t len)
{
	const char *end = text + len, *last = text, *next;
	uint32_t c;

	for (; s->left && text < end; text = next) {
		next = fl_utf8_next(text, &c);
		if (!fl_utf8_is_space(c))
			break;
	}
	for (const char *p = text; s->right && p < end; p = next) {
		next = fl_utf8_next(p, &c);
		if (!fl_utf8_is_space(c))
			last = next;
	}
	if (!s->right)
		last = end;
	if (last > text)
		fl_str_add(out, text, (size_t)(last - text));
}

static int
run(const struct fl_normalizer_step *s, const struct fl_normalizer_input *in, struct fl_str *out,
    const char *text, size_t len, struct fl_err *err)
{
	struct fl_charsmap_rules rules = s->rules;

	fl_str_clear(out);
	switch (s->kind) {
	case FL_NORMALIZE_NFC: fl_unicode_nfc(out, text, len, false); break;
	case FL_NORMALIZE_NFKC: fl_unicode_nfc(out, text, len, true); break;
	case FL_NORMALIZE_PREPEND:
		if (len && in->first)
			fl_str_add(out, s->with.data, s->with.len);
		fl_str_add(out, text, len);
		break;
	case FL_NORMALIZE_REPLACE: return replace(out, s, in->room, text, len, err);
	case FL_NORMALIZE_STRIP: strip(out, s, text, len); break;
	case FL_NORMALIZE_PRECOMPILED: fl_charsmap_graphemes(s->map, text, len, out); break;
	case FL_NORMALIZE_SENTENCEPIECE:
		rules.dummy_prefix = rules.dummy_prefix && in->first;
		fl_charsmap_sentencepiece(s->map, &rules, in->keep, text, len, out);
		break;
	}
	return 0;
}

int
fl_normalizer_run(const struct fl_normalizer *n, const struct fl_normalizer_input *in, const char *text,
    size_t len, struct fl_str room[2], const char **out, size_t *out_len, struct fl_err *err)
{
	size_t limit = most(len);

	for (size_t i = 0; i < n->n; i++) {
		struct fl_str *r = &room[i % 2];

		if (run(&n->step[i], in, r, text, len, err) < 0)
			return -1;
		if (r->len > limit)
			return fl_err_data(err, "the normalizer makes more than %zu bytes of %zu", limit, len);
		text = r->len ? r->data : "";
		len = r->len;
	}
	*out = text;
	*out_len = len;
	return 0;
}
