/* SPDX-License-Identifier: Apache-2.0 */
/* gguf_import_pipeline.c -- makes what a tokenizer.json does to text before and after its vocabulary, as the kind of a
 * GGUF file's tokenizer has it. */
#include "export/gguf_import_words.h"

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
prepends(const struct fl_gguf_words *w)
{
	return fl_gguf_words_flag(w, FL_GGUF_TOKENIZER "add_space_prefix", true);
}

static struct fl_json *
make_normalizer(const struct fl_gguf_words *w)
{
	struct fl_json *list, *prepend;

	if (!w->llama)
		return w->pre->nfc ? component("NFC") : fl_json_new_null();
	list = fl_json_new_array();
	if (prepends(w)) {
		prepend = component("Prepend");
		fl_json_set(prepend, "prepend", fl_json_new_str(FL_GGUF_META));
		fl_json_push(list, prepend);
	}
	fl_json_push(list, replace(" ", FL_GGUF_META));
	return sequence("normalizers", list);
}

static struct fl_json *
make_decoder(const struct fl_gguf_words *w)
{
	struct fl_json *list, *strip;

	if (!w->llama)
		return byte_level();
	list = fl_json_new_array();
	fl_json_push(list, replace(FL_GGUF_META, " "));
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
add_special(const struct fl_gguf_words *w, const char *key, struct fl_json *all)
{
	struct fl_json *o = fl_json_new_object(), *ids = fl_json_new_array(), *texts = fl_json_new_array();
	const char *text = fl_gguf_words_token(w, key);

	fl_json_push(ids, fl_json_new_int(fl_gguf_import_special(w->keys, key)));
	fl_json_push(texts, fl_json_new_str(text));
	fl_json_set(o, "id", fl_json_new_str(text));
	fl_json_set(o, "ids", ids);
	fl_json_set(o, "tokens", texts);
	fl_json_set(all, text, o);
}

/* Makes the template of text A, or of texts A and B, each with the tokens that stand around it. */
static struct fl_json *
make_template(const struct fl_gguf_words *w, const char *names)
{
	struct fl_json *list = fl_json_new_array();

	for (; *names; names++) {
		char name[2] = { *names, '\0' };

		if (fl_gguf_words_add_bos(w))
			fl_json_push(list, place("SpecialToken", fl_gguf_words_token(w, FL_GGUF_TOKENIZER "bos_token_id")));
		fl_json_push(list, place("Sequence", name));
		if (fl_gguf_words_add_eos(w))
			fl_json_push(list, place("SpecialToken", fl_gguf_words_token(w, FL_GGUF_TOKENIZER "eos_token_id")));
	}
	return list;
}

static struct fl_json *
make_post_processor(const struct fl_gguf_words *w)
{
	struct fl_json *o, *specials = fl_json_new_object();

	if (fl_gguf_words_add_bos(w))
		add_special(w, FL_GGUF_TOKENIZER "bos_token_id", specials);
	if (fl_gguf_words_add_eos(w))
		add_special(w, FL_GGUF_TOKENIZER "eos_token_id", specials);
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

void
fl_gguf_import_pipeline(const struct fl_gguf_words *w, struct fl_json *tokenizer)
{
	fl_json_set(tokenizer, "normalizer", make_normalizer(w));
	fl_json_set(tokenizer, "pre_tokenizer", w->llama ? fl_json_new_null() : make_pre_tokenizer(w->pre));
	fl_json_set(tokenizer, "post_processor", make_post_processor(w));
	fl_json_set(tokenizer, "decoder", make_decoder(w));
}
