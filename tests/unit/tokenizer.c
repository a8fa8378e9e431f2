/* SPDX-License-Identifier: Apache-2.0 */
/* Ids against the vectors that llama.cpp publishes and against the PyPI package tokenizers, whose
 * answers are in tests/data/tokenizer (made by tests/interop/tokenizer_cases.py). Most of it needs the
 * tokenizers of ../shared/data and is skipped where they are absent. */
#include "text/tokenizer.h"

#include <time.h>
#include <unistd.h>

#include "base/json.h"
#include "base/str.h"
#include "test.h"
#include "text/utf8.h"

#define DATA "../shared/data/"
#define CASES "tests/data/tokenizer/"
#define END "\n__ggml_vocab_test__\n"

static struct fl_err err;

static char *
slurp(const char *path, size_t *len)
{
	char *text = fl_slurp(path, 1 << 28, len, &err);

	if (!text) {
		printf("Bail out! %s\n", err.text);
		exit(1);
	}
	return text;
}

static struct fl_tokenizer *
from_json(const char *json, size_t len, const char *config, struct fl_err *why)
{
	struct fl_tokenizer_text file[FL_TOKENIZER_FILES] = { { 0 } };

	file[FL_TOKENIZER_JSON] = (struct fl_tokenizer_text){ json, len };
	file[FL_TOKENIZER_CONFIG] = (struct fl_tokenizer_text){ config, config ? strlen(config) : 0 };
	return fl_tokenizer_new(file, why);
}

/* From those files of dir that `form` names, first letters of J tokenizer.json, M tokenizer.model,
 * V vocab.json and merges.txt, and all that go with them. */
static struct fl_tokenizer *
load_form(const char *dir, char form)
{
	static const char forms[FL_TOKENIZER_FILES + 1] = "JMVV   ";
	struct fl_tokenizer_text file[FL_TOKENIZER_FILES] = { { 0 } };
	char *text[FL_TOKENIZER_FILES] = { 0 }, path[256];
	struct fl_tokenizer *t;

	for (int i = 0; i < FL_TOKENIZER_FILES; i++) {
		snprintf(path, sizeof path, "%s/%s", dir, fl_tokenizer_file[i]);
		if ((forms[i] == ' ' || forms[i] == form) && access(path, R_OK) == 0)
			file[i].data = text[i] = slurp(path, &file[i].len);
	}
	t = fl_tokenizer_new(file, &err);
	if (!CHECK(t != NULL))
		printf("# %s: %s\n", dir, err.text);
	for (int i = 0; i < FL_TOKENIZER_FILES; i++)
		free(text[i]);
	return t;
}

static struct fl_tokenizer *
load(const char *dir, const char *name)
{
	char path[256];
	size_t len;
	char *json;
	struct fl_tokenizer *t;

	snprintf(path, sizeof path, "%s%s", dir, name);
	json = slurp(path, &len);
	t = from_json(json, len, NULL, &err);
	if (!CHECK(t != NULL))
		printf("# %s\n", err.text);
	free(json);
	return t;
}

static bool
no_data(void)
{
	if (access(DATA, R_OK) == 0)
		return false;
	test_skip("needs ../shared/data");
	return true;
}

static bool
same_ids(const struct fl_ids *got, const uint32_t *want, size_t n)
{
	return got->n == n && (n == 0 || memcmp(got->v, want, n * sizeof *want) == 0);
}

/* A streamed text is the whole one, and UTF-8 at every step where the whole is. */
static void
check_stream(const struct fl_tokenizer *t, const struct fl_ids *ids)
{
	struct fl_str whole = { 0 }, part = { 0 };
	struct fl_decoder d = { 0 };

	CHECK_OK(fl_tokenizer_decode(t, ids->v, ids->n, &whole, &err), &err);
	for (size_t i = 0; i < ids->n; i++) {
		CHECK_OK(fl_decoder_put(&d, t, ids->v[i], &part, &err), &err);
		if (fl_utf8_valid(whole.data, whole.len) == whole.len)
			CHECK(fl_utf8_valid(part.data, part.len) == part.len);
	}
	fl_decoder_end(&d, &part);
	CHECK(part.len == whole.len && (!part.len || memcmp(part.data, whole.data, part.len) == 0));
	fl_str_free(&whole);
	fl_str_free(&part);
}

