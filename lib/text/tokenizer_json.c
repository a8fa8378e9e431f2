/* SPDX-License-Identifier: Apache-2.0 */
/* tokenizer_json.c -- tokenizer.json, the format of Hugging Face tokenizers.
 *
 *     model           vocabulary and merges
 *     added_tokens    recognised in text before anything else
 *     normalizer      text to text              } trees of components,
 *     pre_tokenizer   text to words             } each with a "type"
 *     post_processor  what stands around a text }
 *     decoder         tokens to text            }
 *
 * A component, or a member of one, that is not known here may change ids, so it is refused.
 * truncation and padding are settings of whoever saved the file, not of the model: ignored. */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/json.h"
#include "text/bytelevel.h"
#include "text/tokenizer_impl.h"
#include "text/utf8.h"

#define GPT2_PATTERN \
	"'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"

static const char *
type_of(const struct fl_json *v)
{
	const char *type = fl_json_str(fl_json_get(v, "type"));

	return type ? type : "";
}

static bool
is(const struct fl_json *v, const char *type)
{
	return strcmp(type_of(v), type) == 0;
}

static bool
absent(const struct fl_json *v)
{
	return fl_json_type(v) == FL_JSON_NONE || fl_json_type(v) == FL_JSON_NULL;
}

static int
unsupported(const char *what, const struct fl_json *v, struct fl_err *err)
{
	return fl_err_data(err, "unsupported %s '%s' in 'tokenizer.json'", what, type_of(v));
}

/* Whether word is one of the words in list, which single spaces separate. */
static bool
listed(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = list; *p; p += strcspn(p, " "), p += *p == ' ')
		if (strncmp(p, word, n) == 0 && (p[n] == ' ' || !p[n]))
			return true;
	return false;
}

static int
check_members(const struct fl_json *v, const char *known, const char *what, struct fl_err *err)
{
	for (void *it = fl_json_first(v); it; it = fl_json_next(v, it))
		if (!listed(known, fl_json_key(it)))
			return fl_err_data(err, "unsupported member '%s' of %s '%s' in 'tokenizer.json'",
			    fl_json_key(it), what, type_of(v));
	return 0;
}

/* A string that has to be there and not be empty. */
static const char *
text_of(const struct fl_json *v, size_t *len)
{
	*len = fl_json_str(v) ? fl_json_str_len(v) : 0;
	return *len ? fl_json_str(v) : NULL;
}

/* Model ------------------------------------------------------------------------------------------- */

static int
read_vocab(struct fl_tokenizer *t, const struct fl_json *vocab, struct fl_err *err)
{
	if (fl_json_type(vocab) != FL_JSON_OBJECT || fl_json_len(vocab) == 0)
		return fl_err_data(err, "'tokenizer.json' has no vocabulary");
	for (void *it = fl_json_first(vocab); it; it = fl_json_next(vocab, it)) {
		const char *text = fl_json_key(it);

		if (fl_vocab_add(&t->vocab, fl_json_int(fl_json_value(it), -1), text, strlen(text),
			FL_TOKEN_NORMAL, err) < 0)
			return -1;
	}
	return 0;
}

/* The two parts of a merge: ["a", "b"] or "a b". */
static int
merge_parts(const struct fl_json *v, const char *part[2], size_t len[2])
{
	const char *space;
	size_t n;

	if (fl_json_type(v) == FL_JSON_ARRAY && fl_json_len(v) == 2) {
		for (size_t i = 0; i < 2; i++)
			if (!(part[i] = text_of(fl_json_at(v, i), &len[i])))
				return -1;
		return 0;
	}
	if (!(part[0] = text_of(v, &n)) || !(space = memchr(part[0], ' ', n)))
		return -1;
	part[1] = space + 1;
	len[0] = (size_t)(space - part[0]);
	len[1] = n - len[0] - 1;
	return len[0] && len[1] && !memchr(part[1], ' ', len[1]) ? 0 : -1;
}

