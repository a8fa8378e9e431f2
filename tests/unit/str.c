/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"

#include <unistd.h>

#include "test.h"

static void
strings_grow_by_bytes_text_and_format(void)
{
	struct fl_str s = { 0 };
	char *p;

	fl_str_add(&s, "a\0b", 3);
	fl_str_puts(&s, "cd");
	fl_str_putc(&s, 'e');
	fl_str_printf(&s, "%d-%s", 12, "z");
	CHECK(s.len == 10 && memcmp(s.data, "a\0bcde12-z", 11) == 0);
	fl_str_clear(&s);
	CHECK(s.len == 0 && s.data[0] == '\0');
	for (int i = 0; i < 100000; i++)
		fl_str_putc(&s, 'x');
	p = fl_str_steal(&s);
	CHECK(strlen(p) == 100000 && !s.data && s.len == 0);
	free(p);
	p = fl_str_steal(&s);
	CHECK_STR(p, "");
	free(p);
}

static void
beginnings_and_ends(void)
{
	CHECK(fl_str_begins("abc", "ab") && fl_str_begins("abc", "") && !fl_str_begins("ab", "abc"));
	CHECK(fl_str_ends("x.zst", ".zst") && !fl_str_ends("zst", ".zst") && fl_str_ends("", ""));
}

/* Leaves `n` bytes of 'y' in a file; its name is in path. */
static void
make_file(char *path, size_t n)
{
	int fd = mkstemp(path);

	CHECK(fd >= 0);
	for (size_t i = 0; i < n; i++)
		CHECK(write(fd, "y", 1) == 1);
	close(fd);
}

static void
a_file_is_read_whole_up_to_its_limit(void)
{
	char path[] = "/tmp/fl-test-XXXXXX";
	struct fl_err err = { 0 };
	size_t n = 0;
	char *text;

	make_file(path, 1000);
	text = fl_slurp(path, 1000, &n, &err);
	CHECK(text && n == 1000 && text[1000] == '\0');
	free(text);
	text = fl_slurp(path, 999, &n, &err);
	CHECK(!text && err.code == FL_EXIT_DATA);
	CHECK(strstr(err.text, "is larger than 999 bytes") != NULL);
	unlink(path);
}

static void
a_file_that_cannot_be_read_is_named(void)
{
	struct fl_err err = { 0 };
	size_t n;

	CHECK(!fl_slurp("/nowhere/x", 9, &n, &err) && err.code == FL_EXIT_SYSTEM);
	CHECK_STR(err.text, "cannot open '/nowhere/x': No such file or directory");
	err = (struct fl_err){ 0 };
	CHECK(!fl_slurp("/", 9, &n, &err) && err.code == FL_EXIT_SYSTEM);
	CHECK_STR(err.text, "cannot read '/': Is a directory");
}

static void
check_line(const char *text, const char *want)
{
	char line[64];

	snprintf(line, sizeof line, "%s", text);
	fl_str_one_line(line);
	CHECK_STR(line, want);
}

static void
what_acts_on_a_terminal_or_turns_text_becomes_question_marks(void)
{
	check_line("a\nb\tc\033[31m\177", "a?b?c?[31m?");
	check_line("\xc2\x80x\xc2\x9b" "1m\xc2\x9f\xc2\xa0", "?x?1m?\xc2\xa0");
	check_line("\xe2\x80\xae" "cod\xe2\x80\xac\xe2\x81\xa6 \xe2\x81\xa9\xe2\x80\x8e\xe2\x80\x8f\xd8\x9c", "?cod?? ????");
	check_line("\xe2\x80\xa8\xe2\x80\xa9", "??");
	check_line("caf\xc3\xa9 \xe2\x80\x9cok\xe2\x80\x9d \xe2\x82\xac \xd8\xa7", "caf\xc3\xa9 \xe2\x80\x9cok\xe2\x80\x9d \xe2\x82\xac \xd8\xa7");
	check_line("\xc2", "\xc2"); /* cut short */
	check_line("\xe2\x80", "\xe2\x80");
}

int
main(void)
{
	TEST(strings_grow_by_bytes_text_and_format);
	TEST(beginnings_and_ends);
	TEST(what_acts_on_a_terminal_or_turns_text_becomes_question_marks);
	TEST(a_file_is_read_whole_up_to_its_limit);
	TEST(a_file_that_cannot_be_read_is_named);
	return test_done();
}
