/* SPDX-License-Identifier: Apache-2.0 */
/* Second moments against their definition, and the refit against Gaussian elimination in long double. */
#include "compute/refit.h"

#include "compute/gram.h"

#include "moment.h"
#include "test.h"

enum { ROWS = 60, N = 12, K = 7, OUT = 5 };

static const uint32_t keep[K] = { 0, 2, 3, 5, 8, 9, 11 };
static const double BELIEVED = 1e12; /* positions, of which all is believed */

static float
pseudo(unsigned *state)
{
	*state = *state * 1664525 + 1013904223;
	return (float)(*state >> 8) / (1 << 23) - 1;
}

static void
fill(float *x, size_t n, unsigned seed)
{
	for (size_t i = 0; i < n; i++)
		x[i] = pseudo(&seed);
}

static void
moments_are_those_of_the_definition(void)
{
	enum { MANY = 301, WIDE = 150 }; /* several tiles, the last ones short */
	static float a[MANY * WIDE];
	static double sum[WIDE * (WIDE + 1) / 2];

	fill(a, MANY * WIDE, 1);
	fl_gram_add(sum, a, 20, WIDE);
	fl_gram_add(sum, a + 20 * WIDE, MANY - 20, WIDE);
	for (size_t i = 0; i < WIDE; i++)
		for (size_t j = 0; j <= i; j++) {
			double want = 0;

			for (size_t r = 0; r < MANY; r++)
				want += (double)a[r * WIDE + i] * (double)a[r * WIDE + j];
			CHECK_NEAR(sum[fl_gram_row(i) + j], want, 1e-4);
		}
}

/* C of a [ROWS, N]: full in double, and as it is in a file. */
static char *
moments(const float *a, double c[N][N])
{
	char *file = test_moment(a, ROWS, N);

	for (size_t i = 0; i < N; i++)
		for (size_t j = 0; j < N; j++)
			c[i][j] = test_moment_at(file, i, j);
	return file;
}

/* x := the solution of A x = b, A [K,K]. */
static void
eliminate(long double a[K][K], long double b[K])
{
	for (int p = 0; p < K; p++)
		for (int i = 0; i < K; i++) {
			long double f = a[i][p] / a[p][p];

			if (i == p)
				continue;
			for (int j = 0; j < K; j++)
				a[i][j] -= f * a[p][j];
			b[i] -= f * b[p];
		}
	for (int p = 0; p < K; p++)
		b[p] /= a[p][p];
}

static bool
stays(int j)
{
	for (int i = 0; i < K; i++)
		if (keep[i] == (uint32_t)j)
			return true;
	return false;
}

/* w' := w[k] + w[g] C[g,k] A^-1 of one row, A symmetric. */
static void
solve(double c[N][N], const float *w, long double out[K])
{
	long double a[K][K];

	for (int i = 0; i < K; i++) {
		out[i] = 0;
		for (int j = 0; j < N; j++)
			out[i] += stays(j) ? 0 : (long double)w[j] * c[j][keep[i]];
		for (int j = 0; j < K; j++)
			a[i][j] = c[keep[i]][keep[j]] * (i == j ? 1 + 1e-4L : 1);
	}
	eliminate(a, out);
	for (int i = 0; i < K; i++)
		out[i] += w[keep[i]];
}

static void
refitted_weights_are_the_direct_solution(void)
{
	float a[ROWS * N], w[OUT * N], got[OUT * K];
	double c[N][N];
	struct fl_refit *r;

	fill(a, ROWS * N, 2);
	fill(w, OUT * N, 3);
	r = fl_refit_new(moments(a, c), N, BELIEVED, keep, K);
	if (!CHECK(r != NULL))
		return;
	fl_refit_rows(r, w, NULL, OUT, got);
	for (int o = 0; o < OUT; o++) {
		long double want[K];

		solve(c, w + o * N, want);
		for (int i = 0; i < K; i++)
			CHECK_NEAR(got[o * K + i], (double)want[i], 1e-6);
	}
	fl_refit_free(r);
}

