/* SPDX-License-Identifier: Apache-2.0 */
/* gguf_import_tokenizer.c -- makes Hugging Face's tokenizer.json of the tokenizer of a GGUF file. There are two kinds:
 *
 *     gpt2	byte level; merges are there, how words are cut is said by a name (gguf_pre.c)
 *     llama	sentencepiece; scores stand in place of merges (gguf_import_bpe.c) */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "export/gguf_import_words.h"
#include "text/utf8.h"

/* Tokens ----------------------------------------------------------------------------------------- */

/* Rows without a token are written as [PADn] by those who make GGUF files. */
bool
fl_gguf_import_has_token(const struct fl_gguf_keys *keys, size_t id)
{
	char pad[32];
	size_t len, n = (size_t)snprintf(pad, sizeof pad, "[PAD%zu]", id);
	const char *text = fl_gguf_keys_string(keys, FL_GGUF_TOKENIZER "tokens", id, &len);
	bool unused = id < fl_gguf_keys_numbers(keys, FL_GGUF_TOKENIZER "token_type") &&
	    fl_gguf_keys_number(keys, FL_GGUF_TOKENIZER "token_type", id) == FL_GGUF_TOKEN_UNUSED;

	return len > 0 && !(unused && len == n && memcmp(text, pad, n) == 0);
}

/* The place that sentencepiece gives a special token, which llama.cpp takes for granted where no key names it; -1: none. */
static long long
usual_place(const struct fl_gguf_keys *keys, const char *key)
{
	static const char *const order[] = { FL_GGUF_TOKENIZER "unknown_token_id", FL_GGUF_TOKENIZER "bos_token_id",
		FL_GGUF_TOKENIZER "eos_token_id" };

	for (int i = 0; i < 3; i++)
		if (strcmp(key, order[i]) == 0)
			return fl_gguf_keys_is(keys, FL_GGUF_TOKENIZER "model", "llama") ? i : -1;
	return -1;
}

long long
fl_gguf_import_special(const struct fl_gguf_keys *keys, const char *key)
{
	long long id = fl_gguf_keys_has(keys, key) ? fl_gguf_keys_int(keys, key, -1) : usual_place(keys, key);
	size_t n = fl_gguf_keys_strings(keys, FL_GGUF_TOKENIZER "tokens");

	return id >= 0 && (size_t)id < n && fl_gguf_import_has_token(keys, (size_t)id) ? id : -1;
}

static int
read_token(struct fl_gguf_words *w, size_t i)
{
	size_t len;
	const char *text = fl_gguf_keys_string(w->keys, FL_GGUF_TOKENIZER "tokens", i, &len);
	double type = fl_gguf_keys_number(w->keys, FL_GGUF_TOKENIZER "token_type", i);

	if (memchr(text, '\0', len) || fl_utf8_valid(text, len) < len)
		return fl_err_data(w->err, "token %zu is no UTF-8 text", i);
	if (!(type >= 0 && type <= FL_GGUF_TOKEN_BYTE))
		return fl_err_data(w->err, "token %zu has the unknown type %g", i, type);
	w->text[i] = fl_strndup(text, len);
	w->type[i] = (uint8_t)type;
	return 0;
}

static int
read_tokens(struct fl_gguf_words *w)
{
	size_t types = fl_gguf_keys_numbers(w->keys, FL_GGUF_TOKENIZER "token_type");

	w->n = fl_gguf_keys_strings(w->keys, FL_GGUF_TOKENIZER "tokens");
	if (w->n == 0 || types != w->n)
		return fl_err_data(w->err, "the file has %zu tokens and types of %zu", w->n, types);
	w->text = fl_alloc(w->n, sizeof *w->text);
	w->type = fl_alloc(w->n, sizeof *w->type);
	for (size_t i = 0; i < w->n; i++)
		if (read_token(w, i) < 0)
			return -1;
	return 0;
}

bool
fl_gguf_words_flag(const struct fl_gguf_words *w, const char *key, bool otherwise)
{
	return fl_gguf_keys_int(w->keys, key, otherwise) != 0;
}

const char *
fl_gguf_words_token(const struct fl_gguf_words *w, const char *key)
{
	long long id = fl_gguf_import_special(w->keys, key);

	return id >= 0 ? w->text[id] : NULL;
}

bool
fl_gguf_words_add_bos(const struct fl_gguf_words *w)
{
	return fl_gguf_words_token(w, FL_GGUF_TOKENIZER "bos_token_id") &&
	    fl_gguf_words_flag(w, FL_GGUF_TOKENIZER "add_bos_token", w->llama || w->pre->bos);
}

