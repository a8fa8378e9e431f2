/* SPDX-License-Identifier: Apache-2.0 */
/* A space of 24 architectures, small enough to look at all of them. */
#include "search/greedy.h"

#include "search/moves.h"
#include "test.h"

static struct fl_space space;
static struct fl_points starts = { .size = sizeof(struct fl_arch) };

/* No two architectures are worth the same. */
static double
worth(const struct fl_arch *a)
{
	double w = 1. / a->ffn;

	for (int i = 0; i < a->layers; i++)
		w += (a->pattern[i] == 'f') * pow(2, -i) + a->layers * 1e-3;
	return w;
}

struct log {
	size_t begun, ended, tried;
	uint64_t seed;
};

static void
begin(void *ctx, const struct fl_points *tried, uint64_t seed)
{
	struct log *l = ctx;

	CHECK(l->begun == l->ended && (l->begun == 0 || (tried->n == l->tried + 1 && seed == l->seed + 1)));
	l->begun++;
	l->tried = tried->n;
	l->seed = seed;
}

static void
end(void *ctx)
{
	struct log *l = ctx;

	l->ended++;
}

static void
score(void *ctx, const void *const *points, size_t n, double *out)
{
	(void)ctx;
	for (size_t i = 0; i < n; i++)
		out[i] = worth(points[i]);
}

/* How many architectures are worth more. */
static int
rank(double w)
{
	int n = 0;

	for (uint64_t i = 0; i < (uint64_t)fl_space_count(&space); i++) {
		struct fl_arch a;

		fl_space_nth(&space, i, &a);
		n += worth(&a) > w;
	}
	return n;
}

static void
the_best_come_first_and_each_once(void)
{
	struct log log = { 0 };
	struct fl_greedy g = { &space, &starts, begin, score, end, &log };
	struct fl_points tried = starts;
	struct fl_archset known = { 0 };
	double s[30];
	struct fl_arch a;
	struct fl_err err = { 0 };
	char text[FL_ARCH_LEN];

	/* The third best is known already. */
	for (uint64_t i = 0; i < 24; i++) {
		fl_space_nth(&space, i, &a);
		if (rank(worth(&a)) == 2)
			fl_archset_add(&known, fl_arch_format(&a, text));
	}
	CHECK(known.n == 1);
	CHECK(fl_greedy(&g, 7, 30, &tried, &known, s) == 23);
	CHECK(known.n == 24 && tried.n == 23 && log.begun == 24 && log.ended == 24);
	for (int i = 0; i < 23; i++) {
		CHECK(rank(s[i]) == (i < 2 ? i : i + 1));
		CHECK_OK(fl_arch_parse(known.name[i + 1], &a, &err), &err);
		CHECK(worth(&a) == s[i] && worth(fl_points_at(&tried, (size_t)i)) == s[i]);
	}
	fl_points_free(&tried);
	fl_archset_free(&known);
}

int
main(void)
{
	struct fl_err err = { 0 };

	if (fl_space_parse(&space, "layers 2..3\nwidth 64\nffn 32..64/32\nletters f s\n", "small", &err) < 0)
		return 1;
	TEST(the_best_come_first_and_each_once);
	fl_space_free(&space);
	return test_done();
}
