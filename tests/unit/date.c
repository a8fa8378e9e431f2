/* SPDX-License-Identifier: Apache-2.0 */
/* Dates, and their formats as Python 3.11's strftime() writes them. */
#include "base/date.h"

#include <string.h>

#include "test.h"

static void
what_is_no_date_is_refused(void)
{
	static const char *const bad[] = { "", "2025-02-29", "2025-13-01", "2025-00-10", "2025-01-00", "2025-1-31",
		"2025-1-031", "025-001-31", "-025-01-31", "2025-01--1", " 025-01-31",
		"2025-01-31 ", "2025/01/31", "20250131" };
	struct tm t;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (!CHECK(!fl_date_read(bad[i], &t)))
			printf("# '%s'\n", bad[i]);
	CHECK(fl_date_read("2024-02-29", &t) && t.tm_wday == 4 && t.tm_yday == 59);
}

static void
formats_are_those_of_strftime(void)
{
	static const char *const cases[][3] = {
		{ "2024-02-29", "%d %b %Y", "29 Feb 2024" },
		{ "2025-01-02", "%-d %B %Y, %A (%a)", "2 January 2025, Thursday (Thu)" },
		{ "2021-01-03", "%F %D %x %y %C %G %g %V %U %W %u %w %j",
		  "2021-01-03 01/03/21 01/03/21 21 20 2020 20 53 01 00 7 0 003" },
		{ "1999-12-31", "%H:%M:%S %I %p %T %R %r %X", "00:00:00 12 AM 00:00:00 00:00 12:00:00 AM 00:00:00" },
		{ "1999-12-31", "%c|%h|%e|%-j|%-m", "Fri Dec 31 00:00:00 1999|Dec|31|365|12" },
		{ "1999-12-01", "%e%n%t%% 100", " 1\n\t% 100" },
		{ "1999-12-01", "", "" },
	};
	static const char *const bad[] = { "%", "%E", "%Ex", "%Od", "%-", "%-B", "%--d", "%k", "%s", "%z", "a%" };
	struct fl_str s = { 0 };
	struct tm t;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		fl_str_clear(&s);
		CHECK(fl_date_read(cases[i][0], &t) && fl_date_format(&s, &t, cases[i][1], strlen(cases[i][1])));
		CHECK_STR(s.data, cases[i][2]);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (!CHECK(!fl_date_format(&s, &t, bad[i], strlen(bad[i]))))
			printf("# '%s'\n", bad[i]);
	fl_str_free(&s);
}

int
main(void)
{
	TEST(what_is_no_date_is_refused);
	TEST(formats_are_those_of_strftime);
	return test_done();
}
