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

int
fl_tokenizer_add_vocab(struct fl_tokenizer *t, const struct fl_json *vocab, struct fl_err *err)
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
	if (fl_json_type(merges) != FL_JSON_ARRAY)
		return fl_err_data(err, "no merges");
	for (size_t i = 0; i < fl_json_len(merges); i++) {
		const char *part[2];
		size_t len[2];

		if (merge_parts(fl_json_at(merges, i), part, len) < 0)
			return fl_err_data(err, "merge %zu is not a pair", i);
		if (fl_tokenizer_add_merge(t, i, part[0], len[0], part[1], len[1], err) < 0)
			return -1;
	}
	fl_merges_index(&t->merges);
	return 0;
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
read_bpe(struct fl_tokenizer *t, const struct fl_json *model, struct fl_err *err)
{
	static const char *const affix[] = { "continuing_subword_prefix", "end_of_word_suffix" };

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
	t->ignore_merges = fl_json_bool(fl_json_get(model, "ignore_merges"), false);
	return fl_tokenizer_add_vocab(t, fl_json_get(model, "vocab"), err) < 0 ||
		read_merges(t, fl_json_get(model, "merges"), err) < 0 ||
		read_unk(t, fl_json_get(model, "unk_token"), err) < 0
	    ? -1
	    : 0;
}

/* vocab: pairs of a token and its score; the id is the place. */
static int
read_unigram(struct fl_tokenizer *t, const struct fl_json *model, struct fl_err *err)
{
	const struct fl_json *vocab = fl_json_get(model, "vocab");
	double lowest = 0;

	if (fl_component_check(model, "type unk_id vocab byte_fallback", "model", err) < 0)
		return -1;
	if (fl_json_type(vocab) != FL_JSON_ARRAY || fl_json_len(vocab) == 0)
		return fl_err_data(err, "no vocabulary");
	t->fuse_unk = true;
	t->unigram = fl_unigram_new();
	for (size_t i = 0; i < fl_json_len(vocab); i++) {
		const struct fl_json *v = fl_json_at(vocab, i), *score = fl_json_at(v, 1);
		size_t len;
		const char *text = fl_component_text(fl_json_at(v, 0), &len);

		if (!text || len > FL_UNIGRAM_TOKEN_MAX || fl_json_type(v) != FL_JSON_ARRAY ||
		    (fl_json_type(score) != FL_JSON_REAL && fl_json_type(score) != FL_JSON_INT))
			return fl_err_data(err, "token %zu is no text of 1 to %d bytes and its score", i,
			    FL_UNIGRAM_TOKEN_MAX);
		if (fl_vocab_add(&t->vocab, (long long)i, text, len, FL_TOKEN_NORMAL, err) < 0)
			return -1;
		fl_unigram_add(t->unigram, text, len, (uint32_t)i, fl_json_real(score, 0));
		lowest = i == 0 || fl_json_real(score, 0) < lowest ? fl_json_real(score, 0) : lowest;
	}
	fl_unigram_set_unknown(t->unigram, lowest - 10);
	t->unk = (long)fl_json_int(fl_json_get(model, "unk_id"), -1);
	if (t->unk >= (long)t->vocab.n)
		return fl_err_data(err, "unk_id is %ld, and no token has this id", t->unk);
	if (t->unk >= 0)
		t->vocab.token[t->unk].type = FL_TOKEN_UNKNOWN;
	return 0;
}

/* Older files do not name the type of a BPE. */
static int
read_model(struct fl_tokenizer *t, const struct fl_json *model, struct fl_err *err)
{
	t->byte_fallback = fl_json_bool(fl_json_get(model, "byte_fallback"), false);
	if (fl_component_is(model, "Unigram"))
		return read_unigram(t, model, err);
	if (fl_component_is(model, "BPE") || !fl_json_get(model, "type"))
		return read_bpe(t, model, err);
	return fl_component_unsupported("model", model, err);
}

/* The package tokenizers gives those that are not in the vocabulary the next ids behind it, whatever theirs are here. */
static int
read_added(struct fl_tokenizer *t, const struct fl_json *list, struct fl_err *err)
{
	for (size_t i = 0; i < fl_json_len(list); i++) {
		const struct fl_json *v = fl_json_at(list, i);
		long long id = fl_json_int(fl_json_get(v, "id"), -1);
		size_t len;
		const char *text = fl_component_text(fl_json_get(v, "content"), &len);

		if (text && id > (long long)t->vocab.n && fl_vocab_find(&t->vocab, text, len) < 0)
			return fl_err_data(err, "the added token '%s' has the id %lld where %zu comes next", text, id, t->vocab.n);
		if (fl_tokenizer_add_json(t, id, v, true, err) < 0)
			return -1;
	}
	return 0;
}

int
fl_tokenizer_read_json(struct fl_tokenizer *t, const struct fl_tokenizer_text *file, struct fl_err *err)
{
	const struct fl_tokenizer_text *f = &file[FL_TOKENIZER_JSON];
	struct fl_json *root = fl_json_parse(f->data, f->len, fl_tokenizer_file[FL_TOKENIZER_JSON], err);
	int rc = root ? 0 : -1;

	if (root && (read_model(t, fl_json_get(root, "model"), err) < 0 ||
			fl_tokenizer_read_pipeline(t, root, err) < 0 ||
			read_added(t, fl_json_get(root, "added_tokens"), err) < 0))
		rc = fl_err_prefix(err, "'%s'", fl_tokenizer_file[FL_TOKENIZER_JSON]);
	fl_json_free(root);
	return rc;
}
