/* SPDX-License-Identifier: Apache-2.0 */
/* Tasks, their prompts' tokens, and which answers match. What a model makes of them is compared with
 * lm-evaluation-harness in tests/cli/fl-eval.bats. */
#include "model/task.h"

#include "base/str.h"
#include "model/match.h"
#include "model/prompt.h"

#include "test.h"

static struct fl_err err;

static struct fl_task *
parse(const char *text)
{
	struct fl_task *t = fl_task_parse(text, strlen(text), "t", &err);

	if (!test_check(t, __FILE__, __LINE__, text, err.text))
		exit(1);
	return t;
}

static bool
is(const struct fl_text *t, const char *want)
{
	return t->len == strlen(want) && memcmp(t->s, want, t->len) == 0;
}

static void
fields_are_read(void)
{
	struct fl_task *t = parse("{\"context\": \"a\", \"choices\": [\"b\", \"c\"], \"gold\": 1}\n"
	    "{\"contexts\": [\"x\", \"y\", \"z\"], \"continuation\": \"w\", \"gold\": 2, \"delimiter\": \"\"}");
	const struct fl_question *q = t->question;

	CHECK(t->n == 2 && t->kind == FL_TASK_CHOICE);
	CHECK(fl_question_pairs(q) == 2 && q->gold == 1 && is(&q->delimiter, " ") && is(&q->separator, "\n\n"));
	CHECK(is(fl_question_context(q, 1), "a") && is(fl_question_target(q, 1), "c"));
	q++;
	CHECK(fl_question_pairs(q) == 3 && q->gold == 2 && is(&q->delimiter, ""));
	CHECK(is(fl_question_context(q, 1), "y") && is(fl_question_target(q, 1), "w"));
	fl_task_free(t);

	t = parse("{\"context\": \"\", \"answers\": [\"b\", \"c\"], \"until\": [\".\"], \"ignore\": [\"case\"]}\n");
	q = t->question;
	CHECK(t->n == 1 && t->kind == FL_TASK_ANSWERS && fl_question_pairs(q) == 1);
	CHECK(q->max_tokens == 256 && q->ignore == FL_IGNORE_CASE && q->targets.n == 2);
	fl_task_free(t);
}

/* lm_eval 0.4.13, exact_match after remove_whitespace. */
static void
answers_match_as_in_the_harness(void)
{
	static const struct {
		const char *text, *answer;
		unsigned ignore;
		bool match;
	} cases[] = {
		{ " blue \n", "blue", 0, true },
		{ "blue", " blue", 0, false }, /* only the text is stripped */
		{ "Blue", "blue", 0, false },
		{ "Blue", "bLUE", FL_IGNORE_CASE, true },
		{ "\303\211t\303\251", "\303\251T\303\211", FL_IGNORE_CASE, true },
		{ "O'Neill, jr.", "ONeill jr", FL_IGNORE_PUNCTUATION, true },
		{ "a\342\200\224b", "ab", FL_IGNORE_PUNCTUATION, false }, /* a dash is not ASCII */
		{ "the blue", "blue", FL_IGNORE_ARTICLES, true },
		{ "THE blue", "blue", FL_IGNORE_ARTICLES | FL_IGNORE_CASE, false },
		{ "bathe blue", "bablue", FL_IGNORE_ARTICLES, false },
		{ "bath the a blue", "bath blue", FL_IGNORE_ARTICLES, true },
		{ "\303\251the blue", "\303\251blue", FL_IGNORE_ARTICLES, false },
		{ "\342\200\234the blue", "\342\200\234blue", FL_IGNORE_ARTICLES, true },
		{ "?", "!", FL_IGNORE_PUNCTUATION, true },
		{ "", "", 0, true },
		{ "\377", "\377", 0, false },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct fl_text text = { cases[i].text, strlen(cases[i].text) };
		struct fl_text answers[] = { { "no", 2 }, { cases[i].answer, strlen(cases[i].answer) } };

		test_check(fl_match(&text, &(struct fl_texts){ 2, answers }, cases[i].ignore) == cases[i].match,
		    __FILE__, __LINE__, cases[i].text, cases[i].answer);
	}
}

static struct fl_tokenizer *
tiny_tokenizer(void)
{
	struct fl_tokenizer_text file[FL_TOKENIZER_FILES] = { { 0 } }, *json = &file[FL_TOKENIZER_JSON];
	char *text = fl_slurp("tests/data/tiny/tokenizer.json", 1 << 20, &json->len, &err);
	struct fl_tokenizer *t;

	json->data = text;
	t = text ? fl_tokenizer_new(file, &err) : NULL;
	if (!test_check(t, __FILE__, __LINE__, "tokenizer", err.text))
		exit(1);
	free(text);
	return t;
}

/* Ids spelt out; those of the target alone if `target`. */
static void
spell(const struct fl_tokenizer *t, const struct fl_sequence *s, bool target, struct fl_str *out)
{
	size_t from = target ? s->first : 0;

	fl_str_clear(out);
	CHECK_OK(fl_tokenizer_decode(t, s->ids.v + from, s->ids.n - from, out, &err), &err);
}

static void
prompts_are_put_together(void)
{
	struct fl_task *task = parse("{\"context\": \"Q1\", \"target\": \"one\", \"separator\": \";\"}\n"
	    "{\"context\": \"Q2 \", \"target\": \"two\", \"description\": \"Do:\", \"separator\": \";\"}");
	struct fl_tokenizer *t = tiny_tokenizer();
	struct fl_prompter *p = fl_prompter_new(t, 1000, task, 1, 0, &err), *few;
	struct fl_sequence s = { 0 };
	struct fl_str text = { 0 };

	CHECK_OK(fl_prompt_pair(p, &task->question[1], 0, &s, &err), &err);
	spell(t, &s, false, &text);
	CHECK_STR(text.data, "Do:Q1 one;Q2  two");
	spell(t, &s, true, &text);
	CHECK_STR(text.data, "  two"); /* the context's space has gone to the target */
	CHECK(!s.cut);
	s.ids.n = 0;
	few = fl_prompter_new(t, 7, task, 0, 0, &err);
	CHECK_OK(fl_prompt_pair(few, &task->question[1], 0, &s, &err), &err);
	CHECK(s.cut && s.ids.n == 8);
	fl_prompter_free(p);
	fl_prompter_free(few);
	CHECK(!fl_prompter_new(t, 7, task, 3, 0, &err) && err.code == FL_EXIT_DATA);
	err = (struct fl_err){ 0 };
	p = fl_prompter_new(t, 100, task, 2, 0, &err);
	CHECK(fl_prompt_pair(p, &task->question[0], 0, &s, &err) == -1 && err.code == FL_EXIT_DATA);
	fl_prompter_free(p);
	free(s.ids.v);
	fl_str_free(&text);
	fl_tokenizer_free(t);
	fl_task_free(task);
}

int
main(void)
{
	TEST(fields_are_read);
	TEST(answers_match_as_in_the_harness);
	TEST(prompts_are_put_together);
	return test_done();
}