static int
read_merges(struct fl_tokenizer *t, const struct fl_json *merges, struct fl_err *err)
{
	size_t n = fl_json_len(merges);
	struct fl_str both = { 0 };
	int rc = 0;

	if (fl_json_type(merges) != FL_JSON_ARRAY)
		return fl_err_data(err, "'tokenizer.json' has no merges");
	for (size_t i = 0; i < n && rc == 0; i++) {
		const char *part[2];
		size_t len[2];
		long id[3];

		if (merge_parts(fl_json_at(merges, i), part, len) < 0) {
			rc = fl_err_data(err, "merge %zu in 'tokenizer.json' is not a pair", i);
			break;
		}
		fl_str_clear(&both);
		fl_str_add(&both, part[0], len[0]);
		fl_str_add(&both, part[1], len[1]);
		id[0] = fl_vocab_find(&t->vocab, part[0], len[0]);
		id[1] = fl_vocab_find(&t->vocab, part[1], len[1]);
		id[2] = fl_vocab_find(&t->vocab, both.data, both.len);
		if (id[0] < 0 || id[1] < 0 || id[2] < 0)
			rc = fl_err_data(err, "merge %zu in 'tokenizer.json', '%s', is not in the vocabulary",
			    i, both.data);
		else
			fl_merges_add(&t->merges, (struct fl_merge){ (uint32_t)id[0],
							(uint32_t)id[1], (uint32_t)id[2] });
	}
	fl_str_free(&both);
	fl_merges_index(&t->merges);
	return rc;
}

static int
read_unk(struct fl_tokenizer *t, const struct fl_json *unk, struct fl_err *err)
{
	size_t len;
	const char *text = text_of(unk, &len);

	if (!text)
		return 0;
	t->unk = fl_vocab_find(&t->vocab, text, len);
	if (t->unk < 0)
		return fl_err_data(err, "the unknown token '%s' is not in the vocabulary", text);
	t->vocab.token[t->unk].type = FL_TOKEN_UNKNOWN;
	return 0;
}

static int
read_model(struct fl_tokenizer *t, const struct fl_json *model, struct fl_err *err)
{
	static const char *const affix[] = { "continuing_subword_prefix", "end_of_word_suffix" };

	if (!is(model, "BPE") && fl_json_get(model, "type"))
		return unsupported("model", model, err);
	if (check_members(model,
		"type dropout unk_token continuing_subword_prefix end_of_word_suffix fuse_unk "
		"byte_fallback ignore_merges vocab merges",
		"model", err) < 0)
		return -1;
	if (fl_json_real(fl_json_get(model, "dropout"), 0) != 0)
		return fl_err_data(err, "unsupported dropout in 'tokenizer.json': ids would be random");
	for (size_t i = 0; i < 2; i++)
		if (fl_json_str_len(fl_json_get(model, affix[i])) > 0)
			return fl_err_data(err, "unsupported %s in 'tokenizer.json'", affix[i]);
	t->fuse_unk = fl_json_bool(fl_json_get(model, "fuse_unk"), false);
	t->byte_fallback = fl_json_bool(fl_json_get(model, "byte_fallback"), false);
	t->ignore_merges = fl_json_bool(fl_json_get(model, "ignore_merges"), false);
	return read_vocab(t, fl_json_get(model, "vocab"), err) < 0 ||
		read_merges(t, fl_json_get(model, "merges"), err) < 0 ||
		read_unk(t, fl_json_get(model, "unk_token"), err) < 0
	    ? -1
	    : 0;
}

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

	if (absent(v))
		return 0;
	if (check_members(v, "type normalizers prepend pattern content", "normalizer", err) < 0)
		return -1;
	if (is(v, "Sequence")) {
		for (size_t i = 0; i < fl_json_len(list); i++)
			if (read_normalizer(n, fl_json_at(list, i), err) < 0)
				return -1;
		return 0;
	}
	if (is(v, "NFC"))
		bad = add_step(n, FL_NORMALIZE_NFC, NULL, NULL);
	else if (is(v, "Prepend"))
		bad = add_step(n, FL_NORMALIZE_PREPEND, NULL, fl_json_get(v, "prepend"));
	else if (is(v, "Replace"))
		bad = add_step(n, FL_NORMALIZE_REPLACE, fl_json_get(fl_json_get(v, "pattern"), "String"),
		    fl_json_get(v, "content"));
	return bad ? unsupported("normalizer", v, err) : 0;
}