static void
check_case(const struct fl_tokenizer *t, struct fl_encoder *e, const struct fl_json *v)
{
	const struct fl_json *text = fl_json_get(v, "text"), *list = fl_json_get(v, "ids");
	struct fl_ids got = { 0 }, want = { 0 };
	struct fl_str back = { 0 };

	for (size_t i = 0; i < fl_json_len(list); i++)
		fl_ids_push(&want, (uint32_t)fl_json_int(fl_json_at(list, i), -1));
	CHECK_OK(fl_encoder_run(e, fl_json_str(text), fl_json_str_len(text),
		     fl_json_bool(fl_json_get(v, "specials"), false) ? FL_ENCODE_SPECIALS : 0, &got, &err), &err);
	if (!CHECK(same_ids(&got, want.v, want.n)))
		printf("# %s: '%s'\n", fl_json_str(fl_json_get(v, "tokenizer")), fl_json_str(text));
	CHECK_OK(fl_tokenizer_decode(t, want.v, want.n, &back, &err), &err);
	fl_str_puts(&back, "");
	if (fl_json_get(v, "decoded") && !CHECK_STR(back.data, fl_json_str(fl_json_get(v, "decoded"))))
		printf("# %s\n", fl_json_str(fl_json_get(v, "tokenizer")));
	check_stream(t, &want);
	free(got.v);
	free(want.v);
	fl_str_free(&back);
}

/* The cases of t, which is freed, in a file. */
static int
run_cases(struct fl_tokenizer *t, const char *name, const char *cases)
{
	struct fl_encoder *e = t ? fl_encoder_new(t) : NULL;
	size_t len;
	char *text = slurp(cases, &len), *next;
	int n = 0;

	for (char *line = text; e && *line; line = next + 1) {
		struct fl_json *v;

		next = strchr(line, '\n');
		v = fl_json_parse(line, (size_t)(next - line), "case", &err);
		if (CHECK(v != NULL) && strcmp(fl_json_str(fl_json_get(v, "tokenizer")), name) == 0) {
			check_case(t, e, v);
			n++;
		}
		fl_json_free(v);
	}
	fl_encoder_free(e);
	fl_tokenizer_free(t);
	free(text);
	return n;
}

static void
small_tokenizers_agree_with_the_pypi_package(void)
{
	static const char *const name[] = { "level", "prefix", "meta" };

	for (size_t i = 0; i < 3; i++) {
		char file[32];

		snprintf(file, sizeof file, "%s.json", name[i]);
		CHECK(run_cases(load(CASES, file), name[i], CASES "cases.jsonl") > 30);
	}
}

/* As real models have them, see tests/interop/tokenizer_kinds.py. */
static void
every_kind_agrees_with_its_package(void)
{
	static const char *const name[] = { "falcon", "starcoder", "deepseek", "deepseek3", "command_r", "neox",
		"mpt", "llama3", "qwen2", "gpt4o", "bloom", "behaviors", "metaspace", "holes", "holes_unk",
		"holes_pairs", "fallback_holes", "fallback_holes_apart", "fallback_holes_none",
		"fallback_holes_unigram", "phi3", "gemma", "t5",
		"pairs_gpt2", "pairs_qwen2", "tiktoken_llama3", "sp_llama", "sp_bpe", "sp_unigram",
		"sp_unigram_bytes" };

	for (size_t i = 0; i < sizeof name / sizeof *name; i++) {
		char dir[64], form = strstr(name[i], "pairs") ? 'V' : 'J';

		if (strncmp(name[i], "sp_", 3) == 0 || strncmp(name[i], "tik", 3) == 0)
			form = 'M';
		snprintf(dir, sizeof dir, CASES "%s", name[i]);
		CHECK(run_cases(load_form(dir, form), name[i], CASES "kinds.jsonl") >= 20);
	}
}

static void
real_tokenizers_agree_with_the_pypi_package(void)
{
	static const char *const name[] = { "backbone5m", "stories260K", "tokenizers/mistral",
		"tokenizers/gpt2", "tokenizers/llama2" };

	if (no_data())
		return;
	for (size_t i = 0; i < sizeof name / sizeof *name; i++) {
		char file[64];

		snprintf(file, sizeof file, "%s/tokenizer.json", name[i]);
		CHECK(run_cases(load(DATA, file), name[i], CASES "cases.jsonl") > 30);
	}
}

