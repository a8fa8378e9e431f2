/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens of conversations and which of them are answers, against transformers:
 * tests/interop/chat_cases.py made tests/data/chat and says how. */
#include "model/chat_file.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/str.h"
#include "model/samples.h"
#include "test.h"

#define CASES "tests/data/chat/cases.jsonl"
#define DATA "../shared/data/"

static struct fl_err err;

static char *
slurp(const char *path, size_t *len)
{
	char *text = fl_slurp(path, 1 << 24, len, &err);

	if (!text) {
		printf("Bail out! %s\n", err.text);
		exit(1);
	}
	return text;
}

static struct fl_chat *
open_chat(const char *path, const char *config)
{
	size_t len;
	char *json = slurp(path, &len);
	struct fl_tokenizer_text file[FL_TOKENIZER_FILES] = {
		[FL_TOKENIZER_JSON] = { json, len }, [FL_TOKENIZER_CONFIG] = { config, strlen(config) } };
	struct fl_tokenizer *t = fl_tokenizer_new(file, &err);
	struct fl_chat *c = t ? fl_chat_new(t, config, strlen(config), NULL, 0, &err) : NULL;

	if (!CHECK(c != NULL))
		printf("# %s\n", err.text);
	free(json);
	return c;
}

static bool
same_rendering(const struct fl_chat_rendering *got, const struct fl_json *want)
{
	const struct fl_json *ids = fl_json_get(want, "ids"), *answer = fl_json_get(want, "answer");
	bool same = got->ids.n == fl_json_len(ids);

	for (size_t i = 0; same && i < got->ids.n; i++)
		same = got->ids.v[i] == fl_json_int(fl_json_at(ids, i), -1) &&
		    got->answer[i] == fl_json_int(fl_json_at(answer, i), -1);
	for (size_t i = 0; !same && i < got->ids.n; i++)
		printf("# %zu: %u %d\n", i, got->ids.v[i], got->answer[i]);
	return same;
}

static void
check_case(const char *path, const struct fl_json *v)
{
	const struct fl_json *want = fl_json_get(v, "renderings");
	struct fl_chat_tokens t = { 0 };
	struct fl_str config = { 0 };
	struct fl_chat *c;

	err = (struct fl_err){ 0 };
	fl_json_write(&config, fl_json_get(v, "config"), 0);
	c = open_chat(path, config.data);
	fl_chat_set_date(c, fl_json_str(fl_json_get(v, "date")));
	if (CHECK_OK(fl_chat_encode(c, fl_json_get(v, "conversation"), &t, &err), &err)) {
		CHECK(t.n == fl_json_len(want) && t.missed == 0);
		for (size_t i = 0; i < t.n; i++)
			CHECK(same_rendering(&t.v[i], fl_json_at(want, i)));
	}
	fl_chat_tokens_free(&t);
	fl_chat_free(c);
	fl_str_free(&config);
}

/* Cases whose tokenizer lies here (in tests/data/tokenizer), or in the data folder. */
static int
check_cases(bool here)
{
	size_t len;
	char *text = slurp(CASES, &len), *next;
	int n = 0;

	for (char *line = text; *line; line = next + 1) {
		struct fl_json *v;
		const char *name;
		char path[256];

		next = strchr(line, '\n');
		v = fl_json_parse(line, (size_t)(next - line), "case", &err);
		name = fl_json_str(fl_json_get(v, "tokenizer"));
		if (here == fl_str_ends(name, ".json")) {
			snprintf(path, sizeof path, here ? "tests/data/tokenizer/%s" : DATA "%s/tokenizer.json", name);
			check_case(path, v);
			n++;
		}
		fl_json_free(v);
	}
	free(text);
	return n;
}

static void
answers_are_those_of_transformers(void)
{
	CHECK(check_cases(true) == 39);
}

static void
answers_are_those_of_transformers_for_real_tokenizers(void)
{
	if (access(DATA, R_OK) != 0)
		test_skip("needs ../shared/data");
	else
		CHECK(check_cases(false) == 9);
}

