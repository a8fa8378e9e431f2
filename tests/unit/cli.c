/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cli.h"

#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/str.h"
#include "test.h"

static int block = 32;
static double rate = 0.5;
static bool tie;
static const char *output, *score = "flash";
static struct fl_strs files;
static struct fl_nums lengths;

static const char *const scores[] = { "flash", "mean", NULL };
static const struct fl_opt opts[] = {
	FL_OPT_OUTPUT(output),
	{ 'b', "block", "n", "Keep n together.", .num = &block, .min = 1, .max = 4096 },
	{ 0, "rate", "x", "A real.", .real = &rate, .min = 0, .max = 1 },
	{ 0, "tie", NULL, "A flag.", .flag = &tie, .with = "score block" },
	{ 0, "score", "formula", "A word.", .word = &score, .words = scores },
	{ 'f', "file", "file", "Repeatable.", .list = &files, .file = true },
	{ 0, "lengths", "list", ".Begins with a dot, has a \\ and a word.", .nums = &lengths, .min = 1, .max = 99 },
	{ 0 },
};
static const struct fl_tool tool = { "fl-test", "test the options", "[file ...]", 0, 2, opts };

/* What the options came to, as one line. */
static void
show(int first, char **argv)
{
	struct fl_str s = { 0 };

	printf("%s %d %g %d %s", output ? output : "-", block, rate, tie, score);
	for (size_t i = 0; i < files.n; i++)
		printf(" %s", files.v[i]);
	for (size_t i = 0; i < lengths.n; i++)
		printf(" %d", lengths.v[i]);
	for (char **p = argv + first; *p; p++)
		printf(" [%s]", *p);
	fl_json_write(&s, fl_cli_record(), 0);
	printf(" v%d %s\n", fl_log_verbosity(), s.data);
	fl_str_free(&s);
}

static char said[4096]; /* what the last run printed, on either stream */