bool
fl_gguf_words_add_eos(const struct fl_gguf_words *w)
{
	return fl_gguf_words_token(w, FL_GGUF_TOKENIZER "eos_token_id") &&
	    fl_gguf_words_flag(w, FL_GGUF_TOKENIZER "add_eos_token", false);
}

const char *
fl_gguf_words_unknown(const struct fl_gguf_words *w)
{
	return w->llama ? fl_gguf_words_token(w, FL_GGUF_TOKENIZER "unknown_token_id") : NULL;
}

/* The files -------------------------------------------------------------------------------------- */

/* Phi 3's added tokens take the white space behind them, but for three; only the model's name says so. */
static bool
is_phi3(const struct fl_gguf_words *w)
{
	size_t len;
	const char *name = fl_gguf_keys_str(w->keys, "general.name", &len);
	char *text = name ? fl_strndup(name, len) : NULL;
	bool phi = text && (strcasestr(text, "phi-3") || strcasestr(text, "phi3"));

	free(text);
	return phi;
}

static bool
takes_space(const char *text)
{
	return strcmp(text, "<unk>") != 0 && strcmp(text, "<s>") != 0 && strcmp(text, "<|endoftext|>") != 0;
}

static struct fl_json *
make_added(const struct fl_gguf_words *w)
{
	struct fl_json *list = fl_json_new_array();
	bool phi3 = is_phi3(w);

	for (size_t i = 0; i < w->n; i++) {
		struct fl_json *o;

		if (w->type[i] < FL_GGUF_TOKEN_UNKNOWN || w->type[i] > FL_GGUF_TOKEN_USER || !*w->text[i])
			continue;
		o = fl_json_new_object();
		fl_json_set(o, "id", fl_json_new_int((long long)i));
		fl_json_set(o, "content", fl_json_new_str(w->text[i]));
		fl_json_set(o, "single_word", fl_json_new_bool(false));
		fl_json_set(o, "lstrip", fl_json_new_bool(false));
		fl_json_set(o, "rstrip", fl_json_new_bool(phi3 && takes_space(w->text[i])));
		fl_json_set(o, "normalized", fl_json_new_bool(false));
		fl_json_set(o, "special", fl_json_new_bool(w->type[i] != FL_GGUF_TOKEN_USER));
		fl_json_push(list, o);
	}
	return list;
}

static struct fl_json *
new_or_null(const char *text)
{
	return text ? fl_json_new_str(text) : fl_json_new_null();
}

static struct fl_json *
make_tokenizer(const struct fl_gguf_words *w)
{
	struct fl_json *model = fl_gguf_import_bpe(w), *o = model ? fl_json_new_object() : NULL;

	if (!o)
		return NULL;
	fl_json_set(o, "version", fl_json_new_str("1.0"));
	fl_json_set(o, "truncation", fl_json_new_null());
	fl_json_set(o, "padding", fl_json_new_null());
	fl_json_set(o, "added_tokens", make_added(w));
	fl_gguf_import_pipeline(w, o);
	fl_json_set(o, "model", model);
	return o;
}

static struct fl_json *
text_of(const struct fl_gguf_words *w, const char *key)
{
	size_t len;
	const char *text = fl_gguf_keys_str(w->keys, key, &len);
	char *copy = text && !memchr(text, '\0', len) ? fl_strndup(text, len) : NULL;
	struct fl_json *v = copy ? fl_json_new_str(copy) : NULL;

	free(copy);
	return v;
}