static int
check_vectors(const char *name, char form)
{
	char path[3][96];
	static const char *const file[] = { "", "vectors.inp", "vectors.out" };
	struct fl_tokenizer *t;
	char *in, *out, *text, *line;
	size_t len;
	int n = 0;

	for (int i = 0; i < 3; i++)
		snprintf(path[i], sizeof *path, DATA "tokenizers/%s/%s", name, file[i]);
	t = load_form(path[0], form);
	text = in = slurp(path[1], &len);
	line = out = slurp(path[2], &len);
	for (char *end; t && (end = strstr(text, END)); text = end + strlen(END), n++) {
		struct fl_ids got = { 0 }, want = { 0 };
		char *stop = strchr(line, '\n');

		while (line < stop && line[strspn(line, " ")] != '\n')
			fl_ids_push(&want, (uint32_t)strtoul(line, &line, 10));
		line = stop + 1;
		CHECK_OK(fl_tokenizer_encode(t, text, (size_t)(end - text), false, &got, &err), &err);
		if (!CHECK(same_ids(&got, want.v, want.n)))
			printf("# %s, %c: '%.*s'\n", name, form, (int)(end - text), text);
		free(got.v);
		free(want.v);
	}
	fl_tokenizer_free(t);
	free(in);
	free(out);
	return n;
}

static void
every_published_vector_matches_in_every_form(void)
{
	if (no_data())
		return;
	CHECK(check_vectors("gpt2", 'J') == 46);
	CHECK(check_vectors("gpt2", 'V') == 46);
	CHECK(check_vectors("llama2", 'J') == 46);
	CHECK(check_vectors("llama2", 'M') == 46);
	CHECK(check_vectors("llama3", 'M') == 46);
	CHECK(check_vectors("qwen2", 'V') == 46);
}

static void
the_post_processor_says_whether_there_is_a_bos_and_which(void)
{
	static const char bos[] = "{\"bos_token\":{\"content\":\"</s>\"},\"eos_token\":\"<s>\",\"add_bos_token\":";
	size_t len;
	char *json = slurp(CASES "level.json", &len), config[128];
	struct fl_tokenizer *t = from_json(json, len, NULL, &err);

	CHECK(fl_tokenizer_add_bos(t));
	CHECK_STR(fl_tokenizer_token(t, (uint32_t)fl_tokenizer_bos(t), NULL), "<s>");
	CHECK_STR(fl_tokenizer_token(t, (uint32_t)fl_tokenizer_eot(t), NULL), "<|endoftext|>");
	fl_tokenizer_free(t);
	snprintf(config, sizeof config, "%sfalse}", bos);
	t = from_json(json, len, config, &err);
	CHECK(fl_tokenizer_add_bos(t)); /* as transformers 5 has it */
	CHECK_STR(fl_tokenizer_token(t, (uint32_t)fl_tokenizer_bos(t), NULL), "<s>");
	CHECK_STR(fl_tokenizer_token(t, (uint32_t)fl_tokenizer_eos(t), NULL), "<s>");
	CHECK_STR(fl_tokenizer_token(t, (uint32_t)fl_tokenizer_eot(t), NULL), "<|endoftext|>");
	fl_tokenizer_free(t);
	free(json);
}

static void
begins(struct fl_tokenizer *t, const char *want)
{
	CHECK_STR(t ? fl_tokenizer_token(t, (uint32_t)fl_tokenizer_begin(t), NULL) : err.text, want);
	fl_tokenizer_free(t);
}

static void
a_document_begins_with_bos_or_with_what_ends_the_one_before(void)
{
	static const char chat[] = "{\"bos_token\":\"<mask>\",\"eos_token\":\"</s>\"}";
	size_t len;
	char *json = slurp(CASES "level.json", &len);

	begins(from_json(json, len, chat, &err), "<s>");
	memcpy(strstr(json, "\"post_processor\""), "\"none", 5);
	begins(from_json(json, len, chat, &err), "<|endoftext|>");
	free(json);
	if (no_data())
		return;
	begins(load_form(DATA "tokenizers/gpt2", 'J'), "<|endoftext|>");
	begins(load_form(DATA "tokenizers/qwen2", 'V'), "<|endoftext|>");
	begins(load_form(DATA "tokenizers/llama2", 'J'), "<s>");
	begins(load_form(DATA "tokenizers/mistral", 'J'), "<s>");
	begins(load_form(DATA "tokenizers/llama3", 'M'), "<|begin_of_text|>");
}