static void
moments_across_are_those_of_the_definition(void)
{
	enum { MANY = 300, WIDE = 150, ACROSS = 140 };
	static float a[MANY * WIDE], d[MANY * ACROSS];
	static double sum[ACROSS * WIDE];

	fill(a, MANY * WIDE, 7);
	fill(d, MANY * ACROSS, 8);
	fl_gram_add_cross(sum, d, ACROSS, a, 20, WIDE);
	fl_gram_add_cross(sum, d + 20 * ACROSS, ACROSS, a + 20 * WIDE, MANY - 20, WIDE);
	for (size_t i = 0; i < ACROSS; i++)
		for (size_t j = 0; j < WIDE; j++) {
			double want = 0;

			for (size_t r = 0; r < MANY; r++)
				want += (double)d[r * ACROSS + i] * (double)a[r * WIDE + j];
			CHECK_NEAR(sum[i * WIDE + j], want, 1e-4);
		}
}

/* d = v a for some v: where all stays, w + v; where some goes, what a layer w + v would be. */
static void
what_others_added_is_said_too(void)
{
	float a[ROWS * N], w[OUT * N], v[OUT * N], both[OUT * N], x[OUT * N], got[OUT * N], want[OUT * K];
	double c[N][N];
	struct fl_refit *r;
	char *m;

	fill(a, ROWS * N, 9);
	fill(w, OUT * N, 10);
	fill(v, OUT * N, 11);
	m = moments(a, c);
	for (int o = 0; o < OUT; o++)
		for (int j = 0; j < N; j++) {
			double sum = 0;

			for (int i = 0; i < N; i++)
				sum += (double)v[o * N + i] * c[i][j];
			x[o * N + j] = (float)sum;
			both[o * N + j] = w[o * N + j] + v[o * N + j];
		}
	r = fl_refit_new(m, N, BELIEVED, NULL, N);
	if (!CHECK(r != NULL))
		return;
	fl_refit_rows(r, w, x, OUT, got);
	for (int i = 0; i < OUT * N; i++)
		CHECK_NEAR(got[i], both[i], 1e-3); /* but for the ridge */
	fl_refit_rows(r, w, NULL, OUT, got);
	CHECK(memcmp(got, w, sizeof w) == 0);
	fl_refit_free(r);
	r = fl_refit_new(m, N, BELIEVED, keep, K);
	if (!CHECK(r != NULL))
		return;
	fl_refit_rows(r, w, x, OUT, got);
	fl_refit_rows(r, both, NULL, OUT, want);
	for (int i = 0; i < OUT * K; i++)
		CHECK_NEAR(got[i], want[i], 1e-3);
	fl_refit_free(r);
}

/* What goes is twice what stays beside it: nothing is lost. */
static void
what_others_say_too_is_not_missed(void)
{
	float a[ROWS * N], w[N], got[K];
	double c[N][N];
	struct fl_refit *r;

	fill(a, ROWS * N, 4);
	fill(w, N, 5);
	for (int i = 0; i < ROWS; i++) {
		float *x = a + i * N;

		x[1] = 2 * x[0], x[4] = 2 * x[3], x[6] = 2 * x[5], x[7] = 2 * x[8], x[10] = 2 * x[11];
	}
	r = fl_refit_new(moments(a, c), N, BELIEVED, keep, K);
	if (!CHECK(r != NULL))
		return;
	fl_refit_rows(r, w, NULL, 1, got);
	CHECK_NEAR(got[0], w[0] + 2 * w[1], 2e-3);
	CHECK_NEAR(got[1], w[2], 2e-3);
	CHECK_NEAR(got[4], w[8] + 2 * w[7], 2e-3);
	fl_refit_free(r);
}

static void
what_is_no_sum_of_squares_is_refused(void)
{
	float a[ROWS * N], bad[] = { NAN, INFINITY, -1e6f };
	double c[N][N];
	char *m;

	fill(a, ROWS * N, 6);
	for (int i = 0; i < 3; i++) {
		m = moments(a, c);
		memcpy(m + (fl_gram_row(8) + 8) * sizeof *bad, &bad[i], sizeof *bad);
		CHECK(!fl_refit_new(m, N, BELIEVED, keep, K));
	}
	m = moments(a, c);
	memcpy(m + (fl_gram_row(7) + 1) * sizeof *bad, &bad[0], sizeof *bad); /* both go */
	CHECK(!fl_refit_new(m, N, BELIEVED, keep, K));
}

int
main(void)
{
	TEST(moments_are_those_of_the_definition);
	TEST(moments_across_are_those_of_the_definition);
	TEST(refitted_weights_are_the_direct_solution);
	TEST(what_others_added_is_said_too);
	TEST(what_others_say_too_is_not_missed);
	TEST(what_is_no_sum_of_squares_is_refused);
	return test_done();
}