/* A question is "<s>Q</s>", an answer "A</s>"; digits and spaces are a token each. */
#define CONFIG(TEMPLATE) "{\"bos_token\": \"<s>\", \"eos_token\": \"</s>\", \"chat_template\": " TEMPLATE "}"
#define SIMPLE "\"{% for m in messages %}{{ bos_token if m.role == 'user' }}{{ m.content + eos_token }}{% endfor %}\""
#define SAY(Q, A) "{\"messages\": [{\"role\": \"user\", \"content\": \"" Q "\"}, " \
	"{\"role\": \"assistant\", \"content\": \"" A "\"}]}\n"

/* Reads conversations from a file that has `text`. */
static int
read_text(struct fl_chat_file *f, const char *config, const char *text, size_t length)
{
	struct fl_chat *c = open_chat("tests/data/tokenizer/level.json", config);
	char path[] = "/tmp/fl-chat-XXXXXX";
	int fd = mkstemp(path), rc;

	CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
	rc = fl_chat_file_read(f, path, c, length, 303, &err);
	unlink(path);
	fl_chat_free(c);
	return rc;
}

static void
conversations_are_packed_in_their_order(void)
{
	/* B begins a document, s is scored. The third does not fit behind the second, the fourth is cut,
	 * the fifth has its answer beyond a row. */
	static const char want[] = "B..ssB..ssB." "B..ssssB...." "B....sssssss";
	struct fl_chat_file f;
	char got[sizeof want] = "";

	err = (struct fl_err){ 0 };
	CHECK_OK(read_text(&f, CONFIG(SIMPLE), SAY("7", "8") SAY("7", "8") SAY("7", "8 9")
	    SAY("7 9", "7 8 9 7 8 9") SAY("1 2 3 4 5 6 7", "8"), 12), &err);
	CHECK(f.conversations == 5 && f.renderings == 4 && f.cut == 1 && f.left_out == 1 && f.answers == 15);
	for (size_t i = 0; i < f.n && i < sizeof got - 1; i++)
		got[i] = f.flag[i] & FL_SAMPLE_BEGINS ? 'B' : f.flag[i] & FL_SAMPLE_SCORED ? 's' : '.';
	CHECK(f.n == strlen(want));
	CHECK_STR(got, want);
	CHECK(f.id[10] == 302 && f.id[11] == 302);
	fl_chat_file_free(&f);
}

static void
a_file_with_nothing_to_learn_from_is_refused_with_the_first_reason(void)
{
	static const struct { const char *config, *text, *why; } cases[] = {
		{ CONFIG(SIMPLE), "{\"conversations\": []}\n[1\n", "line 1: no 'messages', a list of objects with role and content" },
		{ CONFIG(SIMPLE), "\n [1\n{}\n", "nothing to learn from: 'conversation' is not valid JSON, line 3:" },
		{ CONFIG(SIMPLE), "[\n{\"messages\": []},\n", "'conversation' is not valid JSON, line 3:" },
		{ CONFIG(SIMPLE), "[\n{\"messages\": 1},\n2]", "conversation 1: no 'messages'" },
		{ CONFIG(SIMPLE), "{\"messages\": [1]}\n", "line 1: message 1 has no role" },
		{ CONFIG(SIMPLE), "{\"messages\": [{\"role\": \"user\", \"content\": 1}]}\n", "line 1: the content of message 1 is neither text nor a list of text parts" },
		{ CONFIG(SIMPLE), "{\"messages\": [{\"role\": \"user\", \"content\": [\"7\", {\"type\": \"image_url\"}]}]}\n", "line 1: part 2 of message 1 is no text but image_url" },
		{ CONFIG(SIMPLE), "{\"messages\": [{\"role\": \"user\", \"content\": \"7\"}]}\n", "line 1: no message is the assistant's" },
		{ CONFIG(SIMPLE), "{\"messages\": []}\n", "line 1: no message is the assistant's" },
		{ CONFIG(SIMPLE), "{\"messages\": [{\"role\": \"assistant\"}]}\n", "line 1: 'chat_template', line 1: 'content' is undefined" },
		{ CONFIG(SIMPLE), "", "has no conversation with an answer within 12 tokens" },
		{ CONFIG("\"{{ messages | length }}{{ messages[0].content }}\""), SAY("7", "8"), "line 1: message 2: the template makes nothing of it" },
		{ CONFIG("\"{{ messages | length }}{{ 9 if add_generation_prompt }}\""), SAY("7", "8"), "line 1: message 2: what the template makes of the messages before" },
		{ CONFIG("\"{% for m in messages if m.role == 'user' %}{{ m.content }}{% endfor %}\""), SAY("7", "8"), "line 1: message 2: the template makes nothing of it" },
		{ CONFIG("\"{{ raise_exception('not today') }}\""), SAY("7", "8"), "line 1: 'chat_template', line 1: the template refuses: not today" },
		{ CONFIG("\"{{ strftime_now('%d') }}\""), SAY("7", "8"), "strftime_now() asks for the date, which is not given (--date)" },
		{ CONFIG("\"{% if false %}{% generation %}{% endgeneration %}{% endif %}\""), SAY("7", "8"), "line 1: the template marks no answer in it" },
	};
	struct fl_chat_file f;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		err = (struct fl_err){ 0 };
		CHECK(read_text(&f, cases[i].config, cases[i].text, 12) < 0 && err.code == FL_EXIT_DATA);
		if (!CHECK(strstr(err.text, cases[i].why) != NULL))
			printf("# '%s' lacks '%s'\n", err.text, cases[i].why);
	}
}