/* Pre-tokenizer ----------------------------------------------------------------------------------- */

static int
add_split(struct fl_tokenizer *t, const char *pattern, struct fl_err *err)
{
	if (t->splits == FL_TOKENIZER_SPLITS)
		return fl_err_data(err, "more than %d patterns in 'tokenizer.json'", FL_TOKENIZER_SPLITS);
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
	    check_members(v, "type pattern behavior invert", "pre-tokenizer", err) < 0)
		return fl_err_data(err,
		    "unsupported pre-tokenizer 'Split' in 'tokenizer.json': not a regular expression, "
		    "isolated and not inverted");
	return add_split(t, pattern, err);
}

static int
read_byte_level(struct fl_tokenizer *t, const struct fl_json *v, struct fl_err *err)
{
	if (check_members(v, "type add_prefix_space trim_offsets use_regex", "pre-tokenizer", err) < 0)
		return -1;
	t->kind = FL_TOKENIZER_BYTE_LEVEL;
	t->prefix_space = fl_json_bool(fl_json_get(v, "add_prefix_space"), true);
	if (t->prefix_space && t->splits)
		return fl_err_data(err, "unsupported add_prefix_space after a split in 'tokenizer.json'");
	return fl_json_bool(fl_json_get(v, "use_regex"), true) ? add_split(t, GPT2_PATTERN, err) : 0;
}

