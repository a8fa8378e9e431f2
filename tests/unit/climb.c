/* SPDX-License-Identifier: Apache-2.0 */
/* Places 0 .. N - 1 in a row, each next to the one before and the one after. */
#include "search/climb.h"

#include "test.h"

enum { N = 100, LOW = 10, HIGH = 70 };
static int scored[N];

static void
draw(const void *ctx, struct fl_rng *rng, void *point)
{
	int *place = point;

	(void)ctx;
	*place = (int)fl_rng_below(rng, N);
}

static void
neighbours(const void *ctx, const void *point, struct fl_points *out)
{
	int place = *(const int *)point, before = place - 1, after = place + 1;

	(void)ctx;
	if (before >= 0)
		fl_points_add(out, &before);
	if (after < N)
		fl_points_add(out, &after);
}

/* Two hills that meet at 40, the second of which is higher. */
static double
height(int place)
{
	return place < 40 ? 100 - abs(place - LOW) : 120 - abs(place - HIGH);
}

static void
score(void *ctx, const void *const *points, size_t n, double *out)
{
	(void)ctx;
	for (size_t i = 0; i < n; i++) {
		int place = *(const int *)points[i];

		scored[place]++;
		out[i] = height(place);
	}
}

static const struct fl_domain row = { sizeof(int), NULL, draw, neighbours };

/* The place found from `start` and draws, with those from `first` to `last` taken; -1 if there is none. */
static int
climb(int start, int draws, int first, int last)
{
	struct fl_points taken = { .size = sizeof(int) }, starts = taken;
	struct fl_climb c = { &row, score, NULL, &taken, &starts, draws, 2, 3 };
	int best = -1;
	double s;

	memset(scored, 0, sizeof scored);
	for (int i = first; i <= last; i++)
		fl_points_add(&taken, &i);
	if (start >= 0)
		fl_points_add(&starts, &start);
	if (fl_climb(&c, &best, &s))
		CHECK(s == height(best));
	fl_points_free(&taken);
	fl_points_free(&starts);
	for (int i = 0; i < N; i++)
		CHECK(scored[i] <= 1);
	return best;
}

static void
it_ends_on_the_hill_where_it_starts(void)
{
	CHECK(climb(0, 0, 0, -1) == LOW);
	CHECK(climb(38, 0, 0, -1) == LOW);
	CHECK(climb(N - 1, 0, 0, -1) == HIGH);
	CHECK(climb(0, 64, 0, -1) == HIGH);
}

/* The way leads through what is taken, and of the rest seen the best is chosen. */
static void
what_is_taken_is_passed_but_not_chosen(void)
{
	CHECK(climb(0, 0, 5, LOW) == LOW + 1);
	CHECK(climb(0, 0, LOW, LOW + 1) == LOW - 1);
	CHECK(climb(0, 64, 0, N - 1) == -1);
	CHECK(climb(-1, 0, 0, -1) == -1);
}

int
main(void)
{
	TEST(it_ends_on_the_hill_where_it_starts);
	TEST(what_is_taken_is_passed_but_not_chosen);
	return test_done();
}
