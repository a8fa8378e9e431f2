/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/process.h"

#include <signal.h>
#include <unistd.h>

#include "base/clock.h"

#include "test.h"

static struct fl_err err;

/* What a line of shell comes to; *out is what it printed. */
static int
shell(const char *line, int timeout, struct fl_str *out)
{
	const char *argv[] = { "sh", "-c", line, NULL };
	struct fl_process p = { argv, NULL, NULL, "/dev/null", timeout };

	err = (struct fl_err){ 0 };
	fl_str_clear(out);
	return fl_process_run(&p, out, &err);
}

static void
its_status_and_what_it_printed_are_told(void)
{
	struct fl_str out = { 0 };

	CHECK(shell("echo yes; cat", 60, &out) == 0);
	CHECK_STR(out.data, "yes\n");
	CHECK(shell("exit 3", 60, &out) == 3);
	CHECK(shell("exit 130", 60, &out) == 130);
	fl_str_free(&out);
}

static void
what_cannot_run_or_is_killed_is_an_error(void)
{
	struct fl_str out = { 0 };

	CHECK(shell("exec /nowhere", 60, &out) < 0 && err.code == FL_EXIT_SYSTEM);
	CHECK(strstr(err.text, "cannot run 'sh'") != NULL);
	CHECK(shell("kill -KILL $$", 60, &out) < 0);
	CHECK(strstr(err.text, "cannot run 'sh'") != NULL);
	fl_str_free(&out);
}

/* The second does not heed the first signal. */
static void
time_that_is_over_is_told(void)
{
	struct fl_str out = { 0 };

	CHECK(shell("sleep 60", 1, &out) < 0);
	CHECK(strstr(err.text, "longer than 1 s") != NULL);
	CHECK(shell("trap '' TERM; while :; do sleep 1; done", 1, &out) < 0);
	CHECK(strstr(err.text, "longer than 1 s") != NULL);
	fl_str_free(&out);
}

/* Nor does a child that holds its standard output, or has left its group with it. */
static void
what_it_leaves_behind_is_not_waited_for(void)
{
	struct fl_str out = { 0 };
	double start = fl_clock();

	CHECK(shell("sleep 613.5 & echo $!", 30, &out) == 0);
	CHECK(fl_clock() - start < 10);
	CHECK(shell("trap '' TERM; sleep 613.5 & wait", 1, &out) < 0);
	CHECK(shell("setsid sleep 6 & echo yes", 30, &out) == 0);
	CHECK_STR(out.data, "yes\n");
	CHECK(shell("setsid sleep 20 & sleep 60", 1, &out) < 0);
	CHECK(strstr(err.text, "longer than 1 s") != NULL);
	CHECK(fl_clock() - start < 20);
	CHECK(shell("! grep -qsz '^613[.]5$' /proc/[0-9]*/cmdline", 10, &out) == 0);
	fl_str_free(&out);
}

static void
a_nul_byte_is_no_answer(void)
{
	struct fl_str out = { 0 };

	CHECK(shell("printf 'a\\0b\\n'", 10, &out) < 0 && err.code == FL_EXIT_DATA);
	CHECK_STR(err.text, "'sh' printed a NUL byte");
	fl_str_free(&out);
}

/* Who ignores that children end cannot wait for them. */
static void
a_status_that_is_lost_is_an_error(void)
{
	struct fl_str out = { 0 };

	signal(SIGCHLD, SIG_IGN);
	alarm(20);
	CHECK(shell("exit 0", 10, &out) < 0);
	CHECK(strstr(err.text, "cannot wait for 'sh'") != NULL);
	alarm(0);
	signal(SIGCHLD, SIG_DFL);
	fl_str_free(&out);
}

int
main(void)
{
	TEST(its_status_and_what_it_printed_are_told);
	TEST(what_cannot_run_or_is_killed_is_an_error);
	TEST(time_that_is_over_is_told);
	TEST(what_it_leaves_behind_is_not_waited_for);
	TEST(a_nul_byte_is_no_answer);
	TEST(a_status_that_is_lost_is_an_error);
	return test_done();
}
