/* SPDX-License-Identifier: Apache-2.0 */
#include "search/surrogate.h"

#include "base/rng.h"
#include "test.h"

enum { N = 48 };
static struct fl_arch arch[N];
static double y[N];

/* Layers from 2 to 9, all kinds of attention. */
static struct fl_arch
draw(struct fl_rng *r)
{
	struct fl_arch a = { 64 * (1 + (int)fl_rng_below(r, 8)), 128 * (1 + (int)fl_rng_below(r, 8)),
		2 + (int)fl_rng_below(r, 8), "" };

	for (int i = 0; i < a.layers; i++)
		a.pattern[i] = "fws"[fl_rng_below(r, 3)];
	return a;
}

static int
count(const struct fl_arch *a, char letter)
{
	int n = 0;

	for (int i = 0; i < a->layers; i++)
		n += a->pattern[i] == letter;
	return n;
}

/* Seconds on a machine that knows only sums. */
static double
seconds(const struct fl_arch *a)
{
	double attention = count(a, 'f') + count(a, 'w');

	return .01 + 1e-7 * a->layers * a->width * a->ffn + 2e-5 * attention * a->width + .004 * count(a, 'f');
}

static void
sample(double (*value)(const struct fl_arch *))
{
	struct fl_rng r = fl_rng_new(1, 2);

	for (int i = 0; i < N; i++) {
		arch[i] = draw(&r);
		y[i] = value(&arch[i]);
	}
}

static double
log_seconds(const struct fl_arch *a)
{
	return log(seconds(a));
}

/* Also three times as deep and twice as wide as any row. */
static void
a_sum_of_costs_is_found_and_holds_beyond_the_rows(void)
{
	struct fl_arch deep = { 1024, 2048, 24, "fwsfwsfwsfwsfwsfwsfwsfws" };
	struct fl_rng r = fl_rng_new(8, 9);
	struct fl_surrogate *s;
	double mean, sd;

	sample(log_seconds);
	s = fl_surrogate_fit(arch, y, NULL, N, true);
	for (int i = 0; i < 20; i++) {
		struct fl_arch a = draw(&r);

		fl_surrogate_predict(s, &a, &mean, &sd);
		CHECK_NEAR(mean, log_seconds(&a), .02);
		CHECK(sd > 0 && sd < .1);
	}
	fl_surrogate_predict(s, &deep, &mean, &sd);
	CHECK_NEAR(mean, log_seconds(&deep), .1);
	fl_surrogate_free(s);
}

static double
loss(const struct fl_arch *a)
{
	return 5 - .3 * log(a->layers * a->width * a->ffn) + .02 * count(a, 's');
}

static void
a_quality_is_learnt_as_it_stands(void)
{
	struct fl_rng r = fl_rng_new(8, 9);
	struct fl_surrogate *s;
	double mean, sd;

	sample(loss);
	s = fl_surrogate_fit(arch, y, NULL, N, false);
	for (int i = 0; i < 20; i++) {
		struct fl_arch a = draw(&r);

		fl_surrogate_predict(s, &a, &mean, &sd);
		CHECK_NEAR(mean, loss(&a), .03);
		CHECK_NEAR(mean, loss(&a), 4 * sd);
	}
	fl_surrogate_free(s);
}

/* A row that is off by half counts for less where its repeats say that it may be. */
static void
noise_that_is_known_is_heeded(void)
{
	struct fl_surrogate *plain, *told;
	double noise[N] = { 0 }, off[2], sd;

	sample(log_seconds);
	y[3] += .5;
	noise[3] = .5;
	plain = fl_surrogate_fit(arch, y, NULL, N, true);
	told = fl_surrogate_fit(arch, y, noise, N, true);
	fl_surrogate_predict(plain, &arch[3], &off[0], &sd);
	fl_surrogate_predict(told, &arch[3], &off[1], &sd);
	for (int i = 0; i < 2; i++)
		off[i] = fabs(off[i] - log_seconds(&arch[3]));
	CHECK(off[1] < .02);
	CHECK(off[0] > off[1]);
	fl_surrogate_free(plain);
	fl_surrogate_free(told);
}

/* Patterns at sixteen places along the depth, of length 1 together; the rest within the rows' ranges. */
static void
features_say_where_layers_attend(void)
{
	struct fl_arch a = { 64, 128, 2, "fs" };
	const void *const points[] = { &arch[0], &a };
	struct fl_surrogate *s;
	double x[FL_SURROGATE_DIMS], *all;

	sample(log_seconds);
	s = fl_surrogate_fit(arch, y, NULL, N, true);
	fl_surrogate_features(s, &a, x);
	for (int i = 0; i < 16; i++) {
		CHECK(x[8 + i] == (i < 8 ? .25 : 0));
		CHECK(x[24 + i] == (i < 8 ? 0 : .25));
	}
	all = fl_surrogate_points(s, points, 2);
	CHECK(memcmp(all + FL_SURROGATE_DIMS, x, sizeof x) == 0);
	for (int k = 0; k < 8; k++)
		CHECK(all[k] >= 0 && all[k] <= 1);
	CHECK(fl_gp_dims(fl_surrogate_gp(s)) == FL_SURROGATE_DIMS);
	free(all);
	fl_surrogate_free(s);
}

int
main(void)
{
	TEST(a_sum_of_costs_is_found_and_holds_beyond_the_rows);
	TEST(a_quality_is_learnt_as_it_stands);
	TEST(noise_that_is_known_is_heeded);
	TEST(features_say_where_layers_attend);
	return test_done();
}
