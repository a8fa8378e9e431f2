/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
record(struct fl_err *err, enum fl_exit code, const char *fmt, va_list ap)
{
	if (err->code != FL_EXIT_OK)
		return;
	err->code = code;
	vsnprintf(err->text, sizeof err->text, fmt, ap);
	/* What is quoted may hold anything; the promise is one line. */
	for (char *p = err->text; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 127)
			*p = '?';
}

#define RECORD(code)                                                                               \
	do {                                                                                       \
		va_list ap;                                                                        \
		va_start(ap, fmt);                                                                 \
		record(err, (code), fmt, ap);                                                      \
		va_end(ap);                                                                        \
	} while (0)

int
fl_err_data(struct fl_err *err, const char *fmt, ...)
{
	RECORD(FL_EXIT_DATA);
	return -1;
}

int
fl_err_no(struct fl_err *err, const char *fmt, ...)
{
	RECORD(FL_EXIT_NO);
	return -1;
}

int
fl_err_usage(struct fl_err *err, const char *fmt, ...)
{
	RECORD(FL_EXIT_USAGE);
	return -1;
}

int
fl_err_sys(struct fl_err *err, const char *fmt, ...)
{
	const char *why = strerror(errno);
	bool first = err->code == FL_EXIT_OK;
	size_t n;

	RECORD(FL_EXIT_SYSTEM);
	n = strlen(err->text);
	if (first)
		snprintf(err->text + n, sizeof err->text - n, ": %s", why);
	return -1;
}

int
fl_err_prefix(struct fl_err *err, const char *fmt, ...)
{
	struct fl_err outer = { 0 };
	va_list ap;
	size_t n;

	va_start(ap, fmt);
	record(&outer, err->code ? err->code : FL_EXIT_DATA, fmt, ap);
	va_end(ap);
	n = strlen(outer.text);
	snprintf(outer.text + n, sizeof outer.text - n, ": %.*s",
	    (int)(sizeof outer.text - n > 3 ? sizeof outer.text - n - 3 : 0), err->text);
	*err = outer;
	return -1;
}

void
fl_bug_at(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "%s:%d: broken invariant: ", file, line);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	abort();
}
