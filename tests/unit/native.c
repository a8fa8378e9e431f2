/* SPDX-License-Identifier: Apache-2.0 */
/* What a measurement holds together: repeats, their median and deviation, and where the time went. What the clock
 * said is anybody's guess. */
#include "test.h"

#include "measure/native.h"

static struct fl_err err;

static struct fl_model *
open_model(void)
{
	struct fl_model *m = fl_model_open("tests/data/calibrate/model", &err);

	if (!m) {
		printf("Bail out! %s\n", err.text);
		exit(1);
	}
	return m;
}

static void
check_repeats(const struct fl_repeats *r, int n)
{
	double mean = 0, squares = 0;

	CHECK(r->n == n && r->each[0] > 0);
	for (int i = 0; i < n; i++) {
		CHECK(i == 0 || r->each[i - 1] <= r->each[i]);
		mean += r->each[i] / n;
	}
	for (int i = 0; i < n; i++)
		squares += (r->each[i] - mean) * (r->each[i] - mean);
	CHECK_NEAR(r->median, (r->each[(n - 1) / 2] + r->each[n / 2]) / 2, 0);
	CHECK_NEAR(r->sd, n > 1 ? sqrt(squares / (n - 1)) : 0, 1e-9 * mean);
}

/* Depths that the length before has filled, that it has passed, and that lie beyond it. */
static void
every_length_has_its_repeats(void)
{
	struct fl_model *m = open_model();
	int prompts[] = { 9, 4 }, depths[] = { 0, 4, 5, 20 };

	for (int repeat = 1; repeat <= 4; repeat++)
		for (int ring = 0; ring < 2; ring++) {
			struct fl_measure_opts o = { prompts, depths, 2, 4, .tokens = 3, .chunk = 4, .repeat = repeat,
				.cache = { ring ? FL_KV_INT8 : FL_KV_F32, ring }, .warmup = ring };
			struct fl_measured x;

			CHECK_OK(fl_measure_native(m, &o, &x, &err), &err);
			for (int i = 0; i < 2; i++)
				check_repeats(&x.ttft[i], repeat);
			for (int i = 0; i < 4; i++)
				check_repeats(&x.decode[i], repeat);
			CHECK(x.cache_bytes > 0 && x.peak_bytes > x.cache_bytes);
			fl_measured_free(&x, &o);
		}
	fl_model_free(m);
}

static double
sum(const struct fl_trace *t)
{
	double all = 0;

	for (int i = 0; i < FL_WORKS; i++)
		all += t->seconds[i];
	return all;
}

/* The trace and the measurement read the clock one after the other. */
static void
a_trace_holds_all_the_time_and_nothing_else(void)
{
	struct fl_model *m = open_model();
	int prompts[] = { 9, 4 }, depths[] = { 4 };
	struct fl_measure_opts o = { prompts, depths, 2, 1, .tokens = 3, .chunk = 4, .repeat = 3, .warmup = 1 };
	struct fl_measured x;
	double all = 0;

	CHECK_OK(fl_measure_native(m, &o, &x, &err), &err);
	CHECK(sum(&x.ttft[0].trace) == 0 && sum(&x.decode[0].trace) == 0);
	fl_measured_free(&x, &o);
	o.trace = true;
	CHECK_OK(fl_measure_native(m, &o, &x, &err), &err);
	for (int i = 0; i < 3; i++)
		all += x.ttft[1].each[i];
	CHECK(sum(&x.ttft[1].trace) >= all * 0.999);
	CHECK(x.ttft[1].trace.seconds[FL_WORK_GEMM] > 0 && x.ttft[1].trace.seconds[FL_WORK_ATTENTION] > 0);
	CHECK(x.decode[0].trace.seconds[FL_WORK_HEAD] > 0);
	fl_measured_free(&x, &o);
	fl_model_free(m);
}

static void
a_token_that_is_no_number_ends_it(void)
{
	struct fl_model *m = open_model();
	int prompts[] = { 9 };
	struct fl_measure_opts o = { prompts, NULL, 1, 0, .tokens = 3, .chunk = 4, .repeat = 3 };
	struct fl_measured x;
	struct fl_err why = { 0 };

	m->final_norm[0] = (float)NAN;
	CHECK(fl_measure_native(m, &o, &x, &why) == -1 && why.code == FL_EXIT_DATA);
	fl_measured_free(&x, &o);
	fl_model_free(m);
}

int
main(void)
{
	TEST(every_length_has_its_repeats);
	TEST(a_trace_holds_all_the_time_and_nothing_else);
	TEST(a_token_that_is_no_number_ends_it);
	return test_done();
}
