/* SPDX-License-Identifier: Apache-2.0 */
#include "search/gp.h"

#include "base/rng.h"
#include "search/normal.h"
#include "test.h"

static const int own_scales[] = { 0, 1 };
static const bool linear[] = { true, true }, curved[] = { false, false };
static const struct fl_gp_form form = { 2, own_scales, 2, linear, -1 };

enum { N = 40 };
static double x[N][2], y[N];

static double
wave(const double *p)
{
	return 3 + 2 * p[0] - p[1] + .5 * sin(6 * p[0]);
}

static void
sample(double noise)
{
	double z[N];

	fl_normal_points(z, 1, N, 3);
	for (struct { int i; struct fl_rng r; } s = { 0, fl_rng_new(1, 2) }; s.i < N; s.i++) {
		x[s.i][0] = fl_rng_unit(&s.r);
		x[s.i][1] = fl_rng_unit(&s.r);
		y[s.i] = wave(x[s.i]) + noise * z[s.i];
	}
}

static void
a_smooth_function_is_learnt(void)
{
	struct fl_gp *g;
	double at[][2] = { { .3, .4 }, { .5, .9 }, { .8, .2 } }, mean[3], sd[3];

	sample(0);
	g = fl_gp_fit(&form, *x, y, NULL, N);
	fl_gp_predict(g, *at, 3, mean, sd);
	for (int i = 0; i < 3; i++) {
		CHECK_NEAR(mean[i], wave(at[i]), .02);
		CHECK_NEAR(mean[i], wave(at[i]), 4 * sd[i] + 1e-3);
	}
	fl_gp_free(g);
}

static void
noise_is_told_from_signal(void)
{
	struct fl_gp *g;

	sample(.1);
	g = fl_gp_fit(&form, *x, y, NULL, N);
	CHECK_NEAR(fl_gp_noise(g), .1, .04);
	fl_gp_free(g);
}

/* Leaving an observation out by the formula is fitting without it, hyperparameters apart: here with
 * enough points that they hardly move. */
static void
leaving_one_out_is_predicting_it_from_the_others(void)
{
	double mean[N], sd[N], inside = 0, m, s;
	struct fl_gp *g;

	sample(.1);
	g = fl_gp_fit(&form, *x, y, NULL, N);
	fl_gp_leave_one_out(g, mean, sd);
	for (int i = 0; i < N; i++)
		inside += fabs(y[i] - mean[i]) < 2 * sd[i];
	CHECK(inside >= .85 * N);
	fl_gp_free(g);
	g = fl_gp_fit(&form, *x, y, NULL, N - 1);
	fl_gp_predict(g, x[N - 1], 1, &m, &s);
	CHECK_NEAR(m, mean[N - 1], .05);
	CHECK_NEAR(hypot(s, fl_gp_noise(g)), sd[N - 1], .03);
	fl_gp_free(g);
}

static void
what_is_known_to_be_noisy_counts_less(void)
{
	double noise[N] = { 0 }, at[] = { x[0][0], x[0][1] }, m[2], s;
	struct fl_gp *g;

	sample(0);
	y[0] += 5;
	for (int i = 0; i < 2; i++) {
		noise[0] = i ? 5 : 0;
		g = fl_gp_fit(&form, *x, y, noise, N);
		fl_gp_predict(g, at, 1, &m[i], &s);
		fl_gp_free(g);
	}
	CHECK_NEAR(m[1], wave(at), .2);
	CHECK(m[0] > m[1] + .2);
}

static void
a_prior_mean_is_kept_far_from_the_observations(void)
{
	static const int none_of_the_mean[] = { 0, -1 };
	struct fl_gp_form f = { 2, none_of_the_mean, 1, curved, 1 };
	double points[N][2], far[] = { 40, 7 }, m, s;
	struct fl_gp *g;

	for (int i = 0; i < N; i++) {
		points[i][0] = i / (double)N;
		points[i][1] = 5 + points[i][0];
		y[i] = points[i][1] + .1 * sin(9 * points[i][0]);
	}
	g = fl_gp_fit(&f, *points, y, NULL, N);
	fl_gp_predict(g, far, 1, &m, &s);
	CHECK_NEAR(m, 7, .2);
	fl_gp_free(g);
}