static void
conversations_come_in_lines_or_as_one_value(void)
{
	static const char messages[] = "[{\"role\": \"user\", \"content\": \"7\"}, {\"role\": \"assistant\", \"content\": \"8\"}]";
	static const struct { const char *before, *between, *after; } forms[] = {
		{ "{\"messages\": ", "}\n{\"messages\": ", "}" },		  /* lines */
		{ "\xef\xbb\xbf\r\n{\"messages\": ", "}\r\n\r\n{\"messages\": ", "}\r\n \t\n" },
		{ "", "\n", "\n" },						  /* lines that are the messages */
		{ "[", ",", "]" }, { "[\n", ",\n", "\n]" },			  /* a list of conversations */
		{ "[\n{\"messages\": ", "\n},\n{\"messages\": ", "}]\n" },
		{ "[{\"messages\": ", "}]\n[{\"messages\": ", "}]" },		  /* lines of lists */
	};
	struct fl_chat_file f;
	char text[512];

	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		err = (struct fl_err){ 0 };
		snprintf(text, sizeof text, "%s%s%s%s%s", forms[i].before, messages, forms[i].between, messages, forms[i].after);
		CHECK_OK(read_text(&f, CONFIG(SIMPLE), text, 12), &err);
		CHECK(f.conversations == 2 && f.answers == 4);
		fl_chat_file_free(&f);
	}
}

/* The template cannot do without a first message, which a prompt for the first answer would have to. */
static void
answers_that_are_found_are_learnt_beside_those_that_are_not(void)
{
	static const char text[] = "[{\"role\": \"assistant\", \"content\": \"8\"}, {\"role\": \"user\", \"content\": \"7\"}, "
				   "{\"role\": \"assistant\", \"content\": \"8\"}]\n";
	struct fl_chat_file f;

	err = (struct fl_err){ 0 };
	CHECK_OK(read_text(&f, CONFIG("\"{{ messages[0].content[:0] }}{% for m in messages %}{{ m.content + eos_token }}{% endfor %}\""), text, 12), &err);
	CHECK(f.conversations == 1 && f.renderings == 1 && f.answers == 2);
	fl_chat_file_free(&f);
}

