/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arch.h"

#include "test.h"

static void
an_architecture_reads_back_as_it_was_written(void)
{
	struct fl_err err = { 0 };
	struct fl_arch a;
	char buf[FL_ARCH_LEN];

	CHECK_OK(fl_arch_parse("d1024-f4096-ffsfssffsfsw", &a, &err), &err);
	CHECK(a.width == 1024 && a.ffn == 4096 && a.layers == 12);
	CHECK_STR(a.pattern, "ffsfssffsfsw");
	CHECK_STR(fl_arch_format(&a, buf), "d1024-f4096-ffsfssffsfsw");
}

static void
the_largest_architecture_fits_its_buffer(void)
{
	struct fl_err err = { 0 };
	struct fl_arch a;
	char text[FL_ARCH_LEN + 2] = "d16777216-f16777216-", buf[FL_ARCH_LEN];
	size_t n = strlen(text);

	memset(text + n, 'f', FL_ARCH_LAYERS);
	text[n + FL_ARCH_LAYERS] = '\0';
	CHECK_OK(fl_arch_parse(text, &a, &err), &err);
	CHECK_STR(fl_arch_format(&a, buf), text);
	text[n + FL_ARCH_LAYERS] = 'f';
	text[n + FL_ARCH_LAYERS + 1] = '\0';
	CHECK(fl_arch_parse(text, &a, &err) == -1);
}

static void
a_run_may_be_counted_and_has_one_name_and_one_short_form(void)
{
	static const struct {
		const char *text, *name, *brief;
	} cases[] = {
		{ "d576-f1536-f30", "d576-f1536-ffffffffffffffffffffffffffffff", "d576-f1536-f30" },
		{ "d8-f8-f4sf3w10", "d8-f8-ffffsfffwwwwwwwwww", "d8-f8-f4sf3w10" },
		{ "d8-f8-f1s2f2fw1", "d8-f8-fssfffw", "d8-f8-fssf3w" },
		{ "d8-f8-ffssww", "d8-f8-ffssww", "d8-f8-ffssww" },
	};
	struct fl_err err = { 0 };
	struct fl_arch a;
	char buf[FL_ARCH_LEN];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *const spelling[] = { cases[i].text, cases[i].name, cases[i].brief };

		for (size_t k = 0; k < 3; k++) {
			CHECK_OK(fl_arch_parse(spelling[k], &a, &err), &err);
			CHECK_STR(fl_arch_format(&a, buf), cases[i].name);
			CHECK_STR(fl_arch_short(&a, buf), cases[i].brief);
		}
	}
	CHECK_OK(fl_arch_parse("d1-f1-f512", &a, &err), &err);
	CHECK(a.layers == FL_ARCH_LAYERS && strlen(a.pattern) == FL_ARCH_LAYERS);
}

static void
everything_else_is_refused(void)
{
	static const char *const bad[] = { "d1-f1-24", "d1-f1-f0", "d1-f1-f01", "d1-f1-f*2", "d1-f1-x2", "d1-f1-f513",
		"d1-f1-f511ww", "d1-f1-f99999999999999999999", "d1-f1-f2-", "", "d", "d1", "d1-", "d1-f1",
		"d1-f1-", "d01-f1-f", "d1-f0-f", "d1-f1-x", "d1-f1-F", "d1-f1-f ", " d1-f1-f", "d-1-f1-f", "d16777217-f1-f", "f1-d1-f",
		"d1-f1-f-f", "d99999999999999999999-f1-f" };
	struct fl_arch a;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct fl_err err = { 0 };

		if (!CHECK(fl_arch_parse(bad[i], &a, &err) == -1 && err.code == FL_EXIT_DATA))
			printf("# '%s'\n", bad[i]);
	}
}

int
main(void)
{
	TEST(an_architecture_reads_back_as_it_was_written);
	TEST(the_largest_architecture_fits_its_buffer);
	TEST(a_run_may_be_counted_and_has_one_name_and_one_short_form);
	TEST(everything_else_is_refused);
	return test_done();
}
