/* SPDX-License-Identifier: Apache-2.0 */
#include "base/num.h"

#include <float.h>
#include <limits.h>

#include "test.h"

static void
integers_are_read_whole_and_in_range(void)
{
	static const char *const bad[] = { "", " 1", "1 ", "1x", "0x10", "1.0", "1e3", "-", "+-1", "nan",
		"9223372036854775808", "-9223372036854775809" };
	long long v = 7;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (!CHECK(fl_num_int(bad[i], LLONG_MIN, LLONG_MAX, &v) == -1))
			printf("# '%s'\n", bad[i]);
	CHECK(v == 7);
	CHECK(fl_num_int("9223372036854775807", LLONG_MIN, LLONG_MAX, &v) == 0 && v == LLONG_MAX);
	CHECK(fl_num_int("-9223372036854775808", LLONG_MIN, LLONG_MAX, &v) == 0 && v == LLONG_MIN);
	CHECK(fl_num_int("32", 1, 32, &v) == 0 && v == 32);
	CHECK(fl_num_int("33", 1, 32, &v) == -1 && fl_num_int("0", 1, 32, &v) == -1);
}

static void
reals_are_read_whole_and_finite(void)
{
	static const char *const bad[] = { "", " 1", "1 ", "nan", "inf", "0x1p3", "1e999", ".", "1e", "--1",
		"1,5" };
	double v = 7;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (!CHECK(fl_num_real(bad[i], -DBL_MAX, DBL_MAX, &v) == -1))
			printf("# '%s'\n", bad[i]);
	CHECK(v == 7);
	CHECK(fl_num_real("1e-06", 0, 1, &v) == 0 && v == 1e-6);
	CHECK(fl_num_real("-.5", -1, 1, &v) == 0 && v == -0.5);
	CHECK(fl_num_real("1.5", 0, 1, &v) == -1);
}

static void
reals_are_written_shortest_and_read_back_the_same(void)
{
	static const struct {
		double x;
		const char *text;
	} known[] = { { 0.1, "0.1" }, { 1e-6, "1e-06" }, { 1.0 / 3, "0.3333333333333333" }, { 0, "0" },
		{ 5e-324, "5e-324" }, { DBL_MAX, "1.7976931348623157e+308" }, { NAN, "nan" },
		{ INFINITY, "inf" }, { -INFINITY, "-inf" }, { -0.0, "-0" }, { 500000, "500000" } };
	char buf[FL_NUM_LEN];

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		CHECK_STR(fl_num_format(buf, known[i].x), known[i].text);
}

int
main(void)
{
	TEST(integers_are_read_whole_and_in_range);
	TEST(reals_are_read_whole_and_finite);
	TEST(reals_are_written_shortest_and_read_back_the_same);
	return test_done();
}
