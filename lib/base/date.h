/* SPDX-License-Identifier: Apache-2.0 */
/* date.h -- a day of the calendar that somebody names: nothing here asks a clock. */
#ifndef FL_BASE_DATE_H
#define FL_BASE_DATE_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "base/str.h"

/* Reads "2025-01-31" as the beginning of that day, its weekday set. Returns false if text is no date. */
bool fl_date_read(const char *text, struct tm *out);

/* Appends the date in a format [n] of strftime, with English names whatever the locale. The conversions are those of
 * C but %E, %O, %z and %Z; a minus, as in %-d, leaves out leading zeros. Returns
 * false at any other, before which out ends. */
bool fl_date_format(struct fl_str *out, const struct tm *date, const char *format, size_t n);

#endif
