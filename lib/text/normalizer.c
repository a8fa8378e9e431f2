/* SPDX-License-Identifier: Apache-2.0 */
#include "text/normalizer.h"

#include <string.h>

#include "text/nfc.h"

void
fl_normalizer_free(struct fl_normalizer *n)
{
	for (size_t i = 0; i < n->n; i++) {
		fl_str_free(&n->step[i].what);
		fl_str_free(&n->step[i].with);
	}
}

static void
replace(struct fl_str *out, const struct fl_normalizer_step *s, const char *text, size_t len)
{
	const char *end = text + len, *hit;

	while ((hit = memmem(text, (size_t)(end - text), s->what.data, s->what.len))) {
		fl_str_add(out, text, (size_t)(hit - text));
		fl_str_add(out, s->with.data, s->with.len);
		text = hit + s->what.len;
	}
	fl_str_add(out, text, (size_t)(end - text));
}

static void
run(const struct fl_normalizer_step *s, struct fl_str *out, const char *text, size_t len)
{
	fl_str_clear(out);
	switch (s->kind) {
	case FL_NORMALIZE_NFC: fl_nfc(out, text, len); break;
	case FL_NORMALIZE_PREPEND:
		if (len)
			fl_str_add(out, s->with.data, s->with.len);
		fl_str_add(out, text, len);
		break;
	case FL_NORMALIZE_REPLACE: replace(out, s, text, len); break;
	}
}

void
fl_normalizer_run(const struct fl_normalizer *n, const char *text, size_t len, struct fl_str room[2],
    const char **out, size_t *out_len)
{
	for (size_t i = 0; i < n->n; i++) {
		struct fl_str *r = &room[i % 2];

		run(&n->step[i], r, text, len);
		text = r->data;
		len = r->len;
	}
	*out = text;
	*out_len = len;
}
