/* SPDX-License-Identifier: Apache-2.0 */
#include "search/bounds.h"

#include "base/str.h"
#include "tables.h"

static struct fl_err err;

/* What takes a second for 1e6 weights of its FFNs and a tenth for each layer, as a time and as a rate. */
static struct fl_table *
timed(void)
{
	static const char *const pattern[] = { "f", "fs", "fff", "fsws", "fwfwf", "ffffff" };
	struct fl_str text = { 0 };
	struct fl_table *t;

	fl_str_puts(&text, "arch\tttft_8_s\tdecode_8_tok_s\thello_acc\n");
	for (int i = 0; i < 24; i++) {
		int layers = 1 + i % 6, width = 64 + 32 * (i % 5), ffn = 128 * (1 + i % 4);
		double s = 1e-6 * layers * width * ffn + .1 * layers;

		fl_str_printf(&text, "d%d-f%d-%s\t%.17g\t%.17g\t%g\n", width, ffn, pattern[i % 6], s, 1 / s, .5);
	}
	t = test_good_table(text.data, NULL);
	fl_str_free(&text);
	return t;
}

static double
log_probability(const struct fl_table *t, const char *column, double v, bool least, const char *text)
{
	struct fl_bounds b = { 0 };
	struct fl_arch arch;
	double p;

	CHECK_OK(fl_arch_parse(text, &arch, &err), &err);
	CHECK_OK(fl_bounds_add(&b, t, fl_table_column(t, column), v, least, &err), &err);
	p = fl_bounds_log_probability(&b, &arch);
	fl_bounds_free(&b);
	return p;
}

/* The first takes .33 s, the second 3.5 s. */
static void
a_time_is_learnt(void)
{
	struct fl_table *t = timed();

	CHECK(log_probability(t, "ttft_8_s", 1, false, "d96-f128-fsf") > log(.99));
	CHECK(log_probability(t, "ttft_8_s", 1, true, "d96-f128-fsf") < log(.01));
	CHECK(log_probability(t, "ttft_8_s", 1, false, "d512-f1024-fsfsf") < log(.01));
	fl_table_free(t);
}

static void
a_rate_is_learnt_as_the_time_of_a_unit(void)
{
	static const char *const arch[] = { "d96-f128-fsf", "d160-f256-ffss", "d512-f1024-fsfsf" };
	struct fl_table *t = timed();

	for (int i = 0; i < 3; i++)
		for (int least = 0; least < 2; least++) {
			double time = log_probability(t, "ttft_8_s", .5, !least, arch[i]);

			CHECK_NEAR(log_probability(t, "decode_8_tok_s", 2, least, arch[i]), time, 1e-6 * (1 + fabs(time)));
		}
	fl_table_free(t);
}

static void
limits_are_kept_together(void)
{
	struct fl_table *t = timed();
	struct fl_bounds b = { 0 };
	struct fl_arch arch;
	double one = log_probability(t, "ttft_8_s", .4, false, "d96-f128-fsf");
	double other = log_probability(t, "hello_acc", .4, true, "d96-f128-fsf");

	CHECK_OK(fl_arch_parse("d96-f128-fsf", &arch, &err), &err);
	CHECK_NEAR(fl_bounds_log_probability(&b, &arch), 0, 0);
	CHECK_OK(fl_bounds_add(&b, t, fl_table_column(t, "ttft_8_s"), .4, false, &err), &err);
	CHECK_OK(fl_bounds_add(&b, t, fl_table_column(t, "hello_acc"), .4, true, &err), &err);
	CHECK_NEAR(fl_bounds_log_probability(&b, &arch), one + other, 1e-12);
	fl_bounds_free(&b);
	fl_table_free(t);
}

static void
refused(const struct fl_table *t, int column, double v, enum fl_exit code)
{
	struct fl_bounds b = { 0 };

	CHECK(fl_bounds_add(&b, t, column, v, false, &err) < 0 && err.code == code && b.n == 0);
	err = (struct fl_err){ 0 };
}

static void
what_has_no_logarithm_or_no_number_is_refused(void)
{
	struct fl_table *t = test_good_table("arch\tx_s\ty_s\tz_s\n" "d64-f128-f\t0\t\t1\n", NULL);

	refused(t, 1, 1, FL_EXIT_DATA);
	refused(t, 2, 1, FL_EXIT_DATA);
	refused(t, 3, 0, FL_EXIT_USAGE);
	fl_table_free(t);
}

int
main(void)
{
	TEST(a_time_is_learnt);
	TEST(a_rate_is_learnt_as_the_time_of_a_unit);
	TEST(limits_are_kept_together);
	TEST(what_has_no_logarithm_or_no_number_is_refused);
	return test_done();
}
