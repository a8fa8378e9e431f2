/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "search/space.h"

#define SIZES "width 64\nffn 128\n"

static struct fl_space
space(const char *text)
{
	struct fl_err err = { 0 };
	struct fl_space s = { 0 };

	if (!CHECK_OK(fl_space_parse(&s, text, "test", &err), &err))
		exit(1);
	return s;
}

static void
refused(const char *text, const char *why)
{
	struct fl_err err = { 0 };
	struct fl_space s;

	CHECK(fl_space_parse(&s, text, "x", &err) == -1);
	CHECK(err.code == FL_EXIT_DATA);
	CHECK_STR(err.text, why);
}

static void
a_whole_file_is_read(void)
{
	struct fl_space s = space("# the paper's\n\nlayers 10..16\nwidth\t1024..2048/32 # blocks\r\n"
				  "ffn 2048..8192/1024\nletters s w f\nmax-run 3\nfirst f\nwindow 512");

	CHECK(s.layers.first == 10 && s.layers.last == 16 && s.layers.step == 1);
	CHECK(s.width.first == 1024 && s.width.last == 2048 && s.width.step == 32);
	CHECK(s.ffn.step == 1024);
	CHECK_STR(s.letters, "fws");
	CHECK(s.max_run == 3 && s.first == 'f' && s.window == 512);
	fl_space_free(&s);
}

static void
mistakes_are_named_with_their_line(void)
{
	refused("", "'x': layers is missing");
	refused("layers 4\n" SIZES, "'x': letters is missing");
	refused("layers 4\nlayer 5\n", "'x', line 2: 'layer' is no part of a space");
	refused("layers 4\n\nlayers 5\n", "'x', line 3: layers stands twice");
	refused("layers\n", "'x', line 1: layers has no value");
	refused("layers 4 5\n", "'x', line 1: layers: '5' is one word too many");
	refused("layers 8..4\n", "'x', line 1: layers: the range 8..4 is empty");
	refused("layers 0..4\n", "'x', line 1: layers: '0' is not an integer from 1 to 512");
	refused("layers 4..513\n", "'x', line 1: layers: '513' is not an integer from 1 to 512");
	refused("width 64..\n", "'x', line 1: width: '' is not an integer from 1 to 16777216");
	refused("width 64..128/0\n", "'x', line 1: width: '0' is not an integer from 1 to 16777216");
	refused("width 100\n", "'x', line 1: width: 100 is no multiple of 32");
	refused("width 100..164/64\n", "'x', line 1: width: 100 is no multiple of 32");
	refused("width 64..200/64\n", "'x', line 1: width: steps of 64 from 64 do not reach 200");
	refused("ffn 170..174/4\n", "'x', line 1: ffn: 170 is no multiple of 4");
	refused("letters f x\n", "'x', line 1: letters: 'x' is none of f, w, s");
	refused("letters f f\n", "'x', line 1: letters: 'f' stands twice");
	refused("first fw\n", "'x', line 1: first: 'fw' is none of f, w, s");
	refused("layers 4\n" SIZES "letters w s\nmax-run 3\n",
	    "'x': letters, max-run, max-skip and first leave no pattern of 4 layers");
	refused("layers 4\n" SIZES "letters s\nmax-skip 3\n",
	    "'x': letters, max-run, max-skip and first leave no pattern of 4 layers");
	refused("max-skip 513\n", "'x', line 1: max-skip: '513' is not an integer from 1 to 512");
	refused("layers 4\n" SIZES "letters f s\nfirst w\n",
	    "'x': letters, max-run, max-skip and first leave no pattern of 4 layers");
}

static void
a_step_that_is_no_multiple_of_32_sets_the_alignment(void)
{
	struct fl_space s = space("layers 5\nwidth 64\nffn 140..172/4\nletters f\n");

	CHECK(fl_space_count(&s) == 9);
	fl_space_free(&s);
}

/* With f and two others and runs of at most three a_n = a_(n-1) + 2 a_(n-2) + 4 a_(n-3) + 8 a_(n-4),
 * and one trailing run more: the patterns of n layers are a_(n+1) of that with a_0 = a_1 = 1. */
