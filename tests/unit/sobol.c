/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "search/sobol.h"

/* Point `index` (from 0) of the unscrambled sequence in all dimensions. */
static void
plain_point(int index, double *x)
{
	struct fl_sobol *s = fl_sobol_new(FL_SOBOL_DIMS, false, 0);

	for (int i = 0; i <= index; i++)
		fl_sobol_next(s, x);
	fl_sobol_free(s);
}

static void
the_first_points_are_the_published_ones(void)
{
	static const double golden[6][5] = { { 0, 0, 0, 0, 0 }, { .5, .5, .5, .5, .5 },
		{ .75, .25, .25, .25, .75 }, { .25, .75, .75, .75, .25 },
		{ .375, .375, .625, .875, .375 }, { .875, .875, .125, .375, .875 } };
	struct fl_sobol *s = fl_sobol_new(5, false, 0);
	double x[5];

	for (int i = 0; i < 6; i++) {
		fl_sobol_next(s, x);
		for (int d = 0; d < 5; d++)
			CHECK(x[d] == golden[i][d]);
	}
	fl_sobol_free(s);
}

/* scipy.stats.qmc.Sobol(640, scramble=False, bits=32).random(2000), times 2^32. */
static void
high_dimensions_agree_with_scipy(void)
{
	static const int dim[8] = { 0, 1, 2, 4, 17, 255, 514, 639 };
	static const uint32_t p1000[8] = { 943718400, 415236096, 2227175424, 1203765248, 1480589312,
		1069547520, 2780823552, 884998144 };
	static const uint32_t p1999[8] = { 337641472, 2627731456, 576716800, 3445620736, 1189085184,
		652214272, 2631925760, 3315597312 };
	double x[FL_SOBOL_DIMS];

	plain_point(1000, x);
	for (int k = 0; k < 8; k++)
		CHECK(x[dim[k]] * 0x1p32 == p1000[k]);
	plain_point(1999, x);
	for (int k = 0; k < 8; k++)
		CHECK(x[dim[k]] * 0x1p32 == p1999[k]);
}

/* What scrambling must keep: each of 2^m intervals of every axis holds one of the first 2^m points,
 * and in dimensions 1 and 2, a (0,2)-sequence, so does each cell of every 2^a by 2^(m-a) grid. */
static void
scrambled_points_are_even_on_every_axis(void)
{
	enum { N = 256 };
	struct fl_sobol *s = fl_sobol_new(FL_SOBOL_DIMS, true, 7);
	static unsigned char axis[FL_SOBOL_DIMS][N], grid[9][N];
	double x[FL_SOBOL_DIMS];
	int bad = 0;

	for (int i = 0; i < N; i++) {
		fl_sobol_next(s, x);
		for (int d = 0; d < FL_SOBOL_DIMS; d++)
			bad += axis[d][(int)(x[d] * N)]++;
		for (int a = 0; a <= 8; a++)
			bad += grid[a][(int)(x[0] * (1 << a)) << (8 - a) | (int)(x[1] * (N >> a))]++;
	}
	CHECK(bad == 0);
	fl_sobol_free(s);
}

static void
the_seed_decides_and_a_dimension_stands_alone(void)
{
	struct fl_sobol *a = fl_sobol_new(3, true, 1), *b = fl_sobol_new(9, true, 1),
			*c = fl_sobol_new(3, true, 2);
	double x[3], y[9], z[3];

	for (int i = 0; i < 100; i++) {
		fl_sobol_next(a, x);
		fl_sobol_next(b, y);
		fl_sobol_next(c, z);
		CHECK(memcmp(x, y, sizeof x) == 0);
		CHECK(x[0] != z[0] && x[2] != z[2]);
	}
	fl_sobol_free(a);
	fl_sobol_free(b);
	fl_sobol_free(c);
}

int
main(void)
{
	TEST(the_first_points_are_the_published_ones);
	TEST(high_dimensions_agree_with_scipy);
	TEST(scrambled_points_are_even_on_every_axis);
	TEST(the_seed_decides_and_a_dimension_stands_alone);
	return test_done();
}
