/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "base/err.h"
#include "test.h"

static void
each_class_is_recorded(void)
{
	struct fl_err e[4] = { { 0 } };

	CHECK(fl_err_no(&e[0], "none under %d", 3) == -1);
	CHECK(fl_err_usage(&e[1], "x") == -1);
	CHECK(fl_err_data(&e[2], "x") == -1);
	errno = ENOENT;
	CHECK(fl_err_sys(&e[3], "cannot open '%s'", "a") == -1);
	for (int i = 0; i < 4; i++)
		CHECK((int)e[i].code == i + 1);
	CHECK_STR(e[0].text, "none under 3");
	CHECK_STR(e[3].text, "cannot open 'a': No such file or directory");
}

static void
the_first_failure_is_kept(void)
{
	struct fl_err e = { 0 };

	fl_err_data(&e, "first");
	errno = EIO;
	fl_err_sys(&e, "second");
	CHECK(e.code == FL_EXIT_DATA);
	CHECK_STR(e.text, "first");
}

static void
a_prefix_goes_in_front_and_keeps_the_class(void)
{
	struct fl_err e = { 0 };

	fl_err_no(&e, "too large");
	CHECK(fl_err_prefix(&e, "'%s'", "a.tar") == -1);
	CHECK(e.code == FL_EXIT_NO);
	CHECK_STR(e.text, "'a.tar': too large");
}

static void
a_message_is_one_line_whatever_it_quotes(void)
{
	struct fl_err e = { 0 };

	fl_err_data(&e, "tensor '%s'", "a\nb\033[2Jc\177");
	CHECK_STR(e.text, "tensor 'a?b?[2Jc?'");
}

static void
a_message_too_long_is_cut(void)
{
	struct fl_err e = { 0 };
	char name[2000];

	memset(name, 'x', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	errno = ENOENT;
	fl_err_sys(&e, "%s", name);
	CHECK(strlen(e.text) == sizeof e.text - 1);
	fl_err_prefix(&e, "%s", name);
	CHECK(strlen(e.text) == sizeof e.text - 1);
}

static void
a_reason_is_not_cut(void)
{
	struct fl_err e = { 0 };
	char path[2000];
	size_t n;

	memset(path, 'x', sizeof path - 1);
	path[sizeof path - 1] = '\0';
	errno = ENOENT;
	fl_err_sys(&e, "cannot open '%s'", path);
	n = strlen(e.text);
	CHECK(n == sizeof e.text - 1);
	CHECK_STR(e.text + n - 29, "xx: No such file or directory");
}

int
main(void)
{
	TEST(each_class_is_recorded);
	TEST(the_first_failure_is_kept);
	TEST(a_prefix_goes_in_front_and_keeps_the_class);
	TEST(a_message_is_one_line_whatever_it_quotes);
	TEST(a_message_too_long_is_cut);
	TEST(a_reason_is_not_cut);
	return test_done();
}
