/* SPDX-License-Identifier: Apache-2.0 */
/* Expected hypervolume improvement against what BoTorch computes for the same front. */
#include "search/ehvi.h"

#include "../bench/problems.h"
#include "search/hypervolume.h"
#include "test.h"

/* BoTorch maximises: (1,5), (2,3), (4,1), (.5,.5) with reference (0,0), all negated. */
static const double a[] = { -1, -2, -4, -.5 }, b[] = { -5, -3, -1, -.5 };

static void
the_staircase_is_the_front(void)
{
	struct fl_steps s = fl_steps_new(a, b, 4, 0, 0);

	CHECK(s.n == 3);
	CHECK_NEAR(s.a[0], -4, 0);
	CHECK_NEAR(s.b[2], -5, 0);
	CHECK_NEAR(fl_hypervolume(a, b, 4, 0, 0), 10, 0);
	CHECK_NEAR(fl_steps_gain(&s, -3, -3), 2, 1e-15);
	CHECK_NEAR(fl_steps_gain(&s, -2, -3), 0, 0);
	CHECK_NEAR(fl_steps_gain(&s, -1.5, -2.5), 0, 0);
	CHECK_NEAR(fl_steps_gain(&s, 1, 1), 0, 0);
	fl_steps_free(&s);
}

static void
the_expectation_is_botorchs(void)
{
	static const struct {
		double mean[2], sd[2], gain;
	} t[] = {
		{ { 3, 3 }, { 1, 1 }, 2.6359823259278437 },
		{ { 1, 1 }, { .5, .5 }, 8.475225983150e-4 },
		{ { 2.5, 2.5 }, { .3, .1 }, 0.7589219696049894 },
		{ { 5, 6 }, { 1e-4, 1e-4 }, 20 },
		{ { -2, 1 }, { 1, 2 }, 2.0588384176e-4 },
	};
	struct fl_steps s = fl_steps_new(a, b, 4, 0, 0);

	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		double gain = fl_ehvi(&s, -t[i].mean[0], t[i].sd[0], -t[i].mean[1], t[i].sd[1]);

		CHECK_NEAR(gain, t[i].gain, 1e-10 * t[i].gain);
		CHECK_NEAR(fl_ehvi_log(&s, -t[i].mean[0], t[i].sd[0], -t[i].mean[1], t[i].sd[1]),
		    log(t[i].gain), 1e-10);
	}
	fl_steps_free(&s);
}

static void
the_logarithm_goes_on_where_numbers_end(void)
{
	static const double t[][2] = { { -.5, -1.62051626 }, { -1.5, -3.52993592 }, { -5, -16.74430116 },
		{ -10, -55.55312204 }, { -40, -808.29856836 }, { -1e3, -500014.734452 } };
	struct fl_steps s = fl_steps_new(a, b, 4, 0, 0);
	double last = INFINITY;

	for (size_t i = 0; i < sizeof t / sizeof *t; i++)
		CHECK_NEAR(fl_ehvi_log_h(t[i][0]), t[i][1], 1e-8 * fabs(t[i][1]));
	for (double x = 0; x < 50; x++) {
		double gain = fl_ehvi_log(&s, x, .1, x, .1);

		CHECK(isfinite(gain) && gain < last);
		last = gain;
	}
	fl_steps_free(&s);
}

/* BoTorch's log EHVI of a certain point, smoothed so that it has a slope everywhere, over our cells. */
static double
fat_softplus_log(double x)
{
	double t = x / 1e-6;

	return log(1e-6 * ((t > 32 ? t : log1p(exp(t))) + .1 / (1 + t * t)));
}

static double
smooth_min(double x, double y, double tau)
{
	double most = fmax(-x, -y), sum = 0;

	for (int i = 0; i < 2; i++) {
		double z = (most + (i ? y : x)) / tau;

		sum += 2 / (2 + 2 * z + z * z);
	}
	return -(most + tau * log(sum));
}

static void
the_cells_give_botorchs_smoothed_logarithm(void)
{
	static const double t[][3] = { { 3, 3, 0.6931435295857704 }, { 2, 3, -12.950949909823176 },
		{ 1.5, 2.5, -41.602017741632096 }, { -1, -1, -89.69483330754504 } };
	struct fl_steps s = fl_steps_new(a, b, 4, 0, 0);

	CHECK_NEAR(fat_softplus_log(-1), -43.749116766887866, 1e-9);
	CHECK_NEAR(fat_softplus_log(-1e-3), -29.933607208922094, 1e-9);
	CHECK_NEAR(fat_softplus_log(0), -14.047257032835773, 1e-9);
	CHECK_NEAR(fat_softplus_log(1e-6), -13.505630429901199, 1e-9);
	CHECK_NEAR(fat_softplus_log(1), 0, 1e-9);
	CHECK_NEAR(smooth_min(-1, 2, 1e-2), -1.0000002207432426, 1e-12);
	CHECK_NEAR(smooth_min(.3, .3, 1e-2), 0.29306852819440055, 1e-12);
	for (int i = 0; i < 4; i++) {
		double y1 = t[i][0], y2 = t[i][1], sum = 0;

		for (size_t k = 0; k <= s.n; k++) { /* ours, negated: from -right to -left, above -top */
			double l1 = k < s.n ? -s.a[k] : 0, u1 = k ? -s.a[k - 1] : 1e10, l2 = k ? -s.b[k - 1] : 0;

			sum += exp(smooth_min(fat_softplus_log(y1 - l1), log(u1 - l1), 1e-2) +
			    smooth_min(fat_softplus_log(y2 - l2), log(1e10 - l2), 1e-2));
		}
		CHECK_NEAR(log(sum), t[i][2], 1e-6);
	}
	fl_steps_free(&s);
}

static void
the_test_problems_have_botorchs_values(void)
{
	static const double x[] = { .1, .2, .3, .4, .5, .6 }, bc[] = { .3, .7 };
	double y[2], front[2][1001];

	branin_currin(bc, 2, y);
	CHECK_NEAR(y[0], 31.90971034805942, 1e-12);
	CHECK_NEAR(y[1], 6.821175530419642, 1e-12);
	zdt1(x, 5, y);
	CHECK_NEAR(y[1], 3.505795063663744, 1e-12);
	zdt2(x, 5, y);
	CHECK_NEAR(y[1], 4.147590361445784, 1e-12);
	dtlz2(x, 6, y);
	CHECK_NEAR(y[0], 1.1358415916844085, 1e-12);
	CHECK_NEAR(y[1], 0.17989963479626547, 1e-12);
	for (int p = 1; p < 4; p++) {
		double at[6] = { 0 };

		for (int i = 1; i < 6; i++)
			at[i] = p == 3 ? .5 : 0;
		for (int i = 0; i <= 1000; i++) {
			at[0] = i / 1000.;
			problems[p].f(at, 6, y);
			front[0][i] = y[0];
			front[1][i] = y[1];
		}
		CHECK_NEAR(fl_hypervolume(front[0], front[1], 1001, problems[p].ref[0], problems[p].ref[1]),
		    problems[p].most, 2e-3);
	}
}

int
main(void)
{
	TEST(the_staircase_is_the_front);
	TEST(the_expectation_is_botorchs);
	TEST(the_logarithm_goes_on_where_numbers_end);
	TEST(the_cells_give_botorchs_smoothed_logarithm);
	TEST(the_test_problems_have_botorchs_values);
	return test_done();
}
