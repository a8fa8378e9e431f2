/* SPDX-License-Identifier: Apache-2.0 */
/* process.h -- another program, run to its end or to a time limit. */
#ifndef FL_MEASURE_PROCESS_H
#define FL_MEASURE_PROCESS_H

#include "base/err.h"
#include "base/str.h"

struct fl_process {
	const char *const *argv; /* ends with NULL; the program is looked for in PATH */
	const char *dir;	 /* where it runs; NULL: here */
	const char *input;	 /* a file it reads; NULL: nothing */
	const char *log;	 /* a file that its standard error is added to; NULL: ours */
	int timeout;		 /* seconds */
};

/* Its exit status, with what it printed, at most a MiB, added to out; -1 with err set (class SYSTEM): it could not
 * be run, ran out of time or was ended by a signal. It ends when we do. */
int fl_process_run(const struct fl_process *p, struct fl_str *out, struct fl_err *err) FL_MUST_USE;

#endif
