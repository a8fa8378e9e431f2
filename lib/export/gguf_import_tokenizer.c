/* SPDX-License-Identifier: Apache-2.0 */
/* The tokenizer of a GGUF file as Hugging Face's tokenizer.json. Two kinds:
 *
 *     gpt2	byte level; merges are there, how words are cut is said by a name (gguf_pre.c)
 *     llama	sentencepiece; no merges but scores: every cut of a token into two others is a merge, and that of the
 *		highest score comes first
 *
 * A token's type says what it is for: 1 normal, 2 unknown, 3 control, 4 user defined, 5 unused, 6 byte. Those of
 * types 2, 3 and 4 are found in text before anything else. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/str.h"
#include "export/gguf_import_impl.h"
#include "export/gguf_pre.h"
#include "text/utf8.h"

#define KEY "tokenizer.ggml."
#define META "\xe2\x96\x81"

enum { NORMAL = 1, UNKNOWN, CONTROL, USER, UNUSED, BYTE };

struct words {
	const struct fl_gguf_file *g;
	size_t n;
	char **text; /* [n], ended by NULs */
	uint8_t *type; /* [n] */
	bool llama;
	const struct fl_gguf_pre *pre; /* NULL of llama */
	struct fl_err *err;
};

/* Tokens ----------------------------------------------------------------------------------------- */

static int
read_token(struct words *w, size_t i, bool typed)
{
	size_t len;
	const char *text = fl_gguf_file_string(w->g, KEY "tokens", i, &len);
	double type = typed ? fl_gguf_file_number(w->g, KEY "token_type", i) : NORMAL;

	if (memchr(text, '\0', len) || fl_utf8_valid(text, len) < len)
		return fl_err_data(w->err, "token %zu is no UTF-8 text", i);
	if (!(type >= 0 && type <= BYTE))
		return fl_err_data(w->err, "token %zu has the unknown type %g", i, type);
	w->text[i] = fl_strndup(text, len);
	w->type[i] = (uint8_t)type;
	return 0;
}

static int
read_tokens(struct words *w)
{
	size_t types = fl_gguf_file_numbers(w->g, KEY "token_type");

	w->n = fl_gguf_file_strings(w->g, KEY "tokens");
	if (w->n == 0 || (types && types != w->n))
		return fl_err_data(w->err, "the file has %zu tokens and types of %zu", w->n, types);
	w->text = fl_alloc(w->n, sizeof *w->text);
	w->type = fl_alloc(w->n, sizeof *w->type);
	for (size_t i = 0; i < w->n; i++)
		if (read_token(w, i, types > 0) < 0)
			return -1;
	return 0;
}

/* Rows of the embedding that no token has are written as this by those who make GGUF files. */
static bool
is_padding(const struct words *w, size_t i)
{
	char pad[32];

	snprintf(pad, sizeof pad, "[PAD%zu]", i);
	return w->type[i] == UNUSED && strcmp(w->text[i], pad) == 0;
}

static struct fl_json *
make_vocab(const struct words *w)
{
	struct fl_json *vocab = fl_json_new_object();

	for (size_t i = 0; i < w->n; i++)
		if (is_padding(w, i) || !*w->text[i])
			continue;
		else if (fl_json_get(vocab, w->text[i])) {
			fl_err_data(w->err, "token %zu, '%s', stands there twice", i, w->text[i]);
			fl_json_free(vocab);
			return NULL;
		} else {
			fl_json_set(vocab, w->text[i], fl_json_new_int((long long)i));
		}
	return vocab;
}

/* Phi 3's special tokens take the white space behind them, which only the model's name says. */
static bool
takes_space(const struct words *w, size_t i)
{
	static const char *const not[] = { "<unk>", "<s>", "<|endoftext|>" };
	size_t len;
	const char *name = fl_gguf_file_str(w->g, "general.name", &len);
	char *lower = name ? fl_strndup(name, len) : NULL;
	bool phi = false;

	for (char *p = lower; p && *p; p++)
		*p |= *p >= 'A' && *p <= 'Z' ? 0x20 : 0;
	phi = lower && (strstr(lower, "phi-3") || strstr(lower, "phi3"));
	free(lower);
	for (size_t k = 0; k < sizeof not / sizeof *not; k++)
		phi = phi && strcmp(w->text[i], not[k]) != 0;
	return phi && w->type[i] == CONTROL;
}

