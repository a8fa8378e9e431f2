/* SPDX-License-Identifier: Apache-2.0 */
/* tokenizer_pipeline.c -- the components of a tokenizer.json around its model, but for the
 * pre-tokenizer, which is in tokenizer_pre.c. */
#include <string.h>

#include "text/base64.h"
#include "text/component.h"
#include "text/tokenizer_impl.h"

/* Normalizer -------------------------------------------------------------------------------------- */

/* The next step, zeroed but for its kind; NULL with err set. */
static struct fl_normalizer_step *
add_step(struct fl_normalizer *n, enum fl_normalizer_kind kind, struct fl_err *err)
{
	if (n->n == FL_NORMALIZER_STEPS) {
		fl_err_data(err, "more than %d normalizers", FL_NORMALIZER_STEPS);
		return NULL;
	}
	n->step[n->n].kind = kind;
	return &n->step[n->n++];
}

static int
read_plain(struct fl_normalizer *n, const struct fl_json *v, struct fl_err *err)
{
	return add_step(n, fl_component_is(v, "NFC") ? FL_NORMALIZE_NFC : FL_NORMALIZE_NFKC, err) ? 0 : -1;
}

static int
read_prepend(struct fl_normalizer *n, const struct fl_json *v, struct fl_err *err)
{
	const struct fl_json *with = fl_json_get(v, "prepend");
	struct fl_normalizer_step *s;

	if (!fl_json_str(with))
		return fl_component_unsupported("normalizer", v, err);
	if (!(s = add_step(n, FL_NORMALIZE_PREPEND, err)))
		return -1;
	fl_str_add(&s->with, fl_json_str(with), fl_json_str_len(with));
	return 0;
}

static int
read_replace(struct fl_normalizer *n, const struct fl_json *v, struct fl_err *err)
{
	const struct fl_json *pattern = fl_json_get(v, "pattern"), *with = fl_json_get(v, "content");
	const char *regex = fl_json_str(fl_json_get(pattern, "Regex"));
	const char *literal = fl_json_str(fl_json_get(pattern, "String"));
	struct fl_normalizer_step *s;

	if (!fl_json_str(with) || (!regex && (!literal || !*literal)))
		return fl_component_unsupported("normalizer", v, err);
	if (!(s = add_step(n, FL_NORMALIZE_REPLACE, err)))
		return -1;
	fl_str_add(&s->with, fl_json_str(with), fl_json_str_len(with));
	s->what = regex ? fl_split_new(regex, err) : fl_split_new_literal(literal);
	return s->what ? 0 : -1;
}

static int
read_strip(struct fl_normalizer *n, const struct fl_json *v, struct fl_err *err)
{
	struct fl_normalizer_step *s = add_step(n, FL_NORMALIZE_STRIP, err);

	if (!s)
		return -1;
	s->left = fl_json_bool(fl_json_get(v, "strip_left"), false);
	s->right = fl_json_bool(fl_json_get(v, "strip_right"), false);
	return 0;
}

static int
read_precompiled(struct fl_normalizer *n, const struct fl_json *v, struct fl_err *err)
{
	struct fl_normalizer_step *s = add_step(n, FL_NORMALIZE_PRECOMPILED, err);
	size_t len;
	const char *text = fl_component_text(fl_json_get(v, "precompiled_charsmap"), &len);
	struct fl_str bytes = { 0 };
	int rc = s ? 0 : -1;

	if (s && text && fl_base64_decode(&bytes, text, len) < 0)
		rc = fl_err_data(err, "the precompiled charsmap is no base64");
	if (rc == 0 && bytes.len > 0 && !(s->map = fl_charsmap_new(bytes.data, bytes.len, err)))
		rc = -1;
	fl_str_free(&bytes);
	return rc;
}

static const struct {
	const char *type;
	int (*read)(struct fl_normalizer *n, const struct fl_json *v, struct fl_err *err);
} readers[] = {
	{ "NFC", read_plain },
	{ "NFKC", read_plain },
	{ "Prepend", read_prepend },
	{ "Replace", read_replace },
	{ "Strip", read_strip },
	{ "Precompiled", read_precompiled },
};

static int
read_normalizer(struct fl_normalizer *n, const struct fl_json *v, struct fl_err *err)
{
	const struct fl_json *list = fl_json_get(v, "normalizers");

	if (fl_component_absent(v))
		return 0;
	if (fl_component_check(v,
		"type normalizers prepend pattern content strip_left strip_right precompiled_charsmap",
		"normalizer", err) < 0)
		return -1;
	for (size_t i = 0; i < sizeof readers / sizeof *readers; i++)
		if (fl_component_is(v, readers[i].type))
			return readers[i].read(n, v, err);
	if (!fl_component_is(v, "Sequence"))
		return fl_component_unsupported("normalizer", v, err);
	for (size_t i = 0; i < fl_json_len(list); i++)
		if (read_normalizer(n, fl_json_at(list, i), err) < 0)
			return -1;
	return 0;
}

