/* SPDX-License-Identifier: Apache-2.0 */
/* Against the definition: P by elimination, and P and the weights changed as a whole with every removal. */
#include "compute/obs.h"

#include "base/rng.h"
#include "compute/gram.h"
#include "compute/shrink.h"

#include "moment.h"
#include "test.h"

enum { N = 210, ROWS = 6, INPUTS = 500 };

static const double BELIEVED = 1e12; /* positions, of which all is believed */

static float a[INPUTS * N], w[ROWS * N];

static char *
moment_of_inputs(void)
{
	struct fl_rng r = fl_rng_new(3, 4);

	for (int i = 0; i < INPUTS; i++)
		for (int j = 0; j < N; j++)
			a[i * N + j] = (float)((fl_rng_unit(&r) - 0.5) * (1 + j % 5) + (j ? 0.5 * a[i * N + j - 1] : 0));
	for (int i = 0; i < ROWS * N; i++)
		w[i] = (float)(fl_rng_unit(&r) - 0.5);
	return test_moment(a, INPUTS, N);
}

static double p[N][N], v[ROWS][N];
static bool gone[N];

/* m [n,n] := its inverse. */
static void
invert(double *m, size_t n, size_t stride)
{
	for (size_t k = 0; k < n; k++) { /* Gauss-Jordan in place */
		double d = m[k * stride + k];

		m[k * stride + k] = 1;
		for (size_t j = 0; j < n; j++)
			m[k * stride + j] /= d;
		for (size_t i = 0; i < n; i++) {
			double f = m[i * stride + k];

			if (i == k)
				continue;
			m[i * stride + k] = 0;
			for (size_t j = 0; j < n; j++)
				m[i * stride + j] -= f * m[k * stride + j];
		}
	}
}

static void
start(const char *moment)
{
	for (size_t i = 0; i < N; i++)
		for (size_t j = 0; j <= i; j++)
			p[i][j] = p[j][i] = test_moment_at(moment, i, j);
	for (size_t i = 0; i < N; i++)
		p[i][i] *= 1 + FL_SHRINK_LEAST;
	invert(*p, N, N);
	memset(gone, 0, sizeof gone);
	for (int i = 0; i < ROWS * N; i++)
		v[i / N][i % N] = w[i];
}

/* x := P_bb^-1 for columns first .. first+n-1. */
static void
of_block(double *x, size_t first, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < n; j++)
			x[i * n + j] = p[first + i][first + j];
	invert(x, n, n);
}

static double
cost(size_t first, size_t n)
{
	double x[32 * 32], sum = 0;

	of_block(x, first, n);
	for (size_t r = 0; r < ROWS; r++)
		for (size_t i = 0; i < n; i++)
			for (size_t j = 0; j < n; j++)
				sum += v[r][first + i] * x[i * n + j] * v[r][first + j];
	return sum;
}

static void
take_out(size_t first, size_t n)
{
	static double was[N][N];
	double x[32 * 32];

	of_block(x, first, n);
	memcpy(was, p, sizeof p);
	for (size_t k = 0; k < N; k++) {
		double row[32] = { 0 }; /* P_bb^-1 P_bk */

		for (size_t i = 0; i < n; i++)
			for (size_t j = 0; j < n; j++)
				row[i] += x[i * n + j] * was[first + j][k];
		for (size_t i = 0; i < N; i++)
			for (size_t j = 0; j < n; j++)
				p[i][k] -= was[i][first + j] * row[j];
		for (size_t r = 0; r < ROWS; r++)
			for (size_t j = 0; j < n; j++)
				v[r][k] -= (k >= first && k < first + n ? 0 : v[r][first + j] * row[j]);
	}
	for (size_t j = first; j < first + n; j++)
		gone[j] = true;
}

static void
check_choice(size_t block, size_t keep)
{
	char *moment = moment_of_inputs();
	uint32_t got[N];
	size_t tail = N % block, k = 0;

	start(moment);
	if (tail)
		take_out(N - tail, tail);
	for (size_t left = N - tail; left > keep; left -= block) {
		size_t best = 0;
		double lowest = INFINITY;

		for (size_t b = 0; b + block <= N; b += block) {
			double c = gone[b] ? INFINITY : cost(b, block);

			if (c <= lowest && !gone[b])
				lowest = c, best = b;
		}
		take_out(best, block);
	}
	if (!CHECK(fl_obs_choose(moment, N, BELIEVED, w, ROWS, block, keep, got) == 0))
		return;
	for (uint32_t j = 0; j < N; j++)
		if (!gone[j])
			CHECK(k < keep && got[k++] == j);
	CHECK(k == keep);
}

static void
one_by_one_as_defined(void)
{
	check_choice(1, 60); /* three times as many removals as are kept apart */
	check_choice(1, 1);
}

static void
in_blocks_as_defined(void)
{
	check_choice(32, 64); /* a short block at the end */
	check_choice(7, 70);
	check_choice(30, 30);
}

static void
all_and_what_is_no_sum_of_squares(void)
{
	char *moment = moment_of_inputs();
	uint32_t got[N];

	CHECK(fl_obs_choose(moment, N, BELIEVED, w, ROWS, 32, N, got) == 0 && got[0] == 0 && got[N - 1] == N - 1);
	w[7] = NAN;
	CHECK(fl_obs_choose(moment, N, BELIEVED, w, ROWS, 1, 10, got) < 0);
	w[7] = 0;
	memcpy(moment + (fl_gram_row(9) + 9) * sizeof(float), &(float){ -1e6f }, sizeof(float));
	CHECK(fl_obs_choose(moment, N, BELIEVED, w, ROWS, 1, 10, got) < 0);
}

int
main(void)
{
	TEST(one_by_one_as_defined);
	TEST(in_blocks_as_defined);
	TEST(all_and_what_is_no_sum_of_squares);
	return test_done();
}
