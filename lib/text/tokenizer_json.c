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
#include <string.h>

#include "base/alloc.h"
#include "text/component.h"
#include "text/tokenizer_impl.h"

/* Model ------------------------------------------------------------------------------------------- */

static int
read_vocab(struct fl_tokenizer *t, const struct fl_json *vocab, struct fl_err *err)
{
	if (fl_json_type(vocab) != FL_JSON_OBJECT || fl_json_len(vocab) == 0)
		return fl_err_data(err, "no vocabulary");
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
			if (!(part[i] = fl_component_text(fl_json_at(v, i), &len[i])))
				return -1;
		return 0;
	}
	if (!(part[0] = fl_component_text(v, &n)) || !(space = memchr(part[0], ' ', n)))
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
		return fl_err_data(err, "no merges");
	for (size_t i = 0; i < n && rc == 0; i++) {
		const char *part[2];
		size_t len[2];
		long id[3];

		if (merge_parts(fl_json_at(merges, i), part, len) < 0) {
			rc = fl_err_data(err, "merge %zu is not a pair", i);
			break;
		}
		fl_str_clear(&both);
		fl_str_add(&both, part[0], len[0]);
		fl_str_add(&both, part[1], len[1]);
		id[0] = fl_vocab_find(&t->vocab, part[0], len[0]);
		id[1] = fl_vocab_find(&t->vocab, part[1], len[1]);
		id[2] = fl_vocab_find(&t->vocab, both.data, both.len);
		if (id[0] < 0 || id[1] < 0 || id[2] < 0)
			rc = fl_err_data(err, "merge %zu, '%s', is not in the vocabulary",
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
	const char *text = fl_component_text(unk, &len);

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

	if (!fl_component_is(model, "BPE") && fl_json_get(model, "type"))
		return fl_component_unsupported("model", model, err);
	if (fl_component_check(model,
		"type dropout unk_token continuing_subword_prefix end_of_word_suffix fuse_unk "
		"byte_fallback ignore_merges vocab merges",
		"model", err) < 0)
		return -1;
	if (fl_json_real(fl_json_get(model, "dropout"), 0) != 0)
		return fl_err_data(err, "unsupported dropout: ids would be random");
	for (size_t i = 0; i < 2; i++)
		if (fl_json_str_len(fl_json_get(model, affix[i])) > 0)
			return fl_err_data(err, "unsupported %s", affix[i]);
	t->fuse_unk = fl_json_bool(fl_json_get(model, "fuse_unk"), false);
	t->byte_fallback = fl_json_bool(fl_json_get(model, "byte_fallback"), false);
	t->ignore_merges = fl_json_bool(fl_json_get(model, "ignore_merges"), false);
	return read_vocab(t, fl_json_get(model, "vocab"), err) < 0 ||
		read_merges(t, fl_json_get(model, "merges"), err) < 0 ||
		read_unk(t, fl_json_get(model, "unk_token"), err) < 0
	    ? -1
	    : 0;
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
		const char *text = fl_component_text(fl_json_get(v, "content"), &len);

		if (!text)
			return fl_err_data(err, "added token %zu has no text", i);
		if (fl_json_bool(fl_json_get(v, "single_word"), false))
			return fl_err_data(err, "unsupported single_word of the added token '%s'", text);
		if (fl_component_check(v, "id content single_word lstrip rstrip normalized special",
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

int
fl_tokenizer_read_json(struct fl_tokenizer *t, const char *json, size_t len, struct fl_err *err)
{
	struct fl_json *root = fl_json_parse(json, len, "tokenizer.json", err);
	int rc = root ? 0 : -1;

	if (root && (read_model(t, fl_json_get(root, "model"), err) < 0 ||
			fl_tokenizer_read_pipeline(t, root, err) < 0 ||
			read_added(t, fl_json_get(root, "added_tokens"), err) < 0))
		rc = fl_err_prefix(err, "'tokenizer.json'");
	fl_json_free(root);
	return rc;
}
