/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

static void
record(struct fl_err *err, enum fl_exit code, const char *fmt, va_list ap)
{
	if (err->code != FL_EXIT_OK)
		return;
	err->code = code;
	vsnprintf(err->text, sizeof err->text, fmt, ap);
	fl_str_one_line(err->text); /* what is quoted may hold anything */
}

static void
append(struct fl_err *err, const char *text)
{
	size_t n = strlen(err->text), k = strnlen(text, sizeof err->text - 1 - n);

	memcpy(err->text + n, text, k);
	err->text[n + k] = '\0';
}

int
fl_err_data(struct fl_err *err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	record(err, FL_EXIT_DATA, fmt, ap);
	va_end(ap);
	return -1;
}

int
fl_err_no(struct fl_err *err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	record(err, FL_EXIT_NO, fmt, ap);
	va_end(ap);
	return -1;
}

int
fl_err_usage(struct fl_err *err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	record(err, FL_EXIT_USAGE, fmt, ap);
	va_end(ap);
	return -1;
}

int
fl_err_sys(struct fl_err *err, const char *fmt, ...)
{
	const char *why = strerror(errno);
	bool first = err->code == FL_EXIT_OK;
	va_list ap;

	va_start(ap, fmt);
	record(err, FL_EXIT_SYSTEM, fmt, ap);
	va_end(ap);
	if (first) {
		err->text[sizeof err->text - sizeof ": " - strlen(why)] = '\0'; /* rather the subject is cut */
		append(err, ": ");
		append(err, why);
	}
	return -1;
}

int
fl_err_prefix(struct fl_err *err, const char *fmt, ...)
{
	struct fl_err inner = *err;
	va_list ap;

	if (!inner.code)
		fl_bug("no failure to put '%s' in front of", fmt);
	err->code = FL_EXIT_OK;
	va_start(ap, fmt);
	record(err, inner.code, fmt, ap);
	va_end(ap);
	append(err, ": ");
	append(err, inner.text);
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
