/* SPDX-License-Identifier: Apache-2.0 */
#include "tables.h"

#define A "d64-f128-ff"
#define B "d64-f128-fs"

static void
the_unit_says_what_is_better(void)
{
	CHECK(fl_table_goal("ttft_1024_s") == -1);
	CHECK(fl_table_goal("loss_nats") == -1);
	CHECK(fl_table_goal("peak_mib") == -1);
	CHECK(fl_table_goal("perplexity") == -1);
	CHECK(fl_table_goal("bits_per_byte") == -1);
	CHECK(fl_table_goal("decode_1024_tok_s") == 1);
	CHECK(fl_table_goal("hellaswag_acc") == 1);
	CHECK(fl_table_goal("arch") == 0);
	CHECK(fl_table_goal("ttft_1024_s_sd") == 0);
	CHECK(fl_table_goal("ttft_1024_s_n") == 0);
}

static void
pending_and_failed_cells_have_no_value(void)
{
	struct fl_table *t = test_good_table("arch\tloss_nats\tnote\n" A "\t\thello\n" B "\tnan\t7\n", NULL);

	CHECK(t->rows == 2 && t->columns == 3);
	CHECK(isnan(fl_table_cell(t, 0, 1)->value) && isnan(fl_table_cell(t, 1, 1)->value));
	CHECK_STR(fl_table_cell(t, 0, 1)->text, "");
	CHECK_STR(fl_table_cell(t, 0, 2)->text, "hello");
	CHECK(fl_table_cell(t, 1, 2)->value == 7);
	fl_table_free(t);
}

/* 1, 2, 3 and 5, 7 as two rows are five repeats: mean 3.6, s.d. 2.408319 (by R's mean and sd). */
static void
repeats_are_pooled(void)
{
	struct fl_table *t = test_good_table("arch\tx_s\tx_s_sd\tx_s_n\n" A "\t2\t1\t3\n" B "\t4\t\t\n" A
				  "\t6\t1.4142135623730951\t2\n",
	    NULL);

	CHECK(t->rows == 2);
	CHECK_NEAR(fl_table_cell(t, 0, 1)->value, 3.6, 1e-12);
	CHECK_NEAR(fl_table_cell(t, 0, 2)->value, 2.4083189157584592, 1e-12);
	CHECK(fl_table_cell(t, 0, 3)->value == 5);
	CHECK(!fl_table_cell(t, 0, 1)->text);
	CHECK_STR(fl_table_cell(t, 1, 1)->text, "4");
	fl_table_free(t);
}

static void
plain_repeats_are_averaged_and_failures_give_way(void)
{
	struct fl_table *t = test_good_table("arch\tx_s\ty_s\n" A "\t1\tnan\n" A "\t2\t\n" A "\t6\t5\n", NULL);

	CHECK(t->rows == 1);
	CHECK_NEAR(fl_table_cell(t, 0, 1)->value, 3, 1e-12);
	CHECK(fl_table_cell(t, 0, 2)->value == 5);
	fl_table_free(t);
}

/* What fl-eval and fl-measure print, the second time by another version of the arithmetic. */
static void
settings_are_kept_and_results_averaged(void)
{
	struct fl_table *t = test_good_table("arch\tloss_nats\tloss_nats_se\tperplexity\tbits_per_byte\ttokens\tby\n" A
				  "\t1\t0.1\t2.718\t0.5\t1024\tme\n" A "\t1.5\t0.3\t4.482\t0.75\t1024.0\tme\n" A
				  "\t\t\t\t\t\t\n",
	    NULL);

	CHECK(t->rows == 1);
	CHECK_NEAR(fl_table_cell(t, 0, 1)->value, 1.25, 1e-12);
	CHECK_NEAR(fl_table_cell(t, 0, 2)->value, 0.2, 1e-12);
	CHECK_NEAR(fl_table_cell(t, 0, 3)->value, 3.6, 1e-12);
	CHECK_NEAR(fl_table_cell(t, 0, 4)->value, 0.625, 1e-12);
	CHECK_STR(fl_table_cell(t, 0, 5)->text, "1024");
	CHECK_STR(fl_table_cell(t, 0, 6)->text, "me");
	fl_table_free(t);
}

static void
several_tables_are_one(void)
{
	struct fl_table *t = test_good_table("arch\tx_s\n" A "\t1\n", "arch\tloss_nats\tx_s\n" B "\t3\t2\n" A "\t4\t\n");

	CHECK(t->rows == 2 && t->columns == 3);
	CHECK_STR(t->name[2], "loss_nats");
	CHECK(fl_table_cell(t, 0, 1)->value == 1 && fl_table_cell(t, 0, 2)->value == 4);
	CHECK(fl_table_cell(t, 1, 1)->value == 2 && fl_table_cell(t, 1, 2)->value == 3);
	fl_table_free(t);
}

static void
refused(const char *text, const char *why)
{
	struct fl_err err = { 0 };

	CHECK(test_table(text, NULL, &err) == NULL);
	CHECK(err.code == FL_EXIT_DATA);
	if (!CHECK(strstr(err.text, why) != NULL))
		printf("# %s\n", err.text);
}

static void
mistakes_are_named_with_their_line(void)
{
	refused("loss_nats\n", "the first column is 'loss_nats', not 'arch'");
	refused("arch\tx_s\n" A "\t1\n" B "\tfast\n", "line 3: x_s is 'fast', not a number");
	refused("arch\tx_s\n" A "\tinf\n", "line 2: x_s is 'inf', not a number");
	refused("arch\tx_s\tx_s_sd\n" A "\t1\tlittle\n", "line 2: x_s_sd is 'little', not a number");
	refused("arch\nd64-f128-\n", "line 2: 'd64-f128-' is no architecture");
}

static void
what_was_measured_otherwise_is_no_repeat(void)
{
	refused("arch\tx_s\tchunk\n" A "\t1\t64\n" B "\t1\t64\n" A "\t2\t1024\n",
	    "line 4: chunk of '" A "' is '1024', and '64' in an earlier row");
	refused("arch\tx_s\tdevice\n" A "\t1\tphone\n" A "\t2\tlaptop\n",
	    "line 3: device of '" A "' is 'laptop', and 'phone' in an earlier row");
}

int
main(void)
{
	TEST(the_unit_says_what_is_better);
	TEST(pending_and_failed_cells_have_no_value);
	TEST(repeats_are_pooled);
	TEST(plain_repeats_are_averaged_and_failures_give_way);
	TEST(settings_are_kept_and_results_averaged);
	TEST(several_tables_are_one);
	TEST(mistakes_are_named_with_their_line);
	TEST(what_was_measured_otherwise_is_no_repeat);
	return test_done();
}