static struct fl_json *
make_added(const struct words *w)
{
	struct fl_json *list = fl_json_new_array();

	for (size_t i = 0; i < w->n; i++) {
		struct fl_json *o;

		if (w->type[i] < UNKNOWN || w->type[i] > USER || !*w->text[i])
			continue;
		o = fl_json_new_object();
		fl_json_set(o, "id", fl_json_new_int((long long)i));
		fl_json_set(o, "content", fl_json_new_str(w->text[i]));
		fl_json_set(o, "single_word", fl_json_new_bool(false));
		fl_json_set(o, "lstrip", fl_json_new_bool(false));
		fl_json_set(o, "rstrip", fl_json_new_bool(takes_space(w, i)));
		fl_json_set(o, "normalized", fl_json_new_bool(false));
		fl_json_set(o, "special", fl_json_new_bool(w->type[i] != USER));
		fl_json_push(list, o);
	}
	return list;
}

/* Merges ----------------------------------------------------------------------------------------- */

static void
push_pair(struct fl_json *list, const char *left, size_t left_len, const char *right)
{
	struct fl_json *pair = fl_json_new_array();
	char *text = fl_strndup(left, left_len);

	fl_json_push(pair, fl_json_new_str(text));
	fl_json_push(pair, fl_json_new_str(right));
	fl_json_push(list, pair);
	free(text);
}

/* As they stand: parts separated by a space, which may itself begin the first. */
static int
listed_merges(const struct words *w, struct fl_json *list)
{
	size_t n = fl_gguf_file_strings(w->g, KEY "merges");

	for (size_t i = 0; i < n; i++) {
		size_t len;
		const char *text = fl_gguf_file_string(w->g, KEY "merges", i, &len);
		const char *space = len > 1 ? memchr(text + 1, ' ', len - 1) : NULL;
		char *right;

		if (!space || memchr(text, '\0', len) || fl_utf8_valid(text, len) < len)
			return fl_err_data(w->err, "merge %zu is no pair of tokens", i);
		right = fl_strndup(space + 1, (size_t)(text + len - space - 1));
		push_pair(list, text, (size_t)(space - text), right);
		free(right);
	}
	return 0;
}

struct scored {
	double score;
	size_t id;
};

static int
by_score(const void *x, const void *y)
{
	const struct scored *a = x, *b = y;

	return a->score != b->score ? (a->score < b->score ? 1 : -1) : (a->id > b->id) - (a->id < b->id);
}

static bool
is_made(const struct words *w, size_t i)
{
	return (w->type[i] == NORMAL || w->type[i] == USER) && *w->text[i];
}

/* The token of a text that takes part in merges, or -1. */
static long long
part(const struct words *w, const struct fl_json *vocab, const char *text)
{
	long long id = fl_json_int(fl_json_get(vocab, text), -1);

	return id >= 0 && is_made(w, (size_t)id) ? id : -1;
}

struct cut {
	long long left, right;
	size_t len;
};

static int
by_ids(const void *x, const void *y)
{
	const struct cut *a = x, *b = y;

	return a->left != b->left ? (a->left < b->left ? -1 : 1) : (a->right > b->right) - (a->right < b->right);
}

/* Every cut of token i into two, in the order of their ids. */
static void
cuts_of(const struct words *w, const struct fl_json *vocab, size_t i, struct fl_json *list)
{
	const char *text = w->text[i], *p = text;
	struct cut *cut = fl_alloc(strlen(text), sizeof *cut);
	size_t n = 0;
	uint32_t c;

	while (*(p = fl_utf8_next(p, &c))) {
		char *left = fl_strndup(text, (size_t)(p - text));

		cut[n] = (struct cut){ part(w, vocab, left), part(w, vocab, p), (size_t)(p - text) };
		n += cut[n].left >= 0 && cut[n].right >= 0;
		free(left);
	}
	qsort(cut, n, sizeof *cut, by_ids);
	for (size_t k = 0; k < n; k++)
		push_pair(list, text, cut[k].len, text + cut[k].len);
	free(cut);
}