static int
read_digits(struct fl_tokenizer *t, const struct fl_json *v, struct fl_err *err)
{
	if (check_members(v, "type individual_digits", "pre-tokenizer", err) < 0)
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

	if (check_members(v, "type replacement str_rep add_prefix_space prepend_scheme split",
		"pre-tokenizer", err) < 0)
		return -1;
	if (!mark || strcmp(mark, FL_META) != 0 || prefix < 0)
		return unsupported("pre-tokenizer", v, err);
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
	const struct fl_json *list = is(v, "Sequence") ? fl_json_get(v, "pretokenizers") : NULL;
	size_t n = list ? fl_json_len(list) : 1;

	t->kind = FL_TOKENIZER_SENTENCEPIECE;
	if (absent(v))
		return 0;
	for (size_t i = 0; i < n; i++) {
		const struct fl_json *p = list ? fl_json_at(list, i) : v;
		int (*read)(struct fl_tokenizer *, const struct fl_json *, struct fl_err *) =
		    is(p, "Split")	 ? read_split
		    : is(p, "Digits")	 ? read_digits
		    : is(p, "ByteLevel") ? read_byte_level
		    : is(p, "Metaspace") ? read_metaspace
					 : NULL;
		bool last = i + 1 == n, ends = read == read_byte_level || read == read_metaspace;

		if (!read || ends != last || (read == read_metaspace && n > 1))
			return unsupported("pre-tokenizer", p, err);
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
	const struct fl_json *single = fl_json_get(v, "single"), *names = fl_json_get(v, "special_tokens");
	size_t n = fl_json_len(single), i = 0;
	long before = -1, after = -1;

	if (i < n && !fl_json_get(fl_json_at(single, i), "Sequence"))
		before = template_id(fl_json_at(single, i++), names);
	if (i >= n || !fl_json_get(fl_json_at(single, i++), "Sequence"))
		return unsupported("post-processor", v, err);
	if (i < n)
		after = template_id(fl_json_at(single, i++), names);
	if (i != n || (n > 1 && before < 0 && after < 0) || (n > 2 && (before < 0 || after < 0)) ||
	    before >= (long)t->vocab.n || after >= (long)t->vocab.n)
		return unsupported("post-processor", v, err);
	t->bos = before;
	t->add_bos = before >= 0;
	t->eos = after;
	return 0;
}

static int
read_post_processor(struct fl_tokenizer *t, const struct fl_json *v, struct fl_err *err)
{
	const struct fl_json *list = fl_json_get(v, "processors");

	if (absent(v) || is(v, "ByteLevel")) /* ByteLevel changes offsets only */
		return 0;
	if (is(v, "TemplateProcessing"))
		return read_template(t, v, err);
	if (!is(v, "Sequence"))
		return unsupported("post-processor", v, err);
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
	bool bytes = t->kind == FL_TOKENIZER_BYTE_LEVEL;

	if (absent(v) || (is(v, "ByteLevel") && bytes))
		return 0;
	if (is(v, "Sequence")) {
		for (size_t i = 0; i < fl_json_len(list); i++)
			if (read_decoder(t, fl_json_at(list, i), err) < 0)
				return -1;
		return 0;
	}
	if (bytes)
		return unsupported("decoder", v, err);
	if (is(v, "ByteFallback") || is(v, "Fuse") ||
	    (is(v, "Replace") && member_is(fl_json_get(v, "pattern"), "String", FL_META) &&
		member_is(v, "content", " ")))
		return 0;
	if (is(v, "Metaspace") && meta_prefix(v) >= 0) {
		t->strip_space = meta_prefix(v) != FL_META_NEVER;
		return 0;
	}
	if (is(v, "Strip") && member_is(v, "content", " ") && fl_json_int(fl_json_get(v, "stop"), 0) == 0 &&
	    fl_json_int(fl_json_get(v, "start"), 0) <= 1) {
		t->strip_space = fl_json_int(fl_json_get(v, "start"), 0) == 1;
		return 0;
	}
	return unsupported("decoder", v, err);
}

/* Added tokens ------------------------------------------------------------------------------------ */

static int
add_to_vocab(struct fl_tokenizer *t, long long id, const char *text, size_t len, bool special,
    struct fl_err *err)
{
	enum fl_token_type type = special ? FL_TOKEN_SPECIAL : FL_TOKEN_ADDED;
	long known = fl_vocab_find(&t->vocab, text, len);

	if (known < 0)
		return fl_vocab_add(&t->vocab, id, text, len, (uint8_t)type, err);
	if (known != id)
		return fl_err_data(err, "the added token '%s' has the id %lld, and %ld in the vocabulary",
		    text, id, known);
	if (known != t->unk)
		t->vocab.token[known].type = (uint8_t)type;
	return 0;
}

/* A token marked as normalised is looked for in normalised text, itself normalised. */
static void
add_pattern(struct fl_tokenizer *t, const struct fl_json *v, const char *text, size_t len)
{
	bool normal = fl_json_bool(fl_json_get(v, "normalized"), false);
	struct fl_str room[2] = { 0 };
	struct fl_added_token a = {
		.id = (uint32_t)fl_json_int(fl_json_get(v, "id"), 0),
		.special = fl_json_bool(fl_json_get(v, "special"), false),
		.lstrip = fl_json_bool(fl_json_get(v, "lstrip"), false),
		.rstrip = fl_json_bool(fl_json_get(v, "rstrip"), false),
	};

	if (normal)
		fl_normalizer_run(&t->normalizer, text, len, room, &text, &len);
	a.text = fl_strndup(text, len);
	a.len = len;
	if (len)
		fl_added_add(&t->added[normal], a);
	fl_str_free(&room[0]);
	fl_str_free(&room[1]);
}

static int
read_added(struct fl_tokenizer *t, const struct fl_json *list, struct fl_err *err)
{
	for (size_t i = 0; i < fl_json_len(list); i++) {
		const struct fl_json *v = fl_json_at(list, i);
		size_t len;
		const char *text = text_of(fl_json_get(v, "content"), &len);

		if (!text)
			return fl_err_data(err, "added token %zu in 'tokenizer.json' has no text", i);
		if (fl_json_bool(fl_json_get(v, "single_word"), false))
			return fl_err_data(err, "unsupported single_word of the added token '%s'", text);
		if (check_members(v, "id content single_word lstrip rstrip normalized special",
			"added token", err) < 0 ||
		    add_to_vocab(t, fl_json_int(fl_json_get(v, "id"), -1), text, len,
			fl_json_bool(fl_json_get(v, "special"), false), err) < 0)
			return -1;
		add_pattern(t, v, text, len);
	}
	fl_added_sort(&t->added[0]);
	fl_added_sort(&t->added[1]);
	return 0;
}

/* What follows from all of it --------------------------------------------------------------------- */

/* The tokens of the 256 bytes, which must all be there: else some text could not be encoded. */
static int
find_bytes(struct fl_tokenizer *t, struct fl_err *err)
{
	bool level = t->kind == FL_TOKENIZER_BYTE_LEVEL;

	for (unsigned b = 0; b < 256 && (level || t->byte_fallback); b++) {
		char text[8];
		size_t len = level ? fl_utf8_put(text, fl_bytelevel_char((unsigned char)b))
				   : (size_t)snprintf(text, sizeof text, "<0x%02X>", b);
		long id = fl_vocab_find(&t->vocab, text, len);

		if (id < 0)
			return fl_err_data(err, "the vocabulary has no token for the byte 0x%02X", b);
		t->byte_id[b] = (uint32_t)id;
		if (!level)
			t->vocab.token[id].type = FL_TOKEN_BYTE;
	}
	return 0;
}

static bool
crosses(const struct fl_tokenizer *t, const struct fl_merge *m)
{
	const struct fl_token *l = &t->vocab.token[m->left], *r = &t->vocab.token[m->right];
	bool from = l->len >= FL_META_LEN && memcmp(l->text + l->len - FL_META_LEN, FL_META, FL_META_LEN) == 0;
	bool into = r->len >= FL_META_LEN && memcmp(r->text, FL_META, FL_META_LEN) == 0;

	return into && !from;
}

static void
find_ranks(struct fl_tokenizer *t)
{
	t->meta_cut = !t->ignore_merges && fl_vocab_find(&t->vocab, FL_META, FL_META_LEN) >= 0;
	t->rank = fl_alloc(t->vocab.n, sizeof *t->rank);
	for (size_t id = 0; id < t->vocab.n; id++)
		t->rank[id] = -1;
	for (size_t i = t->merges.n; i-- > 0;) {
		t->rank[t->merges.v[i].result] = (int32_t)i;
		t->meta_cut = t->meta_cut && !crosses(t, &t->merges.v[i]);
	}
}

int
fl_tokenizer_read_json(struct fl_tokenizer *t, const char *json, size_t len, struct fl_err *err)
{
	struct fl_json *root = fl_json_parse(json, len, "tokenizer.json", err);
	int rc = -1;

	if (!root || read_model(t, fl_json_get(root, "model"), err) < 0 ||
	    read_normalizer(&t->normalizer, fl_json_get(root, "normalizer"), err) < 0 ||
	    read_pre_tokenizer(t, fl_json_get(root, "pre_tokenizer"), err) < 0 ||
	    read_added(t, fl_json_get(root, "added_tokens"), err) < 0 ||
	    read_post_processor(t, fl_json_get(root, "post_processor"), err) < 0 ||
	    read_decoder(t, fl_json_get(root, "decoder"), err) < 0 || find_bytes(t, err) < 0)
		goto out;
	find_ranks(t);
	rc = 0;
out:
	fl_json_free(root);
	return rc;
}
