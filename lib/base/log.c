/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <stdio.h>

#include "base/progress.h"
#include "base/str.h"

static const char *tool_name = "fl";
static int level;

void
fl_log_init(const char *tool, int verbosity)
{
	tool_name = tool;
	level = verbosity;
}

int
fl_log_verbosity(void)
{
	return level;
}

void
fl_log_line(const char *fmt, va_list ap)
{
	char line[1024];

	vsnprintf(line, sizeof line, fmt, ap);
	fl_str_one_line(line);
	fl_progress_hide();
	fprintf(stderr, "%s: %s\n", tool_name, line);
}

void
fl_warn(const char *fmt, ...)
{
	va_list ap;

	if (level < 0)
		return;
	va_start(ap, fmt);
	fl_log_line(fmt, ap);
	va_end(ap);
}

void
fl_note(const char *fmt, ...)
{
	va_list ap;

	if (level < 1)
		return;
	va_start(ap, fmt);
	fl_log_line(fmt, ap);
	va_end(ap);
}