static int
scored_merges(const struct words *w, const struct fl_json *vocab, struct fl_json *list)
{
	enum { LONGEST = 512 }; /* bounds the time, which is that of a token's cuts */
	size_t scores = fl_gguf_file_numbers(w->g, KEY "scores"), n = 0;
	struct scored *order;
	int rc = 0;

	if (scores != w->n)
		return fl_err_data(w->err, "the file has %zu tokens and scores of %zu", w->n, scores);
	order = fl_alloc(w->n, sizeof *order);
	for (size_t i = 0; i < w->n && rc == 0; i++) {
		double score = fl_gguf_file_number(w->g, KEY "scores", i);

		if (!isfinite(score) || strlen(w->text[i]) > LONGEST)
			rc = fl_err_data(w->err, "token %zu has no score, or more than %d bytes", i, LONGEST);
		else if (is_made(w, i))
			order[n++] = (struct scored){ score, i };
	}
	qsort(order, n, sizeof *order, by_score);
	if (rc == 0 && n > 1 && order[0].score == order[n - 1].score)
		rc = fl_err_data(w->err, "all tokens have one score, which does not say what merges first");
	for (size_t i = 0; i < n && rc == 0; i++)
		cuts_of(w, vocab, order[i].id, list);
	free(order);
	return rc;
}

/* Components ------------------------------------------------------------------------------------- */

static struct fl_json *
component(const char *type)
{
	struct fl_json *o = fl_json_new_object();

	fl_json_set(o, "type", fl_json_new_str(type));
	return o;
}

static struct fl_json *
sequence(const char *members, struct fl_json *list)
{
	struct fl_json *o = component("Sequence");

	fl_json_set(o, members, list);
	return o;
}

static struct fl_json *
pattern_of(const char *kind, const char *text)
{
	struct fl_json *o = fl_json_new_object();

	fl_json_set(o, kind, fl_json_new_str(text));
	return o;
}

static struct fl_json *
byte_level(void)
{
	struct fl_json *o = component("ByteLevel");

	fl_json_set(o, "add_prefix_space", fl_json_new_bool(false));
	fl_json_set(o, "trim_offsets", fl_json_new_bool(true));
	fl_json_set(o, "use_regex", fl_json_new_bool(false));
	return o;
}

static struct fl_json *
make_pre_tokenizer(const struct fl_gguf_pre *pre)
{
	struct fl_json *list = fl_json_new_array();

	for (int i = 0; i < FL_GGUF_PRE_PATTERNS && pre->pattern[i]; i++) {
		struct fl_json *split = component("Split");

		fl_json_set(split, "pattern", pattern_of("Regex", pre->pattern[i]));
		fl_json_set(split, "behavior", fl_json_new_str("Isolated"));
		fl_json_set(split, "invert", fl_json_new_bool(false));
		fl_json_push(list, split);
		if (i + 1 == pre->raw)
			fl_json_push(list, byte_level());
	}
	if (!pre->raw)
		fl_json_push(list, byte_level());
	return sequence("pretokenizers", list);
}

static struct fl_json *
replace(const char *what, const char *with)
{
	struct fl_json *o = component("Replace");

	fl_json_set(o, "pattern", pattern_of("String", what));
	fl_json_set(o, "content", fl_json_new_str(with));
	return o;
}

static bool
flag(const struct words *w, const char *key, bool otherwise)
{
	return fl_gguf_file_int(w->g, key, otherwise) != 0;
}

static bool
prepends(const struct words *w)
{
	return flag(w, KEY "add_space_prefix", true);
}

static struct fl_json *
make_normalizer(const struct words *w)
{
	struct fl_json *list, *prepend;

	if (!w->llama)
		return w->pre->nfc ? component("NFC") : fl_json_new_null();
	list = fl_json_new_array();
	if (prepends(w)) {
		prepend = component("Prepend");
		fl_json_set(prepend, "prepend", fl_json_new_str(META));
		fl_json_push(list, prepend);
	}
	fl_json_push(list, replace(" ", META));
	return sequence("normalizers", list);
}

static struct fl_json *
make_decoder(const struct words *w)
{
	struct fl_json *list, *strip;

	if (!w->llama)
		return byte_level();
	list = fl_json_new_array();
	fl_json_push(list, replace(META, " "));
	fl_json_push(list, component("ByteFallback"));
	fl_json_push(list, component("Fuse"));
	if (prepends(w)) {
		strip = component("Strip");
		fl_json_set(strip, "content", fl_json_new_str(" "));
		fl_json_set(strip, "start", fl_json_new_int(1));
		fl_json_set(strip, "stop", fl_json_new_int(0));
		fl_json_push(list, strip);
	}
	return sequence("decoders", list);
}

