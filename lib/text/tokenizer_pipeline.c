/* SPDX-License-Identifier: Apache-2.0 */
/* tokenizer_pipeline.c -- the four components of a tokenizer.json around its model. */
#include <string.h>

#include "text/component.h"
#include "text/tokenizer_impl.h"

#define GPT2_PATTERN \
	"'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"

/* Normalizer -------------------------------------------------------------------------------------- */

static int
add_step(struct fl_normalizer *n, enum fl_normalizer_kind kind, const struct fl_json *what,
    const struct fl_json *with)
{
	struct fl_normalizer_step *s = &n->step[n->n];

	if (n->n == FL_NORMALIZER_STEPS || (kind == FL_NORMALIZE_REPLACE && !fl_json_str_len(what)) ||
	    (kind != FL_NORMALIZE_NFC && !fl_json_str(with)))
		return -1;
	n->n++;
	s->kind = kind;
	if (what)
		fl_str_add(&s->what, fl_json_str(what), fl_json_str_len(what));
	if (with)
		fl_str_add(&s->with, fl_json_str(with), fl_json_str_len(with));
	return 0;
}

static int
read_normalizer(struct fl_normalizer *n, const struct fl_json *v, struct fl_err *err)
{
	const struct fl_json *list = fl_json_get(v, "normalizers");
	int bad = -1;

	if (fl_component_absent(v))
		return 0;
	if (fl_component_check(v, "type normalizers prepend pattern content", "normalizer", err) < 0)
		return -1;
	if (fl_component_is(v, "Sequence")) {
		for (size_t i = 0; i < fl_json_len(list); i++)
			if (read_normalizer(n, fl_json_at(list, i), err) < 0)
				return -1;
		return 0;
	}
	if (fl_component_is(v, "NFC"))
		bad = add_step(n, FL_NORMALIZE_NFC, NULL, NULL);
	else if (fl_component_is(v, "Prepend"))
		bad = add_step(n, FL_NORMALIZE_PREPEND, NULL, fl_json_get(v, "prepend"));
	else if (fl_component_is(v, "Replace"))
		bad = add_step(n, FL_NORMALIZE_REPLACE, fl_json_get(fl_json_get(v, "pattern"), "String"),
		    fl_json_get(v, "content"));
	return bad ? fl_component_unsupported("normalizer", v, err) : 0;
}

/* Pre-tokenizer ----------------------------------------------------------------------------------- */

static int
add_split(struct fl_tokenizer *t, const char *pattern, struct fl_err *err)
{
	if (t->splits == FL_TOKENIZER_SPLITS)
		return fl_err_data(err, "more than %d patterns", FL_TOKENIZER_SPLITS);
	t->split[t->splits] = fl_split_new(pattern, err);
	if (!t->split[t->splits])
		return -1;
	t->splits++;
	return 0;
}

static int
read_split(struct fl_tokenizer *t, const struct fl_json *v, struct fl_err *err)
{
	const char *pattern = fl_json_str(fl_json_get(fl_json_get(v, "pattern"), "Regex"));
	const char *behavior = fl_json_str(fl_json_get(v, "behavior"));

	if (!pattern || !behavior || strcmp(behavior, "Isolated") != 0 ||
	    fl_json_bool(fl_json_get(v, "invert"), false) ||
	    fl_component_check(v, "type pattern behavior invert", "pre-tokenizer", err) < 0)
		return fl_err_data(err,
		    "unsupported pre-tokenizer 'Split': not a regular expression, isolated");
	return add_split(t, pattern, err);
}

static int
read_byte_level(struct fl_tokenizer *t, const struct fl_json *v, struct fl_err *err)
{
	if (fl_component_check(v, "type add_prefix_space trim_offsets use_regex", "pre-tokenizer",
		err) < 0)
		return -1;
	t->kind = FL_TOKENIZER_BYTE_LEVEL;
	t->prefix_space = fl_json_bool(fl_json_get(v, "add_prefix_space"), true);
	if (t->prefix_space && t->splits)
		return fl_err_data(err, "unsupported add_prefix_space after a split");
	return fl_json_bool(fl_json_get(v, "use_regex"), true) ? add_split(t, GPT2_PATTERN, err) : 0;
}

