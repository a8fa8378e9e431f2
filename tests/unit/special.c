/* SPDX-License-Identifier: Apache-2.0 */
/* special.c -- tests which tokens end a text, begin one and pad, whatever files of a checkpoint say. */
#include "model/special.h"

#include "base/log.h"
#include "base/str.h"
#include "test.h"

/* A vocabulary of eight tokens; the embedding has ten rows. */
#define TOKENIZER "{\"added_tokens\": [{\"id\": 1, \"content\": \"<s>\", \"special\": true}, " \
	"{\"id\": 2, \"content\": \"</s>\", \"special\": true}, {\"id\": 3, \"content\": \"<|im_end|>\", \"special\": true}], " \
	"\"model\": {\"type\": \"BPE\", \"unk_token\": \"<unk>\", \"vocab\": {\"<unk>\": 0, \"<s>\": 1, \"</s>\": 2, " \
	"\"<|im_end|>\": 3, \"a\": 4, \"b\": 5, \"c\": 6, \"\\u2581\": 7}, \"merges\": []}, " \
	"\"decoder\": {\"type\": \"Metaspace\", \"replacement\": \"\\u2581\", \"prepend_scheme\": \"never\"}, " \
	"\"pre_tokenizer\": {\"type\": \"Metaspace\", \"replacement\": \"\\u2581\", \"prepend_scheme\": \"never\"}}"

#define CONFIG "{\"model_type\": \"llama\", \"hidden_size\": 8, \"intermediate_size\": 8, \"num_hidden_layers\": 1, " \
	"\"num_attention_heads\": 2, \"vocab_size\": 10%s%s}"

/* The special tokens where config.json has these members, and the other files are these; NULL: they are not there.
 * "ENDS / BOS / PAD", or why not. Until the next call. */
static const char *
special(const char *config, const char *generation, const char *tokenizer)
{
	static struct fl_str said;
	struct fl_str text = { 0 };
	struct fl_err err = { 0 };
	struct fl_json *json;
	struct fl_config c = { 0 };
	struct fl_special s = { 0 };
	struct fl_special_source from = { .what = "x", .config = &c };

	fl_str_clear(&said);
	fl_str_printf(&text, CONFIG, *config ? ", " : "", config);
	json = fl_json_parse(text.data, text.len, "config.json", &err);
	if (generation)
		from.generation = (struct fl_tokenizer_text){ generation, strlen(generation) };
	if (tokenizer) {
		from.file[FL_TOKENIZER_JSON] = (struct fl_tokenizer_text){ TOKENIZER, strlen(TOKENIZER) };
		from.file[FL_TOKENIZER_CONFIG] = (struct fl_tokenizer_text){ tokenizer, strlen(tokenizer) };
	}
	if (!json || fl_config_parse(&c, json, "x", &err) < 0 || fl_special_read(&s, &from, &err) < 0) {
		fl_str_puts(&said, err.text);
	} else {
		for (size_t i = 0; i < s.ends.n; i++)
			fl_str_printf(&said, "%u ", s.ends.v[i]);
		fl_str_printf(&said, "/ %ld / %ld", s.bos, s.pad);
	}
	fl_special_free(&s);
	fl_config_free(&c);
	fl_json_free(json);
	fl_str_free(&text);
	return said.data;
}

static void
every_end_that_a_file_names_is_one_once_and_the_first_bos_and_pad_count(void)
{
	CHECK_STR(special("\"eos_token_id\": 2", NULL, NULL), "2 / -1 / -1");
	CHECK_STR(special("\"eos_token_id\": [2, 0, 2]", NULL, NULL), "2 0 / -1 / -1");
	CHECK_STR(special("\"eos_token_id\": 2, \"bos_token_id\": 1, \"pad_token_id\": 2", NULL, NULL), "2 / 1 / 2");
	CHECK_STR(special("\"eos_token_id\": 2, \"bos_token_id\": 1, \"pad_token_id\": 5",
		      "{\"eos_token_id\": [3, 4], \"bos_token_id\": 6, \"pad_token_id\": 7}", NULL), "3 4 2 / 6 / 7");
	CHECK_STR(special("\"eos_token_id\": [4, 2]", "{\"eos_token_id\": 4}",
		      "{\"eos_token\": \"<|im_end|>\", \"bos_token\": \"<s>\", \"pad_token\": \"<unk>\"}"), "4 2 3 / 1 / 0");
	CHECK_STR(special("\"eos_token_id\": 3, \"pad_token_id\": 3", NULL,
		      "{\"eos_token\": {\"content\": \"<|im_end|>\"}, \"pad_token\": \"</s>\"}"), "3 / -1 / 3");
}