/* Special tokens --------------------------------------------------------------------------------- */

/* The text of the token that a key names; NULL where none does. */
static const char *
token_of(const struct words *w, const char *key)
{
	long long id = fl_gguf_file_int(w->g, key, -1);

	return id >= 0 && (size_t)id < w->n && *w->text[id] ? w->text[id] : NULL;
}

static bool
adds_bos(const struct words *w)
{
	return token_of(w, KEY "bos_token_id") && flag(w, KEY "add_bos_token", w->llama || w->pre->bos);
}

static bool
adds_eos(const struct words *w)
{
	return token_of(w, KEY "eos_token_id") && flag(w, KEY "add_eos_token", false);
}

static struct fl_json *
place(const char *kind, const char *id)
{
	struct fl_json *o = fl_json_new_object(), *in = fl_json_new_object();

	fl_json_set(in, "id", fl_json_new_str(id));
	fl_json_set(in, "type_id", fl_json_new_int(0));
	fl_json_set(o, kind, in);
	return o;
}

static void
add_special(const struct words *w, const char *key, struct fl_json *all)
{
	struct fl_json *o = fl_json_new_object(), *ids = fl_json_new_array(), *texts = fl_json_new_array();
	const char *text = token_of(w, key);

	fl_json_push(ids, fl_json_new_int(fl_gguf_file_int(w->g, key, -1)));
	fl_json_push(texts, fl_json_new_str(text));
	fl_json_set(o, "id", fl_json_new_str(text));
	fl_json_set(o, "ids", ids);
	fl_json_set(o, "tokens", texts);
	fl_json_set(all, text, o);
}

/* Text A, or texts A and B, each with what stands around it. */
static struct fl_json *
make_template(const struct words *w, const char *names)
{
	struct fl_json *list = fl_json_new_array();

	for (; *names; names++) {
		char name[2] = { *names, '\0' };

		if (adds_bos(w))
			fl_json_push(list, place("SpecialToken", token_of(w, KEY "bos_token_id")));
		fl_json_push(list, place("Sequence", name));
		if (adds_eos(w))
			fl_json_push(list, place("SpecialToken", token_of(w, KEY "eos_token_id")));
	}
	return list;
}

static struct fl_json *
make_post_processor(const struct words *w)
{
	struct fl_json *o, *specials = fl_json_new_object();

	if (adds_bos(w))
		add_special(w, KEY "bos_token_id", specials);
	if (adds_eos(w))
		add_special(w, KEY "eos_token_id", specials);
	if (fl_json_len(specials) == 0) {
		fl_json_free(specials);
		return fl_json_new_null();
	}
	o = component("TemplateProcessing");
	fl_json_set(o, "single", make_template(w, "A"));
	fl_json_set(o, "pair", make_template(w, "AB"));
	fl_json_set(o, "special_tokens", specials);
	return o;
}

/* The files -------------------------------------------------------------------------------------- */

static struct fl_json *
new_or_null(const char *text)
{
	return text ? fl_json_new_str(text) : fl_json_new_null();
}

static const char *
unknown(const struct words *w)
{
	return w->llama ? token_of(w, KEY "unknown_token_id") : NULL;
}

static struct fl_json *
make_model(const struct words *w)
{
	struct fl_json *o = component("BPE"), *vocab = make_vocab(w), *merges = fl_json_new_array();
	int rc = !vocab ? -1 : w->llama ? scored_merges(w, vocab, merges) : listed_merges(w, merges);

	fl_json_set(o, "dropout", fl_json_new_null());
	fl_json_set(o, "unk_token", new_or_null(unknown(w)));
	fl_json_set(o, "continuing_subword_prefix", fl_json_new_null());
	fl_json_set(o, "end_of_word_suffix", fl_json_new_null());
	fl_json_set(o, "fuse_unk", fl_json_new_bool(w->llama));
	fl_json_set(o, "byte_fallback", fl_json_new_bool(w->llama && memchr(w->type, BYTE, w->n)));
	fl_json_set(o, "ignore_merges", fl_json_new_bool(!w->llama && w->pre->ignore_merges));
	if (vocab)
		fl_json_set(o, "vocab", vocab);
	fl_json_set(o, "merges", merges);
	if (rc == 0)
		return o;
	fl_json_free(o);
	return NULL;
}