/* Also where the template marks answers, which it does for all of them. */
static void
an_answer_of_weight_0_is_read_and_not_learnt(void)
{
	static const char *const templates[] = { CONFIG(SIMPLE), CONFIG("\"{% for m in messages %}{% if m.role == 'user' %}"
		"{{ bos_token + m.content + eos_token }}{% else %}{% generation %}{{ m.content + eos_token }}{% endgeneration %}"
		"{% endif %}{% endfor %}\"") };
	static const char text[] = "[{\"role\": \"user\", \"content\": \"7\"}, {\"role\": \"assistant\", \"content\": \"8\", "
		"\"weight\": %s}, {\"role\": \"user\", \"content\": \"7\"}, {\"role\": \"assistant\", \"content\": \"9\", \"weight\": 1}]\n";
	static const char *const weights[] = { "1", "0", "0.0" }, *const want[] = { "B..ss...ss", "B.......ss", "B.......ss" };
	struct fl_chat_file f;

	for (size_t i = 0; i < 6; i++) {
		char line[256], got[11] = "";

		err = (struct fl_err){ 0 };
		snprintf(line, sizeof line, text, weights[i % 3]);
		CHECK_OK(read_text(&f, templates[i / 3], line, 10), &err);
		for (size_t k = 0; k < f.n && k < 10; k++)
			got[k] = f.flag[k] & FL_SAMPLE_BEGINS ? 'B' : f.flag[k] & FL_SAMPLE_SCORED ? 's' : '.';
		CHECK_STR(got, want[i % 3]);
		fl_chat_file_free(&f);
	}
}

static void
of_several_templates_the_default_is_taken(void)
{
	struct fl_chat_file f;

	err = (struct fl_err){ 0 };
	CHECK_OK(read_text(&f, CONFIG("[{\"name\": \"tools\", \"template\": \"{{ x.y }}\"}, "
	    "{\"name\": \"default\", \"template\": " SIMPLE "}]"), SAY("7", "8"), 5), &err);
	CHECK(f.n == 5 && f.answers == 2);
	fl_chat_file_free(&f);
}

/* As Mistral's: the system message is a part of the last question, and no prompt is. */
static void
an_answer_begins_with_its_content_where_the_messages_before_change_and_no_prompt_is(void)
{
	struct fl_chat_file f;

	err = (struct fl_err){ 0 };
	CHECK_OK(read_text(&f, CONFIG("\"{% for m in messages[1:] %}{% if loop.last and m.role == 'user' %}{{ messages[0].content }}"
	    "{% endif %}{{ m.content + eos_token }}{% endfor %}\""),
	    "{\"messages\": [{\"role\": \"system\", \"content\": \"6\"}, {\"role\": \"user\", \"content\": \"7\"}, "
	    "{\"role\": \"assistant\", \"content\": \"8\"}]}", 32), &err);
	CHECK(f.renderings == 1 && f.answers == 2 && !(f.flag[1] & FL_SAMPLE_SCORED) && f.flag[2] & FL_SAMPLE_SCORED);
	fl_chat_file_free(&f);
}

/* The next message changes the second byte of what follows an answer. */
static void
an_answer_ends_before_what_depends_on_the_next_message(void)
{
	struct fl_chat_file f;

	err = (struct fl_err){ 0 };
	CHECK_OK(read_text(&f, CONFIG("\"{% for m in messages %}{{ m.content + eos_token }}"
	    "{{ '\u00e9' if loop.last and not add_generation_prompt else '\u00e8' }}{% endfor %}\""),
	    "{\"messages\": [{\"role\": \"user\", \"content\": \"7\"}, {\"role\": \"assistant\", \"content\": \"8\"},"
	    "{\"role\": \"user\", \"content\": \"9\"}]}", 32), &err);
	CHECK(f.answers == 2);
	fl_chat_file_free(&f);
}

int
main(void)
{
	TEST(answers_are_those_of_transformers);
	TEST(answers_are_those_of_transformers_for_real_tokenizers);
	TEST(conversations_are_packed_in_their_order);
	TEST(a_file_with_nothing_to_learn_from_is_refused_with_the_first_reason);
	TEST(conversations_come_in_lines_or_as_one_value);
	TEST(answers_that_are_found_are_learnt_beside_those_that_are_not);
	TEST(an_answer_begins_with_its_content_where_the_messages_before_change_and_no_prompt_is);
	TEST(an_answer_ends_before_what_depends_on_the_next_message);
	TEST(an_answer_of_weight_0_is_read_and_not_learnt);
	TEST(of_several_templates_the_default_is_taken);
	return test_done();
}