static void
a_tokenizer_describes_itself(void)
{
	struct fl_tokenizer *t = load(CASES, "level.json");
	uint32_t left, right;

	CHECK(fl_tokenizer_kind(t) == FL_TOKENIZER_BYTE_LEVEL);
	CHECK(fl_tokenizer_ignore_merges(t));
	CHECK(fl_tokenizer_patterns(t) == 2);
	CHECK_STR(fl_tokenizer_pattern(t, 0), "\\p{N}");
	CHECK(fl_tokenizer_type(t, (uint32_t)fl_tokenizer_bos(t)) == FL_TOKEN_SPECIAL);
	CHECK(fl_tokenizer_type(t, 304) == FL_TOKEN_ADDED);
	CHECK(fl_tokenizer_type(t, 305) == FL_TOKEN_UNUSED);
	CHECK(fl_tokenizer_merges(t) > 0);
	fl_tokenizer_merge(t, 0, &left, &right);
	CHECK(fl_tokenizer_rank(t, left) == -1);
	CHECK(fl_tokenizer_rank(t, 256) == 0);
	fl_tokenizer_free(t);
}

/* level.json with one text in it replaced. */
static void
check_refused(const char *was, const char *becomes, const char *message)
{
	size_t len;
	char *json = slurp(CASES "level.json", &len), *at = strstr(json, was);
	struct fl_str s = { 0 };
	struct fl_err why = { 0 };

	if (CHECK(at != NULL)) {
		fl_str_add(&s, json, (size_t)(at - json));
		fl_str_puts(&s, becomes);
		fl_str_puts(&s, at + strlen(was));
		CHECK(!from_json(s.data, s.len, NULL, &why));
		CHECK(why.code == FL_EXIT_DATA);
		if (!CHECK(strstr(why.text, message) != NULL))
			printf("# %s\n", why.text);
	}
	fl_str_free(&s);
	free(json);
}

static void
what_would_change_ids_is_refused_by_name(void)
{
	check_refused("\"BPE\"", "\"WordPiece\"", "'WordPiece'");
	check_refused("\"dropout\":null", "\"dropout\":0.1", "dropout");
	check_refused("\"end_of_word_suffix\":null", "\"end_of_word_suffix\":\"</w>\"", "end_of_word_suffix");
	check_refused("\"dropout\":null", "\"novelty\":null", "'novelty'");
	check_refused("\"NFC\"", "\"NFD\"", "'NFD'");
	check_refused("\"Digits\"", "\"BertPreTokenizer\"", "'BertPreTokenizer'");
	check_refused("\"Isolated\"", "\"Scattered\"", "'Split'");
	check_refused("(?i:'s", "(?m:'s", "'(?'");
	check_refused("\\\\p{L}+", "\\\\w+", "'\\w'");
	check_refused("{\"Sequence\":{\"id\":\"A\"", "{\"Sequence\":{\"id\":\"A\",\"type_id\":0}},{\"Sequence\":{\"id\":\"B\"", "'TemplateProcessing'");
	check_refused("\"TemplateProcessing\"", "\"RobertaProcessing\"", "'RobertaProcessing'");
	check_refused("\"id\":300", "\"id\":3", "same id 3");
	check_refused("\"id\":304", "\"id\":305", "the id 305 where 304 comes next");
}

/* The package tokenizers (0.23.3) gives these ids. */
static void
what_stands_around_text_that_is_left_out_merges(void)
{
	static const char json[] = "{\"model\":{\"type\":\"BPE\",\"vocab\":{\"\xe2\x96\x81\":0,\"a\":1,"
		"\"\xe2\x96\x81\xe2\x96\x81\":2},\"merges\":[[\"\xe2\x96\x81\",\"\xe2\x96\x81\"]]},"
		"\"normalizer\":{\"type\":\"Replace\",\"pattern\":{\"String\":\" \"},\"content\":\"\xe2\x96\x81\"}}";
	struct fl_tokenizer *t = from_json(json, strlen(json), NULL, &err);
	struct fl_ids ids = { 0 };

	CHECK_OK(fl_tokenizer_encode(t, "a X a", 5, false, &ids, &err), &err);
	CHECK(same_ids(&ids, (uint32_t[]){ 1, 2, 1 }, 3));
	free(ids.v);
	fl_tokenizer_free(t);
}

/* A text in parts, cut wherever it may be, gives the ids of the whole. */
static void
check_cuts(const struct fl_tokenizer *t, const char *name, const char *text, size_t len)
{
	struct fl_encoder *e = fl_encoder_new(t);
	struct fl_ids whole = { 0 }, parts = { 0 };
	size_t at = 0, n;

	CHECK_OK(fl_encoder_run(e, text, len, FL_ENCODE_SPECIALS, &whole, &err), &err);
	for (; at < len; at += n) {
		n = fl_tokenizer_cut(t, text + at, len - at, 1);
		CHECK_OK(fl_encoder_run(e, text + at, n, FL_ENCODE_SPECIALS | (at ? FL_ENCODE_CONTINUED : 0),
			     &parts, &err), &err);
	}
	if (!CHECK(same_ids(&parts, whole.v, whole.n)))
		printf("# %s\n", name);
	free(whole.v);
	free(parts.v);
	fl_encoder_free(e);
}