static void
the_end_of_text_may_be_said_by_the_tokenizer_alone(void)
{
	CHECK_STR(special("\"eos_token_id\": null", NULL, "{\"eos_token\": \"<|im_end|>\"}"), "3 / -1 / -1");
	CHECK_STR(special("", "{\"do_sample\": true}", "{\"eos_token\": \"<|im_end|>\"}"), "3 / -1 / -1");
	/* Where nothing is said, a name that base models use is. */
	CHECK_STR(special("", NULL, "{}"), "2 / -1 / -1");
}

static void
null_everywhere_is_no_end_of_text(void)
{
	CHECK_STR(special("\"eos_token_id\": null", NULL, "{\"eos_token\": null}"), "/ -1 / -1");
	CHECK_STR(special("\"eos_token_id\": []", "{\"eos_token_id\": null}", "{\"eos_token\": null}"), "/ -1 / -1");
	CHECK_STR(special("", NULL, NULL), "/ -1 / -1");
}

static void
a_negative_id_is_none_and_one_beyond_the_vocabulary_is_left_out(void)
{
	CHECK_STR(special("\"eos_token_id\": 2, \"pad_token_id\": -1", NULL, NULL), "2 / -1 / -1");
	CHECK_STR(special("\"eos_token_id\": -1, \"bos_token_id\": -1", "{\"pad_token_id\": -1}", NULL), "/ -1 / -1");
	CHECK_STR(special("\"eos_token_id\": [2, 10, -1], \"bos_token_id\": 10, \"pad_token_id\": 9", NULL, NULL),
	    "2 / -1 / 9");
	CHECK_STR(special("\"eos_token_id\": 9223372036854775807", "{\"eos_token_id\": 4}", NULL), "4 / -1 / -1");
	/* The next file is asked instead. */
	CHECK_STR(special("\"pad_token_id\": 3", "{\"pad_token_id\": 32000}", NULL), "/ -1 / 3");
}

static void
what_is_no_id_is_refused_by_name(void)
{
	static const char *const no[] = { "\"2\"", "2.0", "true", "false", "1e99", "{}", "[\"2\"]", "[[2]]", "[2, null]",
		"[2, 2.5]" };
	char member[64], file[80];
	struct fl_str many = { 0 };

	for (size_t i = 0; i < sizeof no / sizeof *no; i++) {
		snprintf(member, sizeof member, "\"eos_token_id\": %s", no[i]);
		CHECK_STR(special(member, NULL, NULL), "'x': 'eos_token_id' in config.json is no token id");
		snprintf(file, sizeof file, "{%s}", member);
		CHECK_STR(special("", file, NULL), "'x': 'eos_token_id' in generation_config.json is no token id");
		snprintf(member, sizeof member, "\"pad_token_id\": %s", no[i]);
		CHECK_STR(special(member, NULL, NULL), "'x': 'pad_token_id' in config.json is no token id");
	}
	CHECK_STR(special("\"bos_token_id\": [1]", NULL, NULL), "'x': 'bos_token_id' in config.json is no token id");
	CHECK_STR(special("", "{\"pad_token_id\": [1]}", NULL),
	    "'x': 'pad_token_id' in generation_config.json is no token id");
	CHECK_STR(special("", "[2]", NULL), "'x': generation_config.json is no object");
	for (int i = 0; i < 1025; i++)
		fl_str_printf(&many, "%s%d", i ? ", " : "{\"eos_token_id\": [", i % 10);
	fl_str_puts(&many, "]}");
	CHECK_STR(special("", many.data, NULL), "'x': 'eos_token_id' in generation_config.json has more than 1024 ids");
	fl_str_free(&many);
	CHECK(strstr(special("", "[", NULL), "'generation_config.json'") != NULL);
}

static void
a_tokenizer_that_is_not_understood_is_not_asked(void)
{
	struct fl_config c = { .vocab = 10, .json = fl_json_new_object() };
	struct fl_special_source from = { .what = "x", .config = &c, .file[FL_TOKENIZER_JSON] = { "{}", 2 } };
	struct fl_special s;
	struct fl_err err = { 0 };

	fl_json_set(c.json, "eos_token_id", fl_json_new_int(7));
	CHECK_OK(fl_special_read(&s, &from, &err), &err);
	CHECK(s.ends.n == 1 && fl_special_ends(&s, 7) && !fl_special_ends(&s, 2));
	fl_special_free(&s);
	fl_config_free(&c);
}

int
main(void)
{
	fl_log_init("test", -1);
	TEST(every_end_that_a_file_names_is_one_once_and_the_first_bos_and_pad_count);
	TEST(the_end_of_text_may_be_said_by_the_tokenizer_alone);
	TEST(null_everywhere_is_no_end_of_text);
	TEST(a_negative_id_is_none_and_one_beyond_the_vocabulary_is_left_out);
	TEST(what_is_no_id_is_refused_by_name);
	TEST(a_tokenizer_that_is_not_understood_is_not_asked);
	return test_done();
}