static struct fl_json *
make_tokenizer(const struct words *w)
{
	struct fl_json *model = make_model(w), *o = model ? fl_json_new_object() : NULL;

	if (!o)
		return NULL;
	fl_json_set(o, "version", fl_json_new_str("1.0"));
	fl_json_set(o, "truncation", fl_json_new_null());
	fl_json_set(o, "padding", fl_json_new_null());
	fl_json_set(o, "added_tokens", make_added(w));
	fl_json_set(o, "normalizer", make_normalizer(w));
	fl_json_set(o, "pre_tokenizer", w->llama ? fl_json_new_null() : make_pre_tokenizer(w->pre));
	fl_json_set(o, "post_processor", make_post_processor(w));
	fl_json_set(o, "decoder", make_decoder(w));
	fl_json_set(o, "model", model);
	return o;
}

static struct fl_json *
text_of(const struct words *w, const char *key)
{
	size_t len;
	const char *text = fl_gguf_file_str(w->g, key, &len);
	char *copy = text && !memchr(text, '\0', len) ? fl_strndup(text, len) : NULL;
	struct fl_json *v = copy ? fl_json_new_str(copy) : NULL;

	free(copy);
	return v;
}

/* One text, or with further ones that have names a list. */
static struct fl_json *
make_templates(const struct words *w)
{
	struct fl_json *one = text_of(w, KEY "chat_template"), *list;
	size_t n = fl_gguf_file_strings(w->g, "tokenizer.chat_templates");

	if (!one)
		one = text_of(w, "tokenizer.chat_template");
	if (n == 0)
		return one;
	list = fl_json_new_array();
	for (size_t i = 0; i <= n; i++) {
		struct fl_str key = { 0 };
		size_t len = 7;
		const char *name = i == 0 ? "default" : fl_gguf_file_string(w->g, "tokenizer.chat_templates", i - 1, &len);
		struct fl_json *o = fl_json_new_object(), *text;

		fl_str_printf(&key, "tokenizer.chat_template.%.*s", (int)len, name);
		text = i == 0 ? one : text_of(w, key.data);
		fl_json_set(o, "name", fl_json_new_str(strrchr(key.data, '.') + 1));
		fl_str_free(&key);
		if (text) {
			fl_json_set(o, "template", text);
			fl_json_push(list, o);
		} else {
			fl_json_free(o);
		}
	}
	return list;
}

static struct fl_json *
make_config(const struct words *w)
{
	struct fl_json *o = fl_json_new_object(), *templates = make_templates(w);

	fl_json_set(o, "add_bos_token", fl_json_new_bool(adds_bos(w)));
	fl_json_set(o, "add_eos_token", fl_json_new_bool(adds_eos(w)));
	fl_json_set(o, "bos_token", new_or_null(token_of(w, KEY "bos_token_id")));
	if (templates)
		fl_json_set(o, "chat_template", templates);
	fl_json_set(o, "clean_up_tokenization_spaces", fl_json_new_bool(false));
	fl_json_set(o, "eos_token", new_or_null(token_of(w, KEY "eos_token_id")));
	fl_json_set(o, "pad_token", new_or_null(token_of(w, KEY "padding_token_id")));
	fl_json_set(o, "tokenizer_class", fl_json_new_str("PreTrainedTokenizerFast"));
	fl_json_set(o, "unk_token", new_or_null(unknown(w)));
	return o;
}

/* Where generation ends: a file names one token, and llama.cpp knows others by their texts. */
static bool
ends_text(const struct words *w, size_t i)
{
	static const char *const texts[] = { "<|eot_id|>", "<|im_end|>", "<|end|>", "<|return|>", "<|call|>", "<|flush|>",
		"<|calls|>", "<end_of_turn>", "<|endoftext|>", "</s>", "<|eom_id|>", "<EOT>", "_<EOT>", "[EOT]", "[EOS]",
		"<|end_of_text|>", "<end_of_utterance>", "<eos>", "<turn|>", "<|tool_response>",
		"<\xef\xbd\x9c" "end" META "of" META "sentence\xef\xbd\x9c>", "[e~[" };
	static const char *const keys[] = { KEY "eos_token_id", KEY "eot_token_id", KEY "eom_token_id" };

	for (size_t k = 0; k < sizeof keys / sizeof *keys; k++)
		if (fl_gguf_file_int(w->g, keys[k], -1) == (long long)i)
			return true;
	for (size_t k = 0; k < sizeof texts / sizeof *texts; k++)
		if (strcmp(w->text[i], texts[k]) == 0)
			return true;
	return false;
}

