/* SPDX-License-Identifier: Apache-2.0 */
/* A space of 24 architectures, of which all can be looked at. */
#include "search/suggest.h"

#include "test.h"

enum { ALL = 24 };
static struct fl_space space;
static struct fl_arch arch[ALL];
static struct fl_err err;

static double
log_time(const struct fl_arch *a)
{
	return log(a->layers * 1e-2 + a->layers * a->ffn * 1e-3 + (a->pattern[0] == 'f') * .02);
}

static double
quality(const struct fl_arch *a)
{
	return 4 - .5 * a->layers - .01 * a->ffn - .1 * (a->pattern[1] == 'f');
}

static void
an_even_spread_has_all_of_a_space(void)
{
	struct fl_archset known = { 0 };
	struct fl_arch a;

	CHECK(fl_suggest_sobol(&space, 1, 9, &known) == 9);
	CHECK(fl_suggest_sobol(&space, 1, ALL, &known) == ALL - 9);
	CHECK(known.n == ALL);
	for (size_t i = 0; i < known.n; i++) {
		CHECK_OK(fl_arch_parse(known.name[i], &a, &err), &err);
		CHECK(fl_space_has(&space, &a));
	}
	CHECK(fl_suggest_sobol(&space, 1, 1, &known) == 0);
	fl_archset_free(&known);
}

/* Of a model that has seen the first six, what is least known is looked for among all. */
static void
what_is_least_known_is_refined(void)
{
	struct fl_archset known = { 0 };
	struct fl_surrogate *model;
	double y[6], sd[3], most = 0;
	char text[FL_ARCH_LEN];

	for (int i = 0; i < 6; i++) {
		y[i] = log_time(&arch[i]);
		fl_archset_add(&known, fl_arch_format(&arch[i], text));
	}
	model = fl_surrogate_fit(arch, y, NULL, 6, true);
	for (int i = 6; i < ALL; i++) {
		double x[FL_SURROGATE_DIMS], mean, s;

		fl_surrogate_features(model, &arch[i], x);
		fl_gp_predict(fl_surrogate_gp(model), x, 1, &mean, &s);
		most = fmax(most, s);
	}
	CHECK(fl_suggest_refine(&space, model, NULL, 0, 5, 3, &known, sd) == 3);
	CHECK(known.n == 9);
	CHECK_NEAR(sd[0], most, 1e-6 * most);
	CHECK(sd[0] >= sd[1] && sd[1] >= sd[2] && sd[2] > 0);
	fl_surrogate_free(model);
	fl_archset_free(&known);
}

/* Ten trials, one of them pending. Nothing known is suggested, and the models say what they expect. */
static void
what_raises_the_hypervolume_is_suggested(void)
{
	struct fl_archset known = { 0 };
	struct fl_bounds none = { 0 };
	struct fl_suggestion why[4];
	double y[2][10], noise[2][10] = { 0 };
	struct fl_trials t = { 10, 9, arch, { y[0], y[1] }, { noise[0], noise[1] }, { 4, 0 }, { NAN, NAN }, NULL };
	struct fl_surrogate *model[2];
	struct fl_arch a;
	char text[FL_ARCH_LEN];

	for (int i = 0; i < 10; i++) {
		y[0][i] = quality(&arch[i]);
		y[1][i] = log_time(&arch[i]);
		fl_archset_add(&known, fl_arch_format(&arch[i], text));
	}
	for (int j = 0; j < 2; j++)
		model[j] = fl_surrogate_fit(arch, y[j], noise[j], 9, j == 1);
	y[0][9] = y[1][9] = NAN;
	CHECK(fl_suggest_nehvi(&space, &t, &none, 1, 4, &known, why) == 4);
	CHECK(known.n == 14);
	for (size_t i = 0; i < 4; i++) {
		CHECK_OK(fl_arch_parse(known.name[10 + i], &a, &err), &err);
		CHECK(fl_space_has(&space, &a) && isfinite(why[i].gain));
		for (int j = 0; j < 2; j++) {
			double mean, sd;

			fl_surrogate_predict(model[j], &a, &mean, &sd);
			CHECK_NEAR(why[i].mean[j], mean, 1e-9);
			CHECK_NEAR(why[i].sd[j], sd, 1e-9);
		}
	}
	fl_surrogate_free(model[0]);
	fl_surrogate_free(model[1]);
	fl_archset_free(&known);
}

int
main(void)
{
	if (fl_space_parse(&space, "layers 2..3\nwidth 64\nffn 32..64/32\nletters f s\n", "small", &err) < 0 ||
	    fl_space_count(&space) != ALL)
		return 1;
	for (uint64_t i = 0; i < ALL; i++)
		fl_space_nth(&space, i, &arch[i]);
	TEST(an_even_spread_has_all_of_a_space);
	TEST(what_is_least_known_is_refined);
	TEST(what_raises_the_hypervolume_is_suggested);
	fl_space_free(&space);
	return test_done();
}
