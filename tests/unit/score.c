/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "model/metrics.h"
#include "model/score.h"

static void
blocks_are_kept_by_sum_of_squares(void)
{
	/* Blocks of 2: 1+1, 9+0, 4+1, 2.25+2.25 */
	const double score[] = { 1, 1, 3, 0, 2, 1, 1.5, 1.5 };
	uint32_t keep[8];

	CHECK(fl_select(score, 8, 4, 2, keep) == 0);
	CHECK(keep[0] == 2 && keep[1] == 3 && keep[2] == 4 && keep[3] == 5);
	CHECK(fl_select(score, 8, 3, 1, keep) == 0);
	CHECK(keep[0] == 2 && keep[1] == 4 && keep[2] == 6);
}

static void
the_short_block_goes_first(void)
{
	const double score[] = { 0.1, 0.1, 0.2, 0.2, 9 };
	uint32_t keep[5];

	CHECK(fl_select(score, 5, 4, 2, keep) == 0);
	CHECK(keep[0] == 0 && keep[3] == 3);
	CHECK(fl_select(score, 5, 5, 2, keep) == 0 && keep[4] == 4);
	CHECK(fl_select(score, 5, 3, 2, keep) < 0);
	CHECK(fl_select(score, 5, 6, 2, keep) < 0);
}

static void
ties_keep_the_lower_index(void)
{
	const double score[] = { 1, 1, 1, 1 };
	uint32_t keep[4];

	CHECK(fl_select(score, 4, 2, 1, keep) == 0 && keep[0] == 0 && keep[1] == 1);
}

/* Two layers, two channels, two dimensions, ten tokens in two sequences. */
static struct fl_metrics *
small(void)
{
	static double ffn[] = { 90, 10, 40, 160 }, seq[] = { 4, 9, 1, 16 };
	static double dim[] = { 10, 20, 30, 40, 50, 60, 70, 80, 90, 100 }, out[10] = { 1, 4, 9, 16, 1, 1, 4, 4, 99, 99 };
	static double cos[] = { 9, 8 }, angle[] = { 0, .1, .9, 0, 0, .05, 0, 0, 0 };
	struct fl_metrics *m = calloc(1, sizeof *m);

	m->layers = m->ffn = m->width = 2;
	m->tokens = 10;
	m->sequences = 2;
	memcpy(fl_metrics_make(m, FL_FFN_SUM_SQ), ffn, sizeof ffn);
	memcpy(fl_metrics_make(m, FL_FFN_SEQ_SQ), seq, sizeof seq);
	memcpy(fl_metrics_make(m, FL_DIM_SUM_SQ), dim, sizeof dim);
	memcpy(fl_metrics_make(m, FL_DIM_OUT_SEQ_SQ), out, sizeof out);
	memcpy(fl_metrics_make(m, FL_LAYER_COS_LN), cos, sizeof cos);
	memcpy(fl_metrics_make(m, FL_LAST_ANGLE), angle, sizeof angle);
	return m;
}

static void
scores_follow_their_formulas(void)
{
	struct fl_metrics *m = small();
	struct fl_err err = { 0 };
	double s[2];

	CHECK_OK(fl_score_ffn(m, "flash", 0, 0, 2, s, &err), &err);
	CHECK_NEAR(s[0], 3, 1e-12);
	CHECK_NEAR(s[1], 1, 1e-12);
	CHECK_OK(fl_score_ffn(m, "minitron", 1, 0, 2, s, &err), &err);
	CHECK_NEAR(s[1], 4, 1e-12);
	/* Five sites: (10+30+50+70+90) / (10 * 5) */
	CHECK_OK(fl_score_width(m, "flash", 0, 2, s, &err), &err);
	CHECK_NEAR(s[0], sqrt(5), 1e-12);
	/* The norms of the layers only: 1 + 3 + 1 + 2 */
	CHECK_OK(fl_score_width(m, "minitron", 0, 2, s, &err), &err);
	CHECK_NEAR(s[0], 7, 1e-12);
	CHECK(fl_score_ffn(m, "mean", 0, 0, 2, s, &err) < 0 && strstr(err.text, "ffn.sum_abs"));
	fl_metrics_free(m);
}

static void
layers_go_by_their_score(void)
{
	struct fl_metrics *m = small();
	struct fl_err err = { 0 };
	bool gone[2] = { 0 };

	CHECK_OK(fl_score_layers(m, "flash", 0, 2, 1, gone, &err), &err);
	CHECK(gone[0] && !gone[1]);
	gone[0] = false;
	CHECK_OK(fl_score_layers(m, "angular", 0, 2, 1, gone, &err), &err);
	CHECK(!gone[0] && gone[1]);
	fl_metrics_free(m);
}

static void
random_needs_no_metrics_and_follows_its_seed(void)
{
	struct fl_err err = { 0 };
	double a[64], b[64], c[64];

	CHECK_OK(fl_score_width(NULL, "random", 1, 64, a, &err), &err);
	CHECK_OK(fl_score_width(NULL, "random", 1, 64, b, &err), &err);
	CHECK_OK(fl_score_width(NULL, "random", 2, 64, c, &err), &err);
	CHECK(memcmp(a, b, sizeof a) == 0 && memcmp(a, c, sizeof a) != 0);
	CHECK(fl_score_width(NULL, "flash", 1, 64, a, &err) < 0);
}

int
main(void)
{
	TEST(blocks_are_kept_by_sum_of_squares);
	TEST(the_short_block_goes_first);
	TEST(ties_keep_the_lower_index);
	TEST(scores_follow_their_formulas);
	TEST(layers_go_by_their_score);
	TEST(random_needs_no_metrics_and_follows_its_seed);
	return test_done();
}
