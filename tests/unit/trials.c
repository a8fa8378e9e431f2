/* SPDX-License-Identifier: Apache-2.0 */
#include "search/trials.h"

#include "tables.h"

#define HEAD "arch\tloss_nats\tttft_8_s\n"
#define FAST "d64-f128-s\t4\t1\n"
#define GOOD "d64-f128-ff\t2\t3\n"

static struct fl_err err;

/* ref[2] := what the trials of a text have to beat to be better than `arch`, the loss limited as it says. */
static void
baseline(const char *text, const char *arch, const char *limit, double ref[2])
{
	struct fl_table *t = test_good_table(text, NULL);
	struct fl_objective y, x;
	struct fl_trials trials;

	CHECK_OK(fl_objective_choose(t, NULL, &y, &x, &err), &err);
	if (limit)
		CHECK_OK(fl_objective_set_ref(t, limit, &y, &x, &err), &err);
	CHECK_OK(fl_trials_collect(t, t->rows, &y, &x, NULL, &trials, &err), &err);
	CHECK_OK(fl_trials_set_baseline(&trials, arch, &err), &err);
	ref[0] = trials.ref[0];
	ref[1] = trials.ref[1];
	fl_trials_free(&trials);
	fl_objective_free(&y);
	fl_objective_free(&x);
	fl_table_free(t);
}

static void
a_baseline_that_is_beaten_is_the_reference(void)
{
	double ref[2];

	baseline(HEAD FAST GOOD "d64-f128-fs\t3\t4\n", "d64-f128-fs", NULL, ref);
	CHECK_NEAR(ref[0], 3, 0);
	CHECK_NEAR(ref[1], log(4), 1e-15);
}

/* A tenth of the frontier's range beyond its worst: losses of 2 and 4, the logarithms of 1 and 3 seconds. */
static void
one_that_is_not_is_relaxed_by_the_frontier_alone(void)
{
	double ref[2];

	baseline(HEAD FAST GOOD, "d64-f128-ff", NULL, ref);
	CHECK_NEAR(ref[0], 4.2, 1e-12);
	CHECK_NEAR(ref[1], 1.1 * log(3), 1e-12);
	baseline(HEAD FAST GOOD "d64-f128-sss\t90\t900\n", "d64-f128-ff", NULL, ref);
	CHECK_NEAR(ref[0], 4.2, 1e-12);
	CHECK_NEAR(ref[1], 1.1 * log(3), 1e-12);
}

static void
a_tighter_limit_stays(void)
{
	double ref[2];

	baseline(HEAD FAST GOOD, "d64-f128-ff", "ttft_8_s=2", ref);
	CHECK_NEAR(ref[0], 4.2, 1e-12);
	CHECK_NEAR(ref[1], log(2), 1e-15);
	baseline(HEAD FAST GOOD, "d64-f128-ff", "loss_nats=5", ref);
	CHECK_NEAR(ref[0], 4.2, 1e-12);
	CHECK_NEAR(ref[1], 1.1 * log(3), 1e-12);
}

static void
trials_are_measured_pending_or_left_out(void)
{
	const char *text = HEAD GOOD FAST "d64-f128-fs\t3\tnan\n" "d64-f128-sf\t3\t\n";
	struct fl_table *t = test_good_table(text, NULL), *bad;
	struct fl_objective y, x;
	struct fl_trials trials;
	char arch[FL_ARCH_LEN];

	CHECK_OK(fl_objective_choose(t, NULL, &y, &x, &err), &err);
	CHECK_OK(fl_trials_collect(t, t->rows, &y, &x, NULL, &trials, &err), &err);
	CHECK(trials.n == 3 && trials.done == 2);
	CHECK_STR(fl_arch_format(&trials.arch[2], arch), "d64-f128-sf");
	CHECK_NEAR(trials.y[1][0], log(3), 1e-15);
	CHECK(isnan(trials.y[0][2]) && isnan(trials.y[1][2]));
	CHECK(fl_trials_set_baseline(&trials, "d64-f128-sf", &err) < 0 && err.code == FL_EXIT_USAGE);
	err = (struct fl_err){ 0 };
	fl_trials_free(&trials);
	fl_objective_free(&y);
	fl_objective_free(&x);
	fl_table_free(t);

	bad = test_good_table(HEAD "d64-f128-ff\t2\t0\n", NULL);
	CHECK_OK(fl_objective_choose(bad, NULL, &y, &x, &err), &err);
	CHECK(fl_trials_collect(bad, bad->rows, &y, &x, NULL, &trials, &err) < 0 && err.code == FL_EXIT_DATA);
	err = (struct fl_err){ 0 };
	fl_objective_free(&y);
	fl_objective_free(&x);
	fl_table_free(bad);
}

int
main(void)
{
	TEST(a_baseline_that_is_beaten_is_the_reference);
	TEST(one_that_is_not_is_relaxed_by_the_frontier_alone);
	TEST(a_tighter_limit_stays);
	TEST(trials_are_measured_pending_or_left_out);
	return test_done();
}
