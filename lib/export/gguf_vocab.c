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
#include "model/chat.h"
#include "model/special.h"
#include "model/tokenizer_of.h"

static enum fl_gguf_token
token_type(const struct fl_tokenizer *t, uint32_t id)
{
	switch (fl_tokenizer_type(t, id)) {
	case FL_TOKEN_NORMAL: return FL_GGUF_TOKEN_NORMAL;
	case FL_TOKEN_UNKNOWN: return FL_GGUF_TOKEN_UNKNOWN;
	case FL_TOKEN_SPECIAL: return FL_GGUF_TOKEN_CONTROL;
	case FL_TOKEN_ADDED: return FL_GGUF_TOKEN_USER;
	case FL_TOKEN_UNUSED: return FL_GGUF_TOKEN_UNUSED;
	case FL_TOKEN_BYTE: return FL_GGUF_TOKEN_BYTE;
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

bool
fl_gguf_ends_by_text(const char *token)
{
	static const char *const text[] = { "<|eot_id|>", "<|im_end|>", "<|end|>", "<|return|>", "<|call|>", "<|flush|>",
		"<|calls|>", "<end_of_turn>", "<|endoftext|>", "</s>", "<|eom_id|>", "<EOT>", "_<EOT>", "[EOT]", "[EOS]",
		"<|end_of_text|>", "<end_of_utterance>", "<eos>", "<turn|>", "<|tool_response>",
		("<\xef\xbd\x9c" "end\xe2\x96\x81of\xe2\x96\x81sentence\xef\xbd\x9c>"), "[e~[" };

	for (size_t i = 0; token && i < sizeof text / sizeof *text; i++)
		if (strcmp(token, text[i]) == 0)
			return true;
	return false;
}

/* The ends of text beside eos, for which there are two more keys. The first of them has no other use there. */
static void
end_keys(const struct fl_special *s, long eos, const struct fl_tokenizer *t, const char *what, struct fl_gguf *g)
{
	static const char *const key[] = { "tokenizer.ggml.eom_token_id", "tokenizer.ggml.eot_token_id" };
	size_t n = 0;

	for (size_t i = 0; i < s->ends.n; i++) {
		uint32_t id = s->ends.v[i];

		if (id == (uint32_t)eos || fl_gguf_ends_by_text(fl_tokenizer_token(t, id, NULL)))
			continue;
		if (n < sizeof key / sizeof *key)
			fl_gguf_u32(g, key[n], id);
		else
			fl_warn("'%s': gguf has no key for another end of text: llama.cpp goes on after token %u", what,
			    id);
		n++;
	}
}

/* The end of text that stands for all of them, as the tokenizer has it, which is what a chat template writes. Left out,
 * it is some fixed id to llama.cpp: where a model has none, a token that no text gives is stated, or one at which texts
 * end by its text. -1: there is none. */
static long
eos_of(const struct fl_special *s, const struct fl_tokenizer *t, const struct fl_config *c, const char *what)
{
	long eos = fl_tokenizer_eos(t);

	if (s->ends.n)
		return eos >= 0 && eos < c->vocab ? eos : (long)s->ends.v[0];
	eos = s->unused;
	if (eos < 0 && fl_tokenizer_eot(t) < c->vocab)
		eos = fl_tokenizer_eot(t);
	if (eos >= 0)
		fl_special_remark(s, what, ", which gguf cannot say: some token stands for one");
	return eos;
}

static void
id_key(struct fl_gguf *g, const char *key, long id, const struct fl_config *c)
{
	if (id >= 0 && id < c->vocab)
		fl_gguf_u32(g, key, (uint32_t)id);
}

/* Left out, what begins a text is some fixed id too. */
static int
special_keys(const struct fl_model *m, const struct fl_tokenizer *t, struct fl_gguf *g, struct fl_err *err)
{
	const struct fl_config *c = &m->config;
	struct fl_special s;
	int bad = fl_special_of_model(&s, m, t, err);
	long eos = bad ? -1 : eos_of(&s, t, c, fl_model_name(m)), bos = fl_tokenizer_bos(t);

	if (bos < 0 || bos >= c->vocab)
		bos = s.bos >= 0 ? s.bos : eos;
	if (!bad && eos < 0)
		bad = fl_err_no(err, "gguf cannot express the tokenizer: it has no end-of-text token");
	if (!bad) {
		id_key(g, "tokenizer.ggml.bos_token_id", bos, c);
		id_key(g, "tokenizer.ggml.eos_token_id", eos, c);
		end_keys(&s, eos, t, fl_model_name(m), g);
		id_key(g, "tokenizer.ggml.unknown_token_id", fl_tokenizer_unk(t), c);
		id_key(g, "tokenizer.ggml.padding_token_id", s.pad, c);
		fl_gguf_bool(g, "tokenizer.ggml.add_bos_token", fl_tokenizer_add_bos(t));
		fl_gguf_bool(g, "tokenizer.ggml.add_eos_token", fl_tokenizer_add_eos(t));
	}
	fl_special_free(&s);
	return bad;
}

int
fl_gguf_vocab_check(const struct fl_tokenizer *t, const struct fl_config *c, struct fl_err *err)
{
	bool bytes = fl_tokenizer_kind(t) == FL_TOKENIZER_BYTE_LEVEL;
	const char *last = fl_tokenizer_pattern(t, fl_tokenizer_patterns(t) - 1);

	if (fl_tokenizer_kind(t) == FL_TOKENIZER_UNIGRAM)
		return fl_err_no(err, "gguf cannot express the tokenizer: llama.cpp's unigram one is not that of "
		    "a decoder");
	if (!fl_tokenizer_is_plain(t))
		return fl_err_no(err, "gguf cannot express how the tokenizer normalises or cuts text");
	if (bytes && !fl_gguf_pre_of(t))
		return fl_err_no(err, "gguf cannot express the tokenizer: llama.cpp has no name for the pattern '%s'%s",
		    last ? last : "", fl_tokenizer_ignore_merges(t) ? " with ignore_merges" : "");
	if (fl_tokenizer_size(t) > (size_t)c->vocab)
		return fl_err_no(err, "gguf cannot express %zu tokens of the tokenizer where the embedding "
		    "has %d rows", fl_tokenizer_size(t), c->vocab);
	if (bytes && fl_tokenizer_adds_space(t))
		return fl_err_no(err,
		    "gguf cannot express the tokenizer: byte-level with a space before each text");
	return 0;
}

static int
tokenizer_keys(const struct fl_model *m, const struct fl_tokenizer *t, struct fl_gguf *g, struct fl_err *err)
{
	bool bytes = fl_tokenizer_kind(t) == FL_TOKENIZER_BYTE_LEVEL;
	size_t vocab = (size_t)m->config.vocab;

	if (fl_gguf_vocab_check(t, &m->config, err) < 0)
		return -1;
	if (fl_tokenizer_flagged(t))
		fl_warn("'%s': gguf cannot say lstrip, rstrip or single_word of special tokens such as '%s'",
		    fl_model_name(m), fl_tokenizer_flagged(t));
	fl_gguf_str(g, "tokenizer.ggml.model", bytes ? "gpt2" : "llama");
	fl_gguf_str(g, "tokenizer.ggml.pre", bytes ? fl_gguf_pre_of(t)->name[0] : "default");
	token_keys(t, vocab, g);
	if (bytes)
		merge_keys(t, g);
	else
		score_keys(t, vocab, g);
	fl_gguf_bool(g, "tokenizer.ggml.add_space_prefix", fl_tokenizer_adds_space(t));
	return special_keys(m, t, g, err);
}

/* chat_template.jinja, or what tokenizer_config.json has. */
static int
template_key(const struct fl_model *m, const char *config, size_t len, struct fl_gguf *g,
    struct fl_err *err)
{
	const char *text = fl_model_member(m, "chat_template.jinja", NULL);
	struct fl_json *json = NULL;

	if (!text && config) {
		json = fl_json_parse(config, len, "tokenizer_config.json", err);
		if (!json)
			return -1;
		text = fl_json_str(fl_chat_find_template(json));
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
	if (tokenizer_keys(m, t, g, err) == 0)
		rc = template_key(m, config, config_len, g, err);
	fl_tokenizer_free(t);
	return rc;
}
