/* SPDX-License-Identifier: Apache-2.0 */
/* llama.cpp knows pre-tokenizers by name, not by pattern; a pattern it has no name for is refused,
 * since any other would cut words elsewhere. Sentencepiece vocabularies are merged by score there and
 * by rank here: minus the rank is a score with the same order. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "base/str.h"
#include "export/gguf_impl.h"
#include "export/gguf_pre.h"
#include "model/tokenizer_of.h"

static const char *
pre_name(const struct fl_tokenizer *t, struct fl_err *err)
{
	const char *last = fl_tokenizer_pattern(t, fl_tokenizer_patterns(t) - 1);
	const struct fl_gguf_pre *pre = fl_gguf_pre_of(t);

	if (pre)
		return pre->name[0];
	fl_err_no(err, "gguf cannot express the tokenizer: llama.cpp has no name for the pattern '%s'%s",
	    last ? last : "", fl_tokenizer_ignore_merges(t) ? " with ignore_merges" : "");
	return NULL;
}

/* GGUF's number for what a token is. */
static uint32_t
token_type(const struct fl_tokenizer *t, uint32_t id)
{
	switch (fl_tokenizer_type(t, id)) {
	case FL_TOKEN_NORMAL: return 1;
	case FL_TOKEN_UNKNOWN: return 2;
	case FL_TOKEN_SPECIAL: return 3;
	case FL_TOKEN_ADDED: return 4;
	case FL_TOKEN_UNUSED: return 5;
	case FL_TOKEN_BYTE: return 6;
	}
	fl_bug("token type of %u", id);
}

/* One text for each row of the embedding, all different. */
static void
token_keys(const struct fl_tokenizer *t, size_t vocab, struct fl_gguf *g)
{
	fl_gguf_array(g, "tokenizer.ggml.tokens", FL_GGUF_STR, vocab);
	for (uint32_t id = 0; id < vocab; id++) {
		size_t len = 0;
		const char *text = fl_tokenizer_token(t, id, &len);
		struct fl_str pad = { 0 };

		if (!text)
			fl_str_printf(&pad, "[PAD%u]", id);
		fl_gguf_item_str(g, text ? text : pad.data, text ? len : pad.len);
		fl_str_free(&pad);
	}
	fl_gguf_array(g, "tokenizer.ggml.token_type", FL_GGUF_I32, vocab);
	for (uint32_t id = 0; id < vocab; id++)
		fl_gguf_item_u32(g, token_type(t, id));
}

static void
score_keys(const struct fl_tokenizer *t, size_t vocab, struct fl_gguf *g)
{
	fl_gguf_array(g, "tokenizer.ggml.scores", FL_GGUF_F32, vocab);
	for (uint32_t id = 0; id < vocab; id++) {
		long rank = fl_tokenizer_rank(t, id);

		fl_gguf_item_f32(g, rank < 0 ? 0 : -(float)rank);
	}
}

static void
merge_keys(const struct fl_tokenizer *t, struct fl_gguf *g)
{
	size_t n = fl_tokenizer_merges(t);
	struct fl_str s = { 0 };

	fl_gguf_array(g, "tokenizer.ggml.merges", FL_GGUF_STR, n);
	for (size_t i = 0; i < n; i++) {
		uint32_t left, right;
		size_t len;
		const char *text;

		fl_tokenizer_merge(t, i, &left, &right);
		fl_str_clear(&s);
		text = fl_tokenizer_token(t, left, &len);
		fl_str_add(&s, text, len);
		fl_str_putc(&s, ' ');
		text = fl_tokenizer_token(t, right, &len);
		fl_str_add(&s, text, len);
		fl_gguf_item_str(g, s.data, s.len);
	}
	fl_str_free(&s);
}

static void
id_key(struct fl_gguf *g, const char *key, long id, long vocab)
{
	if (id >= 0 && id < vocab)
		fl_gguf_u32(g, key, (uint32_t)id);
}

static long
first_of(long a, long b, long c)
{
	return a >= 0 ? a : b >= 0 ? b : c;
}

/* Left out, each is some fixed id to llama.cpp, and the end of text one it stops at: where a model has
 * none they are stated as another that it has. */
static int
special_keys(const struct fl_tokenizer *t, const struct fl_config *c, struct fl_gguf *g,
    struct fl_err *err)
{
	long eos = first_of(fl_tokenizer_eos(t), c->eos, fl_tokenizer_eot(t));
	long bos = first_of(fl_tokenizer_bos(t), c->bos, eos);

