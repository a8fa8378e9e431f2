/* SPDX-License-Identifier: Apache-2.0 */
/* RMSNorm, SwiGLU and RoPE against their formulas in double. */
#include "test.h"

#include "base/alloc.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "compute/activation.h"
#include "compute/norm.h"
#include "compute/rope.h"

static float *
random_floats(size_t n, uint64_t seed, double scale)
{
	struct fl_rng r = fl_rng_new(seed, 0);
	float *x = fl_alloc(n, sizeof *x);

	for (size_t i = 0; i < n; i++)
		x[i] = (float)((4 * fl_rng_unit(&r) - 2) * scale);
	return x;
}

static void
rmsnorm_divides_by_the_root_of_the_mean_square(void)
{
	static const size_t widths[] = { 1, 7, 64, 1003 };

	for (size_t i = 0; i < 4; i++) {
		size_t n = widths[i], rows = 37;
		float *x = random_floats(rows * n, 1, 3), *w = random_floats(n, 2, 1);
		float *y = fl_alloc(rows * n, sizeof *y);
		double worst = 0;

		fl_rmsnorm(y, x, rows, n, w, 1e-5);
		for (size_t r = 0; r < rows; r++) {
			double sum = 0;

			for (size_t k = 0; k < n; k++)
				sum += (double)x[r * n + k] * x[r * n + k];
			for (size_t k = 0; k < n; k++) {
				double want = x[r * n + k] / sqrt(sum / (double)n + 1e-5) * w[k];

				worst = fmax(worst, fabs(y[r * n + k] - want) / (fabs(want) + 1e-30));
			}
		}
		CHECK(worst < 3e-7);
		fl_rmsnorm(x, x, rows, n, w, 1e-5);
		CHECK(memcmp(x, y, rows * n * sizeof *x) == 0);
		free(x);
		free(y);
		free(w);
	}
}

static void
rmsnorm_of_zeros_is_zero(void)
{
	float x[5] = { 0 }, w[5] = { 1, 1, 1, 1, 1 };

	fl_rmsnorm(x, x, 1, 5, w, 1e-6);
	CHECK(x[0] == 0 && x[4] == 0);
}

static void
swiglu_is_silu_of_gate_times_up(void)
{
	static const float edge[] = { 0, -0.f, 1e-30f, -1e-30f, 87, -87, 88, -88, 89, -89, 200, -200,
		1e30f, -1e30f, 0.34657359f, -0.34657359f };
	size_t n = 20003;
	float *gate = random_floats(n, 1, 8), *up = random_floats(n, 2, 1), *was;
	double worst = 0;

	memcpy(gate, edge, sizeof edge);
	was = fl_alloc(n, sizeof *was);
	memcpy(was, gate, n * sizeof *was);
	fl_swiglu(gate, gate, up, n);
	for (size_t i = 0; i < n; i++) {
		double want = was[i] / (1 + exp(-(double)was[i])) * up[i];

		if (fabs(want) > 1e-35)
			worst = fmax(worst, fabs(gate[i] - want) / fabs(want));
		else
			CHECK_NEAR(gate[i], 0, 1e-35);
	}
	CHECK_NEAR(worst, 0, 5e-7);
	free(gate);
	free(up);
	free(was);
}

static void
add_adds(void)
{
	size_t n = 20001;
	float *x = random_floats(n, 1, 1), *y = random_floats(n, 2, 1), *was = fl_alloc(n, sizeof *was);
	size_t bad = 0;

	memcpy(was, x, n * sizeof *x);
	fl_add(x, x, y, n);
	for (size_t i = 0; i < n; i++)
		bad += x[i] != was[i] + y[i];
	CHECK(bad == 0);
	free(x);
	free(y);
	free(was);
}

static void
rope_turns_pairs_half_a_head_apart(void)
{
	enum { DIM = 12, HEADS = 3, LENGTH = 5, ROWS = 2 * LENGTH, FIRST = 100 };
	float *x = random_floats(ROWS * HEADS * DIM, 1, 1), *was;
	float *table = fl_alloc((FIRST + LENGTH) * DIM, sizeof *table);
	double freq[DIM / 2];

	was = fl_alloc(ROWS * HEADS * DIM, sizeof *was);
	memcpy(was, x, ROWS * HEADS * DIM * sizeof *x);
	fl_rope_frequencies(freq, DIM, 500000);
	fl_rope_table(table, freq, DIM / 2, FIRST + LENGTH, 1);
	fl_rope(x, ROWS, HEADS, DIM, table, FIRST, LENGTH);
	for (size_t i = 0; i < ROWS * HEADS * DIM; i++) {
		size_t at = i % DIM, pair = at % (DIM / 2), position = FIRST + i / DIM / HEADS % LENGTH;
		double angle = (double)position * pow(500000, -2.0 * (double)pair / DIM);
		double a = was[i - at + pair], b = was[i - at + pair + DIM / 2];

		CHECK_NEAR(x[i], at < DIM / 2 ? a * cos(angle) - b * sin(angle) :
						b * cos(angle) + a * sin(angle), 1e-6);
	}
	free(x);
	free(was);
	free(table);
}

static void
llama3_scaling_keeps_short_waves_and_stretches_long_ones(void)
{
	const double pi = 3.14159265358979323846, original = 8192;
	/* Wavelengths: below original / high, at both borders, half way between, above. */
	double wave[] = { 100, original / 4, original / 2.5, original / 1, 100000 };
	double want[] = { 1, 1, 0.5 + 0.5 / 8, 1 / 8., 1 / 8. }, freq[5];

	for (int i = 0; i < 5; i++)
		freq[i] = 2 * pi / wave[i];
	fl_rope_llama3(freq, 5, 8, 1, 4, original);
	for (int i = 0; i < 5; i++)
		CHECK_NEAR(freq[i] * wave[i] / (2 * pi), want[i], 1e-12);
}

static void
the_number_of_threads_does_not_show(void)
{
	size_t rows = 700, n = 192;
	float *w = random_floats(n, 9, 1), *first = NULL;

	for (int threads = 1; threads <= 3; threads++) {
		float *x = random_floats(rows * n, 1, 2), *y = random_floats(rows * n, 2, 1);

		fl_parallel_set(threads);
		fl_rmsnorm(x, x, rows, n, w, 1e-6);
		fl_swiglu(x, x, y, rows * n);
		fl_add(x, x, y, rows * n);
		if (first) {
			CHECK(memcmp(x, first, rows * n * sizeof *x) == 0);
			free(x);
		} else {
			first = x;
		}
		free(y);
	}
	free(first);
	free(w);
}

int
main(void)
{
	TEST(rmsnorm_divides_by_the_root_of_the_mean_square);
	TEST(rmsnorm_of_zeros_is_zero);
	TEST(swiglu_is_silu_of_gate_times_up);
	TEST(add_adds);
	TEST(rope_turns_pairs_half_a_head_apart);
	TEST(llama3_scaling_keeps_short_waves_and_stretches_long_ones);
	TEST(the_number_of_threads_does_not_show);
	return test_done();
}