static int
read_digits(struct fl_tokenizer *t, const struct fl_json *v, struct fl_err *err)
{
	if (fl_component_check(v, "type individual_digits", "pre-tokenizer", err) < 0)
		return -1;
	return add_split(t,
	    fl_json_bool(fl_json_get(v, "individual_digits"), false) ? "\\p{N}" : "\\p{N}+", err);
}

/* Prefix policy of a Metaspace; add_prefix_space is the older spelling. -1 if it is neither. */
static int
meta_prefix(const struct fl_json *v)
{
	static const char *const scheme[] = { "never", "first", "always" };
	const char *s = fl_json_str(fl_json_get(v, "prepend_scheme"));

	if (!s)
		return fl_json_bool(fl_json_get(v, "add_prefix_space"), true) ? FL_META_ALWAYS
									      : FL_META_NEVER;
	for (int i = 0; i < 3; i++)
		if (strcmp(s, scheme[i]) == 0)
			return i;
	return -1;
}

static int
read_metaspace(struct fl_tokenizer *t, const struct fl_json *v, struct fl_err *err)
{
	const char *mark = fl_json_str(fl_json_get(v, "replacement"));
	int prefix = meta_prefix(v);

	if (fl_component_check(v, "type replacement str_rep add_prefix_space prepend_scheme split",
		"pre-tokenizer", err) < 0)
		return -1;
	if (!mark || strcmp(mark, FL_META) != 0 || prefix < 0)
		return fl_component_unsupported("pre-tokenizer", v, err);
	t->metaspace = true;
	t->meta_prefix = (enum fl_meta)prefix;
	t->meta_split = fl_json_bool(fl_json_get(v, "split"), true);
	return 0;
}

/* ByteLevel and Metaspace respell the text, so nothing may come after them; a split without a
 * ByteLevel behind it would cut text in a way that is not known here. */
static int
read_pre_tokenizer(struct fl_tokenizer *t, const struct fl_json *v, struct fl_err *err)
{
	const struct fl_json *list =
	    fl_component_is(v, "Sequence") ? fl_json_get(v, "pretokenizers") : NULL;
	size_t n = list ? fl_json_len(list) : 1;

	t->kind = FL_TOKENIZER_SENTENCEPIECE;
	if (fl_component_absent(v))
		return 0;
	for (size_t i = 0; i < n; i++) {
		const struct fl_json *p = list ? fl_json_at(list, i) : v;
		int (*read)(struct fl_tokenizer *, const struct fl_json *, struct fl_err *) =
		    fl_component_is(p, "Split")	 ? read_split
		    : fl_component_is(p, "Digits")	 ? read_digits
		    : fl_component_is(p, "ByteLevel") ? read_byte_level
		    : fl_component_is(p, "Metaspace") ? read_metaspace
					 : NULL;
		bool last = i + 1 == n, ends = read == read_byte_level || read == read_metaspace;

		if (!read || ends != last || (read == read_metaspace && n > 1))
			return fl_component_unsupported("pre-tokenizer", p, err);
		if (read(t, p, err) < 0)
			return -1;
	}
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
	if (fl_component_is(v, "Metaspace") && meta_prefix(v) >= 0) {
		t->strip_space = meta_prefix(v) != FL_META_NEVER;
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
		read_pre_tokenizer(t, fl_json_get(root, "pre_tokenizer"), err) < 0 ||
		read_post_processor(t, fl_json_get(root, "post_processor"), err) < 0 ||
		read_decoder(t, fl_json_get(root, "decoder"), err) < 0
	    ? -1
	    : 0;
}