static void
where_a_text_is_cut_does_not_matter(void)
{
	static const char text[] = "Hello world, it's the cat  that sat on\nthe mat in 2026 mat <s> Hello"
		"  world the thing 's a b c <|end|> x <|endoftext|> the  cat e\xcc\x81 a \xcc\x81 x mat mat";
	static const struct {
		const char *name;
		char form;
		bool cuts;
	} kind[] = { { "starcoder", 'J', true }, { "command_r", 'J', true }, { "neox", 'J', true },
		{ "mpt", 'J', true }, { "llama3", 'J', true }, { "qwen2", 'J', true }, { "phi3", 'J', true },
		{ "gemma", 'J', true }, { "holes", 'J', true }, { "fallback_holes", 'J', true }, { "tiktoken_llama3", 'M', true }, { "sp_llama", 'M', true },
		{ "falcon", 'J', false }, { "deepseek", 'J', false }, { "behaviors", 'J', false },
		{ "sp_bpe", 'M', false }, { "t5", 'J', false } };

	for (size_t i = 0; i < sizeof kind / sizeof *kind; i++) {
		char dir[64];
		struct fl_tokenizer *t;

		snprintf(dir, sizeof dir, CASES "%s", kind[i].name);
		t = load_form(dir, kind[i].form);
		CHECK((fl_tokenizer_cut(t, text, sizeof text - 1, 1) < sizeof text - 1) == kind[i].cuts);
		check_cuts(t, kind[i].name, text, sizeof text - 1);
		fl_tokenizer_free(t);
	}
}

static void
text_that_is_not_utf8_is_refused_with_its_place(void)
{
	struct fl_tokenizer *t = load(CASES, "meta.json");
	struct fl_ids ids = { 0 };
	struct fl_err why = { 0 };

	CHECK(fl_tokenizer_encode(t, "abc\xed\xa0\x80", 6, false, &ids, &why) < 0);
	CHECK_STR(why.text, "byte 3 is not UTF-8");
	free(ids.v);
	fl_tokenizer_free(t);
}

static double
seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static double
time_of(const struct fl_tokenizer *t, const char *piece, size_t bytes)
{
	struct fl_str text = { 0 };
	struct fl_ids ids = { 0 };
	double start;

	while (text.len < bytes)
		fl_str_puts(&text, piece);
	start = seconds();
	CHECK_OK(fl_tokenizer_encode(t, text.data, text.len, false, &ids, &err), &err);
	start = seconds() - start;
	fl_str_free(&text);
	free(ids.v);
	return start;
}

/* Sixteen times the text may take 64 times as long, where quadratic would be 256. */
static void
time_is_near_linear_in_the_text_whatever_it_is(void)
{
	static const char *const piece[] = { "a", " ", "\n", "\xf0\x9f\x98\x80", "a ", "e\xcc\x81\xcc\x96",
		"\xcc\x81\xcc\x96", "<", "\xe2\x96\x81", "1", " \n" };
	static const char *const name[] = { "level.json", "prefix.json", "meta.json" };

	for (size_t k = 0; k < 3; k++) {
		struct fl_tokenizer *t = load(CASES, name[k]);

		for (size_t i = 0; i < sizeof piece / sizeof *piece; i++) {
			double small = time_of(t, piece[i], 1 << 14), large = time_of(t, piece[i], 1 << 18);

			if (!CHECK(large < 64 * small + 0.2))
				printf("# %s: '%s': %g s, %g s\n", name[k], piece[i], small, large);
		}
		fl_tokenizer_free(t);
	}
}

int
main(void)
{
	TEST(small_tokenizers_agree_with_the_pypi_package);
	TEST(every_kind_agrees_with_its_package);
	TEST(real_tokenizers_agree_with_the_pypi_package);
	TEST(every_published_vector_matches_in_every_form);
	TEST(the_post_processor_says_whether_there_is_a_bos_and_which);
	TEST(a_document_begins_with_bos_or_with_what_ends_the_one_before);
	TEST(a_tokenizer_describes_itself);
	TEST(what_would_change_ids_is_refused_by_name);
	TEST(what_stands_around_text_that_is_left_out_merges);
	TEST(where_a_text_is_cut_does_not_matter);
	TEST(text_that_is_not_utf8_is_refused_with_its_place);
	TEST(time_is_near_linear_in_the_text_whatever_it_is);
	return test_done();
}