	if (eos < 0 || eos >= c->vocab || bos >= c->vocab)
		return fl_err_no(err, "gguf cannot express the tokenizer: it has no end-of-text token");
	id_key(g, "tokenizer.ggml.bos_token_id", bos, c->vocab);
	id_key(g, "tokenizer.ggml.eos_token_id", eos, c->vocab);
	id_key(g, "tokenizer.ggml.unknown_token_id", fl_tokenizer_unk(t), c->vocab);
	id_key(g, "tokenizer.ggml.padding_token_id",
	    (long)fl_json_int(fl_json_get(c->json, "pad_token_id"), -1), c->vocab);
	fl_gguf_bool(g, "tokenizer.ggml.add_bos_token", fl_tokenizer_add_bos(t));
	fl_gguf_bool(g, "tokenizer.ggml.add_eos_token", fl_tokenizer_add_eos(t));
	return 0;
}

static int
tokenizer_keys(const struct fl_tokenizer *t, const struct fl_config *c, struct fl_gguf *g,
    struct fl_err *err)
{
	bool bytes = fl_tokenizer_kind(t) == FL_TOKENIZER_BYTE_LEVEL;
	size_t vocab = (size_t)c->vocab;
	const char *pre = bytes ? pre_name(t, err) : "default";

	if (fl_tokenizer_kind(t) == FL_TOKENIZER_UNIGRAM)
		return fl_err_no(err, "gguf cannot express the tokenizer: llama.cpp's unigram one is not that of "
		    "a decoder");
	if (!fl_tokenizer_is_plain(t))
		return fl_err_no(err, "gguf cannot express how the tokenizer normalises or cuts text");
	if (!pre)
		return -1;
	if (fl_tokenizer_size(t) > vocab)
		return fl_err_no(err, "gguf cannot express %zu tokens of the tokenizer where the embedding "
		    "has %zu rows", fl_tokenizer_size(t), vocab);
	if (bytes && fl_tokenizer_adds_space(t))
		return fl_err_no(err,
		    "gguf cannot express the tokenizer: byte-level with a space before each text");
	fl_gguf_str(g, "tokenizer.ggml.model", bytes ? "gpt2" : "llama");
	fl_gguf_str(g, "tokenizer.ggml.pre", pre);
	token_keys(t, vocab, g);
	if (bytes)
		merge_keys(t, g);
	else
		score_keys(t, vocab, g);
	fl_gguf_bool(g, "tokenizer.ggml.add_space_prefix", fl_tokenizer_adds_space(t));
	return special_keys(t, c, g, err);
}

/* chat_template.jinja, or the string or the "default" of the list in tokenizer_config.json. */
static int
template_key(const struct fl_model *m, const char *config, size_t len, struct fl_gguf *g,
    struct fl_err *err)
{
	const char *text = fl_model_member(m, "chat_template.jinja", NULL);
	struct fl_json *json = NULL;

	if (!text && config) {
		const struct fl_json *v;

		json = fl_json_parse(config, len, "tokenizer_config.json", err);
		if (!json)
			return -1;
		v = fl_json_get(json, "chat_template");
		text = fl_json_str(v);
		for (size_t i = 0; i < fl_json_len(v) && fl_json_type(v) == FL_JSON_ARRAY; i++) {
			const struct fl_json *one = fl_json_at(v, i);
			const char *name = fl_json_str(fl_json_get(one, "name"));

			if (name && strcmp(name, "default") == 0)
				text = fl_json_str(fl_json_get(one, "template"));
		}
	}
	if (text)
		fl_gguf_str(g, "tokenizer.chat_template", text);
	fl_json_free(json);
	return 0;
}

int
fl_gguf_vocab_keys(const struct fl_model *m, struct fl_gguf *g, struct fl_err *err)
{
	size_t config_len = 0;
	const char *config = fl_model_member(m, "tokenizer_config.json", &config_len);
	struct fl_tokenizer *t;
	int rc = -1;

	if (!fl_tokenizer_in_model(m)) {
		fl_warn("'%s' has no tokenizer: the file can be measured, but takes token ids only",
		    fl_model_name(m));
		fl_gguf_str(g, "tokenizer.ggml.model", "none");
		return 0;
	}
	t = fl_tokenizer_of_model(m, err);
	if (!t)
		return -1;
	if (tokenizer_keys(t, &m->config, g, err) == 0)
		rc = template_key(m, config, config_len, g, err);
	fl_tokenizer_free(t);
	return rc;
}
