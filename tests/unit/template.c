/* SPDX-License-Identifier: Apache-2.0 */
/* Texts of chat templates against Jinja's, as transformers calls it: tests/interop/template_cases.py made
 * tests/data/template. Two of the templates are those of ../shared/data. */
#include "text/template.h"

#include <unistd.h>

#include "base/str.h"
#include "test.h"

#define CASES "tests/data/template/"
#define DATA "../shared/data/"

static char *
slurp(const char *path, size_t *len)
{
	struct fl_err err = { 0 };
	char *text = fl_slurp(path, 1 << 24, len, &err);

	if (!text) {
		printf("Bail out! %s\n", err.text);
		exit(1);
	}
	return text;
}

static struct fl_json *
parse(const char *text, size_t len)
{
	struct fl_err err = { 0 };
	struct fl_json *v = fl_json_parse(text, len, "case", &err);

	if (!v) {
		printf("Bail out! %s\n", err.text);
		exit(1);
	}
	return v;
}

/* The lines of a file of cases, one after the other. */
static int
each_line(const char *path, void (*run)(const struct fl_json *v))
{
	size_t len;
	char *text = slurp(path, &len), *next;
	int n = 0;

	for (char *line = text; *line; line = next + 1, n++) {
		struct fl_json *v;

		next = strchr(line, '\n');
		v = parse(line, (size_t)(next - line));
		run(v);
		fl_json_free(v);
	}
	free(text);
	return n;
}

static bool
same_marks(const struct fl_spans *got, const struct fl_json *want)
{
	bool same = got->n == fl_json_len(want);

	for (size_t i = 0; same && i < got->n; i++) {
		const struct fl_json *span = fl_json_at(want, i);

		same = (long long)got->v[i].from == fl_json_int(fl_json_at(span, 0), -1) &&
		    (long long)got->v[i].to == fl_json_int(fl_json_at(span, 1), -1);
	}
	return same;
}

/* What the template makes of variables is v's "text" and "marks", or nothing if v is "refused". */
static void
compare(const char *source, size_t len, const char *name, const struct fl_json *variables,
    const struct fl_json *v)
{
	struct fl_err err = { 0 };
	struct fl_template *t = fl_template_new(source, len, name, &err);
	struct fl_spans marked = { 0 };
	struct fl_str out = { 0 };
	bool done = t && fl_template_render(t, variables, &out, &marked, &err) == 0;
	const char *want = fl_json_str(fl_json_get(v, "text"));

	if (!want) {
		if (!CHECK(!done && err.code == FL_EXIT_DATA && strstr(err.text, "line ")))
			printf("# %s gives '%s', err '%s'\n", name, out.data ? out.data : "", err.text);
	} else if (!done) {
		CHECK(done);
		printf("# %s: %s\n", name, err.text);
	} else {
		CHECK_STR(out.data, want);
		CHECK(out.len == fl_json_str_len(fl_json_get(v, "text")));
		if (fl_json_get(v, "marks"))
			CHECK(same_marks(&marked, fl_json_get(v, "marks")));
	}
	fl_template_free(t);
	fl_str_free(&out);
	free(marked.v);
}

/* A template beside the cases, or chat_template of a tokenizer_config.json below the data folder. */
static bool real;

static void
check_case(const struct fl_json *v)
{
	const char *name = fl_json_str(fl_json_get(v, "template"));
	bool beside = fl_str_ends(name, ".jinja");
	char path[256];
	size_t len;
	char *text;
	struct fl_json *config = NULL;
	const struct fl_json *source;

	if (beside == real)
		return;
	snprintf(path, sizeof path, "%s%s", beside ? CASES : DATA, name);
	text = slurp(path, &len);
	if (!beside) {
		config = parse(text, len);
		source = fl_json_get(config, "chat_template");
		compare(fl_json_str(source), fl_json_str_len(source), name, fl_json_get(v, "variables"), v);
	} else {
		compare(text, len, name, fl_json_get(v, "variables"), v);
	}
	fl_json_free(config);
	free(text);
}

static void
families_of_chat_templates_render_as_in_transformers(void)
{
	real = false;
	CHECK(each_line(CASES "cases.jsonl", check_case) > 150);
}

static void
the_templates_of_Llama_3_2_and_Qwen2_5_do(void)
{
	real = true;
	if (access(DATA "tokenizers/llama3", R_OK) != 0)
		test_skip("needs ../shared/data");
	else
		each_line(CASES "cases.jsonl", check_case);
}

static struct fl_json *variables;

static void
check_snippet(const struct fl_json *v)
{
	const struct fl_json *source = fl_json_get(v, "template");

	compare(fl_json_str(source), fl_json_str_len(source), fl_json_str(source), variables, v);
}

