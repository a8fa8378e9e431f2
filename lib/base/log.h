/* SPDX-License-Identifier: Apache-2.0 */
/* log.h -- remarks for the user on standard error, "fl-prune: ...", one line each.
 *
 * A remark is not an error: the work goes on. fl_warn() speaks unless -q was given; fl_note() only
 * with -v. The library may remark on what it drops or doubts, never on success. */
#ifndef FL_BASE_LOG_H
#define FL_BASE_LOG_H

#include <stdarg.h>

#include "base/err.h"

/* Set once by base/cli: the program's name, and -1 for -q, 0, or the number of -v. */
void fl_log_init(const char *tool, int verbosity);
int fl_log_verbosity(void);

/* The line that every other message of base ends in: "tool: text", whatever the text quotes. */
void fl_log_line(const char *fmt, va_list ap);

void fl_warn(const char *fmt, ...) FL_PRINTF(1, 2);
void fl_note(const char *fmt, ...) FL_PRINTF(1, 2);

#endif