/* Mean and spread of many draws are the posterior's, at the points and beside them. */
static void
draws_follow_the_posterior(void)
{
	enum { DRAWS = 4096, M = 3 };
	static double normal[DRAWS * M], mean[DRAWS];
	double at[][2] = { { 1.4, .1 }, { .2, 1.5 }, { -.6, .5 } }, beside[] = { 1.2, .3 };
	double m[M], s[M], sum = 0, sum_sq = 0, sd;
	struct fl_gp_draws *d;
	struct fl_gp *g;

	sample(.1);
	g = fl_gp_fit(&form, *x, y, NULL, N);
	fl_normal_points(normal, DRAWS, M, 1);
	d = fl_gp_draws_new(g, *at, M, normal, DRAWS);
	fl_gp_predict(g, *at, M, m, s);
	for (int i = 0; i < M; i++) {
		sum = sum_sq = 0;
		for (int t = 0; t < DRAWS; t++) {
			sum += d->value[t * M + i] / DRAWS;
			sum_sq += d->value[t * M + i] * d->value[t * M + i] / DRAWS;
		}
		CHECK_NEAR(sum, m[i], .02 * s[i]);
		CHECK_NEAR(sqrt(sum_sq - sum * sum), s[i], .03 * s[i]);
	}
	fl_gp_draws_predict(d, beside, 1, mean, &sd);
	fl_gp_predict(g, beside, 1, m, s);
	for (int t = sum = sum_sq = 0; t < DRAWS; t++) {
		sum += mean[t] / DRAWS;
		sum_sq += mean[t] * mean[t] / DRAWS;
	}
	CHECK_NEAR(sum, m[0], .03 * s[0]);
	CHECK_NEAR(sqrt(sd * sd + sum_sq - sum * sum), s[0], .03 * s[0]);
	CHECK(sd < s[0]);
	fl_gp_draws_free(d);
	fl_gp_free(g);
}

static void
few_and_equal_observations_are_no_accident(void)
{
	double same[4][2] = { { .5, .5 }, { .5, .5 }, { .5, .5 }, { .5, .5 } }, value[4] = { 1, 1, 1, 1 }, m, s;
	struct fl_gp *g = fl_gp_fit(&form, *same, value, NULL, 4);

	fl_gp_predict(g, same[0], 1, &m, &s);
	CHECK_NEAR(m, 1, 1e-9);
	fl_gp_free(g);
	g = fl_gp_fit(&form, *same, value, NULL, 1);
	fl_gp_predict(g, same[0], 1, &m, &s);
	CHECK(isfinite(m) && s >= 0);
	fl_gp_free(g);
}

static void
quantiles_are_those_of_the_normal_distribution(void)
{
	CHECK_NEAR(fl_normal_quantile(.5), 0, 1e-12);
	CHECK_NEAR(fl_normal_quantile(.975), 1.959963984540054, 1e-9);
	CHECK_NEAR(fl_normal_quantile(1e-10), -6.361340902404056, 1e-8);
}

/* scipy.special.log_ndtr */
static void
logarithms_of_probabilities_reach_beyond_them(void)
{
	CHECK_NEAR(fl_normal_log_below(1), -0.17275377902344988, 1e-15);
	CHECK_NEAR(fl_normal_log_below(-30), -454.32124395634324, 1e-9);
	CHECK_NEAR(fl_normal_log_below(-40), -804.60844201375379, 1e-2);
}

int
main(void)
{
	TEST(a_smooth_function_is_learnt);
	TEST(noise_is_told_from_signal);
	TEST(leaving_one_out_is_predicting_it_from_the_others);
	TEST(what_is_known_to_be_noisy_counts_less);
	TEST(a_prior_mean_is_kept_far_from_the_observations);
	TEST(draws_follow_the_posterior);
	TEST(few_and_equal_observations_are_no_accident);
	TEST(quantiles_are_those_of_the_normal_distribution);
	TEST(logarithms_of_probabilities_reach_beyond_them);
	return test_done();
}
