/* SPDX-License-Identifier: Apache-2.0 */
#include "search/crossval.h"

#include "base/rng.h"
#include "test.h"

enum { N = 30 };
static struct fl_arch arch[N];
static double x[N], seconds[N], log_s[N], noise[N];

/* Times that are linear in the shape, or nearly. */
static void
sample(double off)
{
	struct fl_rng r = fl_rng_new(1, 2);

	for (int i = 0; i < N; i++) {
		int full = 0;
		struct fl_arch a = { 64 * (1 + (int)fl_rng_below(&r, 4)), 128, 2 + (int)fl_rng_below(&r, 5), "" };

		for (int k = 0; k < a.layers; k++) {
			a.pattern[k] = "fs"[fl_rng_below(&r, 2)];
			full += a.pattern[k] == 'f';
		}
		arch[i] = a;
		x[i] = a.layers;
		seconds[i] = 1 + .5 * a.layers + .002 * a.width + .2 * full + off * (fl_rng_unit(&r) - .5);
		log_s[i] = log(seconds[i]);
	}
}

static void
predictions_are_judged(void)
{
	const double truth[] = { log(1), log(2), log(4), log(8) };
	struct fl_score s = fl_crossval_judge((double[]){ 1, 2, 4, 8 }, truth, 4);

	CHECK_NEAR(s.r2, 1, 1e-12);
	CHECK_NEAR(s.mape, 0, 1e-12);
	CHECK(s.within_5 == 100 && s.within_10 == 100 && s.tau == 1 && s.rho == 1 && isnan(s.cover_95));
	/* Errors of 0, 8, 50 and 50 %; the second half in the wrong order. */
	s = fl_crossval_judge((double[]){ 1, 2.16, 6, 4 }, truth, 4);
	CHECK_NEAR(s.mape, 27, 1e-9);
	CHECK_NEAR(s.within_5, 25, 1e-12);
	CHECK_NEAR(s.within_10, 50, 1e-12);
	CHECK_NEAR(s.tau, 4. / 6, 1e-12);
	CHECK_NEAR(s.rho, .8, 1e-12);
	CHECK_NEAR(s.r2, 1 - (.16 * .16 + 4 + 16) / (7.5625 + 3.0625 + .0625 + 18.0625), 1e-9);
}

/* Leaving one out needs no refitting: the residual grows by 1 / (1 - leverage). */
static void
leaving_one_out_is_what_leverages_say(void)
{
	double mean_x = 0, mean_y = 0, xx = 0, xy = 0, mape = 0;

	sample(1);
	for (int i = 0; i < N; i++) {
		mean_x += x[i] / N;
		mean_y += seconds[i] / N;
	}
	for (int i = 0; i < N; i++) {
		xx += (x[i] - mean_x) * (x[i] - mean_x);
		xy += (x[i] - mean_x) * (seconds[i] - mean_y);
	}
	for (int i = 0; i < N; i++) {
		double d = x[i] - mean_x, residual = seconds[i] - mean_y - xy / xx * d;

		mape += fabs(residual / (1 - 1. / N - d * d / xx)) / seconds[i] * 100 / N;
	}
	CHECK_NEAR(fl_crossval_linear(x, 1, log_s, N, N).mape, mape, 1e-6);
}

static void
what_is_linear_in_the_shape_is_predicted(void)
{
	sample(0);
	CHECK_NEAR(fl_crossval_shape(arch, log_s, N, 5).mape, 0, 1e-4);
	CHECK(fl_crossval_linear(x, 1, log_s, N, 5).mape > 1);
}

static void
the_surrogate_is_good_at_sums_and_knows_how_good(void)
{
	struct fl_score s;

	sample(0);
	s = fl_crossval_surrogate(arch, log_s, noise, N, 5);
	CHECK(s.mape < 2 && s.r2 > .98 && s.tau > .9);
	CHECK(s.cover_95 >= 80);
}

int
main(void)
{
	TEST(predictions_are_judged);
	TEST(leaving_one_out_is_what_leverages_say);
	TEST(what_is_linear_in_the_shape_is_predicted);
	TEST(the_surrogate_is_good_at_sums_and_knows_how_good);
	return test_done();
}