static void
patterns_are_counted_by_the_known_recurrence(void)
{
	double a[64] = { 1, 1 };
	char text[128];

	for (int n = 2; n < 64; n++)
		for (int k = 1; k <= 4 && k <= n; k++)
			a[n] += ldexp(a[n - k], k - 1);
	for (int n = 1; n <= 32; n++) {
		struct fl_space s;

		snprintf(text, sizeof text, "layers %d\n" SIZES "letters f w s\nmax-run 3\n", n);
		s = space(text);
		CHECK(fl_space_count(&s) == a[n + 1]);
		if (n == 16) /* the share of 3^16 that reference tables give */
			CHECK_NEAR(fl_space_count(&s) / 43046721, .232, .0005);
		fl_space_free(&s);
	}
}

static int
count(const char *text, char letter)
{
	int n = 0;

	for (; *text; text++)
		n += *text == letter;
	return n;
}

/* Every word over f, w, s of up to 7 layers: as many members as are counted, each with a number. */
static void
check_members(const char *limits, int skips)
{
	char text[256];
	struct fl_space s;
	uint64_t members = 0, n;
	struct fl_arch a, before = { 0 };

	snprintf(text, sizeof text, "layers 3..7/2\nwidth 64..96/32\nffn 128..256/64\nletters f w s\n%s", limits);
	s = space(text);
	n = (uint64_t)fl_space_count(&s);
	for (int layers = 1; layers <= 8; layers++)
		for (int word = 0; word < (int)pow(3, layers); word++) {
			a = (struct fl_arch){ .width = 96, .ffn = 192, .layers = layers };
			for (int i = 0, w = word; i < layers; i++, w /= 3)
				a.pattern[i] = "fws"[w % 3];
			members += fl_space_has(&s, &a);
			if (fl_space_has(&s, &a))
				CHECK(count(a.pattern, 's') <= skips);
		}
	CHECK(n == members * 6);
	for (uint64_t i = 0; i < n; i++) {
		fl_space_nth(&s, i, &a);
		CHECK(fl_space_has(&s, &a));
		CHECK(memcmp(&a, &before, sizeof a) != 0);
		before = a;
	}
	a.width = 80;
	CHECK(!fl_space_has(&s, &a));
	fl_space_free(&s);
}

static void
counting_numbering_and_membership_agree(void)
{
	check_members("max-run 2\nfirst w\n", 7);
	check_members("max-run 2\nmax-skip 2\n", 2);
	check_members("max-skip 0\n", 0);
	check_members("max-skip 512\n", 7);
}

/* 11 patterns, 5 of them beginning with f, 3 of these with ff: on a grid of 11 by 5 by 3 coordinates
 * each comes up 15 times. */
static void
patterns_are_drawn_evenly(void)
{
	struct fl_space s = space("layers 3\n" SIZES "letters f s w\nmax-run 1\n");
	int seen[27] = { 0 }, patterns = 0;
	struct fl_arch a;

	for (int i = 0; i < 11 * 5 * 3; i++) {
		double u[] = { 0, 0, 0, (i / 15 + .5) / 11, (i / 3 % 5 + .5) / 5, (i % 3 + .5) / 3 };
		int word = 0;

		fl_space_draw(&s, u, &a);
		for (int k = 0; k < 3; k++)
			word = word * 3 + (int)(strchr("fws", a.pattern[k]) - "fws");
		seen[word]++;
	}
	for (int word = 0; word < 27; word++)
		if (seen[word]) {
			patterns++;
			CHECK(seen[word] == 15);
		}
	CHECK(patterns == 11);
	fl_space_free(&s);
}

static void
the_ends_of_the_cube_stay_in_the_space(void)
{
	struct fl_space s = space("layers 200..512\nwidth 32..16777216/32\nffn 32..16777216/32\n"
				  "letters f w s\nmax-run 3\nfirst s\n");
	double u[515];
	struct fl_arch a;

	CHECK(isfinite(fl_space_count(&s)));
	CHECK(fl_space_dims(&s) == 515);
	for (int end = 0; end < 2; end++) {
		for (int d = 0; d < 515; d++)
			u[d] = end ? 1 - 0x1p-32 : 0;
		fl_space_draw(&s, u, &a);
		CHECK(fl_space_has(&s, &a));
		CHECK(a.layers == (end ? 512 : 200));
		CHECK(a.width == (end ? 16777216 : 32));
	}
	fl_space_free(&s);
}

int
main(void)
{
	TEST(a_whole_file_is_read);
	TEST(mistakes_are_named_with_their_line);
	TEST(a_step_that_is_no_multiple_of_32_sets_the_alignment);
	TEST(patterns_are_counted_by_the_known_recurrence);
	TEST(counting_numbering_and_membership_agree);
	TEST(patterns_are_drawn_evenly);
	TEST(the_ends_of_the_cube_stay_in_the_space);
	return test_done();
}