/* Makes one text, or a list where there are further templates, which have names. */
static struct fl_json *
make_templates(const struct fl_gguf_words *w)
{
	struct fl_json *one = text_of(w, FL_GGUF_TOKENIZER "chat_template"), *list;
	size_t n = fl_gguf_keys_strings(w->keys, "tokenizer.chat_templates");

	if (!one)
		one = text_of(w, "tokenizer.chat_template");
	if (n == 0)
		return one;
	list = fl_json_new_array();
	for (size_t i = 0; i <= n; i++) {
		struct fl_str key = { 0 };
		size_t len = 7;
		const char *name = i == 0 ? "default" : fl_gguf_keys_string(w->keys, "tokenizer.chat_templates", i - 1, &len);
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
make_config(const struct fl_gguf_words *w)
{
	struct fl_json *o = fl_json_new_object(), *templates = make_templates(w);

	fl_json_set(o, "add_bos_token", fl_json_new_bool(fl_gguf_words_add_bos(w)));
	fl_json_set(o, "add_eos_token", fl_json_new_bool(fl_gguf_words_add_eos(w)));
	fl_json_set(o, "bos_token", new_or_null(fl_gguf_words_token(w, FL_GGUF_TOKENIZER "bos_token_id")));
	if (templates)
		fl_json_set(o, "chat_template", templates);
	fl_json_set(o, "clean_up_tokenization_spaces", fl_json_new_bool(false));
	fl_json_set(o, "eos_token", new_or_null(fl_gguf_words_token(w, FL_GGUF_TOKENIZER "eos_token_id")));
	fl_json_set(o, "pad_token", new_or_null(fl_gguf_words_token(w, FL_GGUF_TOKENIZER "padding_token_id")));
	fl_json_set(o, "tokenizer_class", fl_json_new_str("PreTrainedTokenizerFast"));
	fl_json_set(o, "unk_token", new_or_null(fl_gguf_words_unknown(w)));
	return o;
}

/* Does generation end at token i? The keys name up to three tokens, and llama.cpp knows others by their texts, which may
 * be words too: </s> is one of Qwen 2. */
static bool
ends_text(const struct fl_gguf_words *w, size_t i)
{
	static const char *const keys[] = { FL_GGUF_TOKENIZER "eos_token_id", FL_GGUF_TOKENIZER "eot_token_id",
		FL_GGUF_TOKENIZER "eom_token_id" };

	for (size_t k = 0; k < sizeof keys / sizeof *keys; k++)
		if (fl_gguf_import_special(w->keys, keys[k]) == (long long)i)
			return true;
	return w->type[i] > FL_GGUF_TOKEN_NORMAL && fl_gguf_ends_by_text(w->text[i]);
}

static struct fl_json *
make_generation(const struct fl_gguf_words *w)
{
	struct fl_json *o = fl_json_new_object(), *ends = fl_json_new_array();
	long long bos = fl_gguf_import_special(w->keys, FL_GGUF_TOKENIZER "bos_token_id");

	for (size_t i = 0; i < w->n; i++)
		if (ends_text(w, i))
			fl_json_push(ends, fl_json_new_int((long long)i));
	if (bos >= 0)
		fl_json_set(o, "bos_token_id", fl_json_new_int(bos));
	if (fl_json_len(ends) == 1)
		fl_json_set(o, "eos_token_id", fl_json_copy(fl_json_at(ends, 0)));
	else if (fl_json_len(ends) > 1)
		fl_json_set(o, "eos_token_id", fl_json_copy(ends));
	fl_json_free(ends);
	return o;
}

/* Checks that what was made is a tokenizer. */
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
choose_kind(struct fl_gguf_words *w, const char *pre)
{
	size_t len = 0;
	const char *model = fl_gguf_keys_str(w->keys, FL_GGUF_TOKENIZER "model", &len);

	w->llama = fl_gguf_keys_is(w->keys, FL_GGUF_TOKENIZER "model", "llama");
	if (w->llama)
		return pre ? fl_err_usage(w->err, "--pre goes with byte-level tokenizers: this one is of sentencepiece's kind") : 0;
	if (!fl_gguf_keys_is(w->keys, FL_GGUF_TOKENIZER "model", "gpt2"))
		return fl_err_data(w->err, "tokenizers of kind '%.*s' are not supported", (int)len, model);
	if (pre) {
		w->pre = fl_gguf_pre_find(pre, strlen(pre));
		return w->pre ? 0 : fl_err_usage(w->err, "--pre: no pre-tokenizer of the name '%s' is known", pre);
	}
	if (!(pre = fl_gguf_keys_str(w->keys, FL_GGUF_TOKENIZER "pre", &len)))
		return fl_err_data(w->err, "the file does not say how its tokenizer cuts words: name the pre-tokenizer with --pre");
	w->pre = fl_gguf_pre_find(pre, len);
	if (!w->pre)
		return fl_err_data(w->err, "the pre-tokenizer '%.*s' is not known: name one with --pre", (int)len, pre);
	return 0;
}

static int
make_files(struct fl_gguf_words *w, const char *pre, struct fl_gguf_tokenizer *out)
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
	struct fl_gguf_words w = { .keys = g->keys, .err = err };
	size_t len;
	int rc;

	*out = (struct fl_gguf_tokenizer){ 0 };
	if (!fl_gguf_keys_str(g->keys, FL_GGUF_TOKENIZER "model", &len) ||
	    fl_gguf_keys_is(g->keys, FL_GGUF_TOKENIZER "model", "none"))
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
