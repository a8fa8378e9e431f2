/* SPDX-License-Identifier: Apache-2.0 */
/* date.c -- reads and writes dates as text. The programs never set a locale, so strftime() writes the names of the C locale. */
#include "base/date.h"

#include <stdio.h>
#include <string.h>

bool
fl_date_read(const char *text, struct tm *out)
{
	int year, month, day, end = 0;

	if (strlen(text) != 10 || strspn(text, "0123456789-") != 10 || *text == '-' ||
	    sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day, &end) != 3 || end != 10)
		return false;
	*out = (struct tm){ .tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day };
	timegm(out); /* sets the weekday, and moves a day that its month does not have into the next */
	return out->tm_mon == month - 1 && out->tm_mday == day;
}

bool
fl_date_format(struct fl_str *out, const struct tm *date, const char *format, size_t n)
{
	static const char plain[] = "aAbBcDFhnprRtTxX%", numbers[] = "CdegGHIjmMSuUVwWyY";

	for (size_t i = 0; i < n; i++) {
		char text[64], conversion[4] = "%";
		size_t k = 1;

		if (format[i] != '%') {
			fl_str_putc(out, format[i]);
			continue;
		}
		if (i + 2 < n && format[i + 1] == '-' && strchr(numbers, format[i + 2]))
			conversion[k++] = format[++i];
		if (++i >= n || !format[i] || (!strchr(plain, format[i]) && !strchr(numbers, format[i])))
			return false;
		conversion[k] = format[i];
		fl_str_add(out, text, strftime(text, sizeof text, conversion, date));
	}
	return true;
}
