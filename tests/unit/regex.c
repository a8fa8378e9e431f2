/* SPDX-License-Identifier: Apache-2.0 */
/* regex.c -- holds patterns against what Python's re says of them. */
#include "base/regex.h"

#include "test.h"

/* What Python 3.11's re.match() says of each. */
static void
patterns_match_as_in_python(void)
{
	static const struct {
		const char *pattern, *text;
		bool match;
	} cases[] = {
		{ ".*lm_head", "lm_head", true }, { ".*proj", "model.layers.0.mlp.down_proj", true },
		{ "proj", "model.layers.0.mlp.down_proj", false }, { "model.layers.1", "model.layers.17.mlp.up_proj", true },
		{ "model\\.layers\\.1\\.", "model.layers.17.mlp.up_proj", false }, { ".*mlp$", "model.layers.0.mlp.up_proj", false },
		{ ".*\\.(q|k|v)_proj$", "model.layers.3.self_attn.k_proj", true }, { ".*(?:gate|up)_proj", "a.up_proj", true },
		{ ".*layers\\.\\d+\\..*", "model.layers.12.mlp.up_proj", true }, { ".*layers\\.\\d\\..*", "layers.12.x", false },
		{ ".*layers\\.[0-3]\\.", "layers.4.x", false }, { ".*layers\\.[^0-3]\\.", "layers.4.x", true },
		{ ".*?_proj", "a.up_proj", true }, { "a+?b", "aab", true }, { "\\w+\\.\\w+", "a_1.b", true }, { "\\S+$", "a b", false },
		{ "[\\w.]+$", "a_1.b", true }, { "[]a]+$", "a]", true }, { "[^]a]", "]", false }, { "a{2}b", "aab", true },
		{ "a{,2}b", "aaab", false }, { "a{1,2}?b", "aab", true }, { "", "anything", true }, { "a|b", "b", true },
		{ "(a|)c", "c", true }, { "^model", "model", true }, { "a\\+b", "a+b", true }, { "a\\-b", "a-b", true }, { "a\\<b", "a<b", true },
		{ "()*a", "a", true }, { "\\D\\W", "a.", true },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct fl_err err = { 0 };
		struct fl_regex *r = fl_regex_new(cases[i].pattern, &err);

		if (!CHECK(r != NULL) || !CHECK(fl_regex_begins(r, cases[i].text) == cases[i].match))
			printf("# '%s' on '%s' %s\n", cases[i].pattern, cases[i].text, err.text);
		fl_regex_free(r);
	}
}

static void
what_is_not_known_or_takes_much_memory_is_refused(void)
{
	static const char *const patterns[] = { "(?!a).*", "(?=a)", "(?i:a)", "(?P<x>a)", "\\bproj", "\\1", "a\\", "(", "[a", "*a",
		"a**", "a*+", "a|*b", "(*a)", "a{2", "a{100}", "a{1,100}", "((a{9}){9}", "(a{9}){9}", "[[:alpha:]]", "[\\d-z]", "[a-\\d]",
		"[\\]]", "[\\[.a.]]", "\\Z", "[\\D]" };
	char large[1024];

	memset(large, 'a', sizeof large);
	large[sizeof large - 1] = '\0';
	for (size_t i = 0; i <= sizeof patterns / sizeof *patterns; i++) {
		const char *p = i < sizeof patterns / sizeof *patterns ? patterns[i] : large;
		struct fl_err err = { 0 };

		if (!CHECK(!fl_regex_new(p, &err)) || !CHECK(err.code == FL_EXIT_DATA))
			printf("# '%s'\n", p);
	}
}

int
main(void)
{
	TEST(patterns_match_as_in_python);
	TEST(what_is_not_known_or_takes_much_memory_is_refused);
	return test_done();
}