static void
the_language_is_jinja(void)
{
	size_t len;
	char *text = slurp(CASES "snippets.json", &len);

	variables = parse(text, len);
	free(text);
	CHECK(each_line(CASES "snippets.jsonl", check_snippet) > 80);
	fl_json_free(variables);
}

/* Templates that Jinja would render, or would go on with until memory ends, and the message of each. */
static void
what_is_not_understood_or_too_much_is_refused(void)
{
	static const char *const cases[][2] = {
		{ "a\n{% include 'x' %}", "'t', line 2: unsupported tag 'include'" },
		{ "\n\n{{ 'a' | center }}", "'t', line 3: unsupported filter 'center'" },
		{ "{{ 1 is divisibleby(2) }}", "'t', line 1: unsupported test 'divisibleby'" },
		{ "{{ 'a'.swapcase() }}", "'t', line 1: unsupported method of a string 'swapcase'" },
		{ "{{ strftime_now('%Y') }}", "'t', line 1: strftime_now() asks for the date, which is not given (--date)" },
		{ "{{ 'é'.upper() }}", "'t', line 1: unsupported: the case of text that is not ASCII" },
		{ "{{ [1] }}", "'t', line 1: unsupported: a list as text" },
		{ "{{ 1 < 2 < 3 }}", "'t', line 1: unsupported: comparisons in a chain" },
		{ "{{ 'a' * 3 }}", "'t', line 1: unsupported: arithmetic of a string and an integer" },
		{ "{{ ''|tojson(sort_keys=true) }}", "'t', line 1: unsupported argument 1 'sort_keys' of filter 'tojson'" },
		{ "{% set strftime_now = '2024-01-01' %}{{ strftime_now('%E') }}", "'t', line 1: unsupported format of strftime_now(): '%E'" },
		{ "{{ '<'|safe + ' ' + '&' }}", "'t', line 1: unsupported: text that is escaped because it is added to a safe one" },
		{ "{{ '\"' + '<'|safe }}", "'t', line 1: unsupported: text that is escaped because it is added to a safe one" },
		{ "{{ raise_exception('No\nway.') }}", "'t', line 1: the template refuses: No?way." },
		{ "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", NULL },
		{ "{% for a in range(9999) %}{% for a in range(9999) %}{% endfor %}{% endfor %}", NULL },
		{ "{{ range(9999999999) }}", "'t', line 1: a range of 9999999999 numbers is too long" },
		{ "{% set n = namespace(x=[1]) %}{% for a in range(999) %}{% set n.x = [n.x] %}{% endfor %}{{ n.x|tojson }}", NULL },
		{ "{% set n = namespace(x='a') %}{% for a in range(999) %}{% set n.x = n.x + n.x %}{% endfor %}", NULL },
		{ "{% set n = namespace(x=[1]) %}{% for a in range(99) %}{% set n.x = [n.x, n.x] %}{% endfor %}{{ n.x == n.x }}", NULL },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct fl_err err = { 0 };
		struct fl_template *t = fl_template_new(cases[i][0], strlen(cases[i][0]), "t", &err);
		struct fl_json *none = fl_json_new_object();
		struct fl_str out = { 0 };

		CHECK(!t || fl_template_render(t, none, &out, NULL, &err) < 0);
		CHECK(err.code == FL_EXIT_DATA);
		CHECK_STR(err.text, cases[i][1] ? cases[i][1] :
		    "'t' needs more time, memory or depth than a template is given");
		fl_template_free(t);
		fl_json_free(none);
		fl_str_free(&out);
	}
}

static void
deep_nesting_is_refused(void)
{
	static const char *const cases[][2] = { { "{{ ", "(" }, { "{{ ", "[" }, { "{{ ", "not " },
		{ "{{ ", "- " }, { "{{ ", "a[" }, { "{{ ", "a(" }, { "", "{% if 1 %}" } };

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct fl_err err = { 0 };
		struct fl_str s = { 0 };

		fl_str_puts(&s, cases[i][0]);
		for (int k = 0; k < 10000; k++)
			fl_str_puts(&s, cases[i][1]);
		CHECK(fl_template_new(s.data, s.len, "t", &err) == NULL);
		CHECK(strstr(err.text, "nested deeper") != NULL);
		fl_str_free(&s);
	}
}

int
main(void)
{
	TEST(families_of_chat_templates_render_as_in_transformers);
	TEST(the_templates_of_Llama_3_2_and_Qwen2_5_do);
	TEST(the_language_is_jinja);
	TEST(what_is_not_understood_or_too_much_is_refused);
	TEST(deep_nesting_is_refused);
	return test_done();
}