/* Parses the words of `line` in a process of its own; returns its exit status. */
static int
run(const char *line)
{
	char *copy = strdup(line), *argv[16] = { (char[]){ "fl-test" } }, *rest = copy, *word;
	int fd[2], status, argc = 1;
	size_t n = 0;
	ssize_t got;

	while ((word = strsep(&rest, " ")))
		if (*word)
			argv[argc++] = strcmp(word, "''") == 0 ? word + 2 : word;
	if (pipe(fd) < 0)
		abort();
	fflush(stdout);
	if (fork() == 0) {
		dup2(fd[1], 1);
		dup2(fd[1], 2);
		close(fd[0]);
		close(fd[1]);
		show(fl_cli(&tool, argc, argv), argv);
		fflush(stdout);
		_exit(fl_finish(FL_EXIT_OK));
	}
	close(fd[1]);
	while ((got = read(fd[0], said + n, sizeof said - 1 - n)) > 0)
		n += (size_t)got;
	said[n] = '\0';
	close(fd[0]);
	wait(&status);
	free(copy);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
refuses(const char *line, const char *message)
{
	char all[600];

	snprintf(all, sizeof all, "fl-test: %s\n", message);
	CHECK(run(line) == FL_EXIT_USAGE);
	CHECK_STR(said, all);
}

static void
accepts(const char *line, const char *shown)
{
	CHECK(run(line) == FL_EXIT_OK);
	CHECK_STR(said, shown);
}

static void
options_set_their_variables_and_defaults_stay(void)
{
	accepts("", "- 32 0.5 0 flash v0 []\n");
	accepts("-o x -b 8 --rate=0.25 --tie --score mean -f a/b --file=c --lengths 1,2,99",
	    "x 8 0.25 1 mean a/b c 1 2 99 v0 "
	    "[\"--block=8\",\"--rate=0.25\",\"--tie\",\"--score=mean\",\"--file=b\",\"--file=c\","
	    "\"--lengths=1,2,99\"]\n");
	accepts("-b8 -- -x --", "- 8 0.5 0 flash [-x] [--] v0 [\"--block=8\"]\n");
	accepts("-vv -", "- 32 0.5 0 flash [-] v2 []\n");
	accepts("-v -q", "- 32 0.5 0 flash v-1 []\n");
	accepts("--lengths 5 --lengths 1,2", "- 32 0.5 0 flash 1 2 v0 [\"--lengths=5\",\"--lengths=1,2\"]\n");
}

static void
numbers_out_of_range_or_not_whole_are_refused(void)
{
	refuses("-b 0", "option '--block': '0' is not an integer from 1 to 4096");
	refuses("-b 1x", "option '--block': '1x' is not an integer from 1 to 4096");
	refuses("-b ''", "option '--block': '' is not an integer from 1 to 4096");
	refuses("--rate=nan", "option '--rate': 'nan' is not a number from 0 to 1");
	refuses("--rate=1.5", "option '--rate': '1.5' is not a number from 0 to 1");
	refuses("--lengths 1,,2", "option '--lengths': '' is not an integer from 1 to 99");
	refuses("--lengths ''", "option '--lengths': '' is not an integer from 1 to 99");
	refuses("--lengths 1,100", "option '--lengths': '100' is not an integer from 1 to 99");
}

static void
what_the_table_does_not_allow_is_refused(void)
{
	refuses("-x", "unknown option '-x'");
	refuses("-vx", "unknown option '-x'");
	refuses("--nothing", "unknown or ambiguous option '--nothing'");
	refuses("--nothing=3", "unknown or ambiguous option '--nothing=3'");
	refuses("--tie=3", "option '--tie=3' takes no value");
	refuses("--quiet=3", "option '--quiet=3' takes no value");
	refuses("-b", "option '-b' needs a value");
	refuses("--block", "option '--block' needs a value");
	refuses("-o ''", "option '--output' needs a value that is not empty");
	refuses("--tie", "--tie goes with --score or -b");
	refuses("--score best", "option '--score': 'best' is none of flash, mean");
	refuses("--help=html", "option '--help': 'html' is not mdoc");
	refuses("a b c", "unexpected operand 'c'");
	refuses("a -b 3", "option '-b' stands after an operand; options go first");
}

static void
a_message_is_one_line_whatever_it_quotes(void)
{
	refuses("--a\nb", "unknown or ambiguous option '--a?b'");
}

static void
help_version_and_manual_come_from_the_table(void)
{
	CHECK(run("--version") == 0);
	CHECK(strncmp(said, "fl-test ", 8) == 0);
	CHECK(run("--help") == 0);
	CHECK(strncmp(said, "usage: fl-test [options] [file ...]\nfl-test: test the options\n", 62) == 0);
	CHECK(strstr(said, "  -b, --block=n\n          Keep n together.\n") != NULL);
	CHECK(run("--help=mdoc") == 0);
	CHECK(strstr(said, ".Op Fl b Ar n\n") && strstr(said, ".It Fl b Ar n , Fl -block Ns = Ns Ar n\n"));
	CHECK(strstr(said, "\n\\&.Begins with a dot, has a \\e and a word.\n") != NULL);
	CHECK(strstr(said, ".Op Ar file ...\n") != NULL);
}

static void
a_full_disk_under_standard_output_is_an_error(void)
{
	pid_t child;
	int status;

	fflush(stdout);
	child = fork();
	if (child == 0) {
		if (!freopen("/dev/full", "w", stdout) || !freopen("/dev/null", "w", stderr))
			_exit(99);
		printf("x\n");
		_exit(fl_finish(FL_EXIT_OK));
	}
	waitpid(child, &status, 0);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == FL_EXIT_SYSTEM);
}

int
main(void)
{
	TEST(options_set_their_variables_and_defaults_stay);
	TEST(numbers_out_of_range_or_not_whole_are_refused);
	TEST(what_the_table_does_not_allow_is_refused);
	TEST(a_message_is_one_line_whatever_it_quotes);
	TEST(help_version_and_manual_come_from_the_table);
	TEST(a_full_disk_under_standard_output_is_an_error);
	return test_done();
}