static struct fl_json *
make_generation(const struct words *w)
{
	struct fl_json *o = fl_json_new_object(), *ends = fl_json_new_array();

	for (size_t i = 0; i < w->n; i++)
		if (ends_text(w, i))
			fl_json_push(ends, fl_json_new_int((long long)i));
	if (token_of(w, KEY "bos_token_id"))
		fl_json_set(o, "bos_token_id", fl_json_new_int(fl_gguf_file_int(w->g, KEY "bos_token_id", -1)));
	if (fl_json_len(ends) == 1)
		fl_json_set(o, "eos_token_id", fl_json_copy(fl_json_at(ends, 0)));
	else if (fl_json_len(ends) > 1)
		fl_json_set(o, "eos_token_id", fl_json_copy(ends));
	fl_json_free(ends);
	return o;
}

/* What was made must be a tokenizer. */
static int
check(const struct fl_gguf_tokenizer *t, struct fl_err *err)
{
	struct fl_str text[2] = { { 0 }, { 0 } };
	struct fl_tokenizer_text file[FL_TOKENIZER_FILES] = { { 0 } };
	struct fl_tokenizer *made;

	fl_json_write(&text[0], t->tokenizer, 0);
	fl_json_write(&text[1], t->config, 0);
	file[FL_TOKENIZER_JSON] = (struct fl_tokenizer_text){ text[0].data, text[0].len };
	file[FL_TOKENIZER_CONFIG] = (struct fl_tokenizer_text){ text[1].data, text[1].len };
	made = fl_tokenizer_new(file, err);
	fl_tokenizer_free(made);
	fl_str_free(&text[0]);
	fl_str_free(&text[1]);
	return made ? 0 : -1;
}

static int
choose_kind(struct words *w, const char *pre)
{
	size_t len = 0;
	const char *model = fl_gguf_file_str(w->g, KEY "model", &len);

	w->llama = len == 5 && memcmp(model, "llama", 5) == 0;
	if (w->llama)
		return pre ? fl_err_usage(w->err, "a sentencepiece tokenizer has no pre-tokenizer to be named") : 0;
	if (len != 4 || memcmp(model, "gpt2", 4) != 0)
		return fl_err_data(w->err, "tokenizers of kind '%.*s' are not supported", (int)len, model);
	if (pre)
		len = strlen(pre);
	else if (!(pre = fl_gguf_file_str(w->g, KEY "pre", &len)))
		return fl_err_data(w->err, "the file does not say how its tokenizer cuts words: name the pre-tokenizer with --pre");
	w->pre = fl_gguf_pre_find(pre, len);
	return w->pre ? 0 : fl_err_data(w->err, "the pre-tokenizer '%.*s' is not known", (int)len, pre);
}

static int
make_files(struct words *w, const char *pre, struct fl_gguf_tokenizer *out)
{
	if (choose_kind(w, pre) < 0 || read_tokens(w) < 0)
		return -1;
	out->tokenizer = make_tokenizer(w);
	if (!out->tokenizer)
		return -1;
	out->config = make_config(w);
	out->generation = make_generation(w);
	return check(out, w->err);
}

int
fl_gguf_import_tokenizer(const struct fl_gguf_file *g, const char *pre, struct fl_gguf_tokenizer *out,
    struct fl_err *err)
{
	struct words w = { .g = g, .err = err };
	size_t len;
	const char *model = fl_gguf_file_str(g, KEY "model", &len);
	int rc;

	*out = (struct fl_gguf_tokenizer){ 0 };
	if (!model || (len == 4 && memcmp(model, "none", 4) == 0))
		return 0;
	rc = make_files(&w, pre, out);
	for (size_t i = 0; w.text && i < w.n; i++)
		free(w.text[i]);
	free(w.text);
	free(w.type);
	if (rc == 0)
		return 0;
	fl_gguf_import_tokenizer_free(out);
	return err->code == FL_EXIT_DATA ? fl_err_prefix(err, "'%s'", g->name) : -1;
}

void
fl_gguf_import_tokenizer_free(struct fl_gguf_tokenizer *t)
{
	fl_json_free(t->tokenizer);
	fl_json_free(t->config);
	fl_json_free(t->generation);
	*t = (struct fl_gguf_tokenizer){ 0 };
}
