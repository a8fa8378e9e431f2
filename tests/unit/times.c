/* SPDX-License-Identifier: Apache-2.0 */
#include "search/times.h"

#include "tables.h"

static struct fl_err err;

static void
times_and_rates_become_logarithms_of_seconds(void)
{
	struct fl_table *t = test_good_table("arch\tloss_nats\tttft_8_s\tttft_8_s_sd\tttft_8_s_n\tdecode_8_tok_s\n"
					     "d64-f128-ff\t1\t2\t.4\t4\t8\n" "d64-f128-fs\t1\t\t\t\t5\n"
					     "d64-f128-fw\t1\tnan\t\t\t\n" "d64-f128-fff\t1\t3\t\t\t4\n", NULL);
	struct fl_times x;

	CHECK_OK(fl_times_read(t, NULL, &x, &err), &err);
	CHECK_STR(x.name, "ttft_8_s");
	CHECK(x.n == 2 && x.row[0] == 0 && x.row[1] == 3);
	CHECK(x.arch[0].layers == 2 && x.arch[1].layers == 3);
	CHECK_NEAR(x.log_s[0], log(2), 1e-15);
	CHECK_NEAR(x.log_s[1], log(3), 1e-15);
	CHECK_NEAR(x.noise[0], .4 / 2 / 2, 1e-15); /* relative, and of the mean of four */
	CHECK(x.noise[1] == 0);
	fl_times_free(&x);

	CHECK_OK(fl_times_read(t, "decode_8_tok_s", &x, &err), &err);
	CHECK(x.n == 3 && x.row[0] == 0 && x.row[1] == 1 && x.row[2] == 3);
	CHECK_NEAR(x.log_s[1], log(1. / 5), 1e-15);
	fl_times_free(&x);
	fl_table_free(t);
}

static void
refused(const char *text, const char *column, enum fl_exit code)
{
	struct fl_table *t = test_good_table(text, NULL);
	struct fl_times x;

	CHECK(fl_times_read(t, column, &x, &err) < 0 && err.code == code);
	err = (struct fl_err){ 0 };
	fl_table_free(t);
}

static void
what_is_no_time_is_refused(void)
{
	refused("arch\tloss_nats\n" "d64-f128-ff\t1\n", NULL, FL_EXIT_DATA);
	refused("arch\tloss_nats\n" "d64-f128-ff\t1\n", "loss_nats", FL_EXIT_USAGE);
	refused("arch\tloss_nats\n" "d64-f128-ff\t1\n", "x_s", FL_EXIT_USAGE);
	refused("arch\tx_s\n" "d64-f128-ff\t\n", "x_s", FL_EXIT_DATA);
	refused("arch\tx_s\n" "d64-f128-ff\t0\n", "x_s", FL_EXIT_DATA);
}

int
main(void)
{
	TEST(times_and_rates_become_logarithms_of_seconds);
	TEST(what_is_no_time_is_refused);
	return test_done();
}
