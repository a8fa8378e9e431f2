/* SPDX-License-Identifier: Apache-2.0 */
/* progress.h -- one line on standard error, rewritten in place: done, rate, time left.
 *
 * Only on a terminal and without -q; nothing is written otherwise. One at a time. */
#ifndef FL_BASE_PROGRESS_H
#define FL_BASE_PROGRESS_H

#include <stdint.h>

/* `unit` is what is counted: "tokens", or "B" for bytes, shown as MiB. total 0 if unknown. */
void fl_progress_begin(const char *what, const char *unit, uint64_t total);
void fl_progress_add(uint64_t done); /* so many more */
void fl_progress_end(void);	     /* clears the line; harmless when none is shown */
void fl_progress_hide(void);	     /* clears it for a message; the next fl_progress_add() shows it */

#endif