/* Post-processor and decoder ---------------------------------------------------------------------- */

/* The one id of a special token in a template, -1 if v is none. */
static long
template_id(const struct fl_json *v, const struct fl_json *names)
{
	const char *name = fl_json_str(fl_json_get(fl_json_get(v, "SpecialToken"), "id"));
	const struct fl_json *ids = name ? fl_json_get(fl_json_get(names, name), "ids") : NULL;

	return fl_json_len(ids) == 1 ? (long)fl_json_int(fl_json_at(ids, 0), -1) : -1;
}

/* [BOS] text [EOS]. What stands after the text is for the caller's documents, see eot. */
static int
read_template(struct fl_tokenizer *t, const struct fl_json *v, struct fl_err *err)
{
	const struct fl_json *single = fl_json_get(v, "single");
	const struct fl_json *names = fl_json_get(v, "special_tokens");
	size_t n = fl_json_len(single), i = 0;
	long before = -1, after = -1;

	if (i < n && !fl_json_get(fl_json_at(single, i), "Sequence"))
		before = template_id(fl_json_at(single, i++), names);
	if (i >= n || !fl_json_get(fl_json_at(single, i++), "Sequence"))
		return fl_component_unsupported("post-processor", v, err);
	if (i < n)
		after = template_id(fl_json_at(single, i++), names);
	if (i != n || (n > 1 && before < 0 && after < 0) || (n > 2 && (before < 0 || after < 0)))
		return fl_component_unsupported("post-processor", v, err);
	t->bos = before;
	t->add_bos = before >= 0;
	t->eos = after;
	t->add_eos = after >= 0;
	return 0;
}

static int
read_post_processor(struct fl_tokenizer *t, const struct fl_json *v, struct fl_err *err)
{
	const struct fl_json *list = fl_json_get(v, "processors");

	if (fl_component_absent(v) || fl_component_is(v, "ByteLevel"))
		return 0; /* ByteLevel changes offsets only */
	if (fl_component_is(v, "TemplateProcessing"))
		return read_template(t, v, err);
	if (!fl_component_is(v, "Sequence"))
		return fl_component_unsupported("post-processor", v, err);
	for (size_t i = 0; i < fl_json_len(list); i++)
		if (read_post_processor(t, fl_json_at(list, i), err) < 0)
			return -1;
	return 0;
}

static bool
member_is(const struct fl_json *v, const char *name, const char *text)
{
	const char *s = fl_json_str(fl_json_get(v, name));

	return s && strcmp(s, text) == 0;
}

/* The kind of tokenizer says how tokens become text; the decoder may say no other, and whether the
 * first space is dropped. */
static int
read_decoder(struct fl_tokenizer *t, const struct fl_json *v, struct fl_err *err)
{
	const struct fl_json *list = fl_json_get(v, "decoders");
	long long start = fl_json_int(fl_json_get(v, "start"), 0);
	bool bytes = t->kind == FL_TOKENIZER_BYTE_LEVEL;

	if (fl_component_absent(v) || (fl_component_is(v, "ByteLevel") && bytes))
		return 0;
	if (fl_component_is(v, "Sequence")) {
		for (size_t i = 0; i < fl_json_len(list); i++)
			if (read_decoder(t, fl_json_at(list, i), err) < 0)
				return -1;
		return 0;
	}
	if (bytes)
		return fl_component_unsupported("decoder", v, err);
	if (fl_component_is(v, "ByteFallback") || fl_component_is(v, "Fuse") ||
	    (fl_component_is(v, "Replace") && member_is(v, "content", " ") &&
		member_is(fl_json_get(v, "pattern"), "String", FL_META)))
		return 0;
	if (fl_component_is(v, "Metaspace") && fl_metaspace_prefix(v) >= 0) {
		t->strip_space = fl_metaspace_prefix(v) != FL_META_NEVER;
		return 0;
	}
	if (fl_component_is(v, "Strip") && member_is(v, "content", " ") && start >= 0 && start <= 1 &&
	    fl_json_int(fl_json_get(v, "stop"), 0) == 0) {
		t->strip_space = start == 1;
		return 0;
	}
	return fl_component_unsupported("decoder", v, err);
}

int
fl_tokenizer_read_pipeline(struct fl_tokenizer *t, const struct fl_json *root, struct fl_err *err)
{
	return read_normalizer(&t->normalizer, fl_json_get(root, "normalizer"), err) < 0 ||
		fl_tokenizer_read_pre(t, fl_json_get(root, "pre_tokenizer"), err) < 0 ||
		read_post_processor(t, fl_json_get(root, "post_processor"), err) < 0 ||
		read_decoder(t, fl_json_get(root, "decoder"), err) < 0
	    ? -1
	    : 0;
}
