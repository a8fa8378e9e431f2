/* SPDX-License-Identifier: Apache-2.0 */
/* err.h -- how the library says that something failed.
 *
 * A function that can fail returns 0 or -1 (a pointer or NULL) and describes the failure in the
 * caller's struct fl_err: one line, lower case, no full stop, what failed first, the subject in
 * single quotes. The library never prints it and never exits; only tools do, with err.code as the
 * exit status. The caller starts with a zeroed struct; the first failure recorded is kept, so a
 * clean-up that fails too cannot hide the cause. */
#ifndef FL_BASE_ERR_H
#define FL_BASE_ERR_H

#include <stdbool.h>
#include <stddef.h>

/* Exit status of every tool, and the class of every error. */
enum fl_exit {
	FL_EXIT_OK = 0,
	FL_EXIT_NO = 1,	    /* ran well, and the answer is no */
	FL_EXIT_USAGE = 2,  /* the command line is wrong */
	FL_EXIT_DATA = 3,   /* input malformed, truncated or unsupported */
	FL_EXIT_SYSTEM = 4, /* the system refused: open, write, memory */
};

struct fl_err {
	enum fl_exit code;
	char text[480];
};

#define FL_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))
#define FL_MUST_USE __attribute__((warn_unused_result))

/* Each records a failure of its class and returns -1. fl_err_sys appends strerror(errno). */
int fl_err_data(struct fl_err *err, const char *fmt, ...) FL_PRINTF(2, 3);
int fl_err_sys(struct fl_err *err, const char *fmt, ...) FL_PRINTF(2, 3);
int fl_err_no(struct fl_err *err, const char *fmt, ...) FL_PRINTF(2, 3);
int fl_err_usage(struct fl_err *err, const char *fmt, ...) FL_PRINTF(2, 3);

/* Puts "context: " in front of the text of a failure already recorded; returns -1. */
int fl_err_prefix(struct fl_err *err, const char *fmt, ...) FL_PRINTF(2, 3);

/* A broken invariant of our own code, never bad input: prints where and aborts. */
#define fl_bug(...) fl_bug_at(__FILE__, __LINE__, __VA_ARGS__)
_Noreturn void fl_bug_at(const char *file, int line, const char *fmt, ...) FL_PRINTF(3, 4);

#endif
