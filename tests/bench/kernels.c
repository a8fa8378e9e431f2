/* SPDX-License-Identifier: Apache-2.0 */
/* kernels.c -- matrix products of quantized weights against what the machine can do at most.
 *
 *     kernels [threads]
 *
 * Products of M rows of activations, which are rounded to 8 bits in the time, in operations a second, two a
 * multiply-add; products of few rows, of a matrix that no cache holds, in bytes of weights a second. Each is the
 * best of many, as the limits are, which are measured in between. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/dtype.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "compute/gemm.h"
#include "compute/panels.h"
#include "compute/qgemm.h"
#include "measure/limits.h"

enum { RUNS = 5 };
static const double enough = 0.2; /* seconds of a run */

static struct shape {
	const char *what;
	size_t m, n, k;
	int bits;
} shapes[] = {
	{ "gate, up (1B)", 1024, 8192, 2048, 4 },
	{ "down (1B)", 1024, 2048, 8192, 4 },
	{ "q, o (d1024)", 1024, 2048, 1024, 4 },
	{ "k, v (d1024)", 1024, 512, 1024, 4 },
	{ "o (d1024)", 1024, 1024, 2048, 4 },
	{ "gate, up (d1024)", 1024, 4096, 1024, 4 },
	{ "down (d1024)", 1024, 1024, 4096, 4 },
	{ "gate, up (1B)", 128, 8192, 2048, 4 },
	{ "gate, up (1B)", 16, 8192, 2048, 4 },
	{ "gate, up (1B)", 1024, 8192, 2048, 8 },
	{ "gate, up (d1024)", 1024, 4096, 1024, 8 },
	{ "head (d1024)", 1, 202048, 1024, 4 },
	{ "head (d1024)", 1, 202048, 1024, 8 },
	{ "head (1B)", 1, 128256, 2048, 4 },
	{ "head (1B)", 4, 128256, 2048, 4 },
};

/* Random weights; what they are does not matter to the time. */
static struct fl_matrix
weights(const struct shape *s)
{
	struct fl_matrix m = { s->bits == 4 ? FL_MATRIX_INT4 : FL_MATRIX_INT8, s->n, s->k, NULL, NULL }, packed;
	struct fl_rng r = fl_rng_new(1, 0);
	size_t words = s->n * s->k / 32 * (size_t)s->bits, groups = s->n * s->k / FL_MATRIX_GROUP;
	uint32_t *q = fl_alloc(words, sizeof *q);
	uint16_t *scale = fl_alloc(groups, sizeof *scale);

	for (size_t i = 0; i < words; i++)
		q[i] = (uint32_t)fl_rng_u64(&r);
	for (size_t i = 0; i < groups; i++)
		scale[i] = fl_f32_to_bf16(0.01f);
	m.data = q;
	m.scales = scale;
	packed = fl_panels_pack(&m, fl_alloc_aligned(fl_panels_size(&m), 1, "the weights"));
	free(q);
	free(scale);
	return packed;
}

/* Seconds of the fastest product of a run. */
static double
run(float *c, const float *a, const struct shape *s, const struct fl_matrix *w, struct fl_scratch *scratch)
{
	double begin = fl_clock(), best = INFINITY, last = begin, now;

	do {
		fl_gemm(c, a, s->m, w, scratch);
		now = fl_clock();
		best = now - last < best ? now - last : best;
		last = now;
	} while (now - begin < enough);
	return best;
}

static void
measure(const struct shape *s, struct fl_scratch *scratch)
{
	struct fl_matrix w = weights(s);
	struct fl_rng r = fl_rng_new(2, 0);
	struct fl_limits most = { 0 };
	float *a = fl_alloc(s->m * s->k, sizeof *a), *c = fl_alloc(s->m * s->n, sizeof *c);
	double best = 1e9, rate, limit;

	for (size_t i = 0; i < s->m * s->k; i++)
		a[i] = (float)fl_rng_unit(&r) - 0.5f;
	for (int i = 0; i < RUNS; i++) {
		struct fl_limits now = fl_limits_measure();
		double time = run(c, a, s, &w, scratch);

		best = time < best ? time : best;
		most.int8 = now.int8 > most.int8 ? now.int8 : most.int8;
		most.memory = now.memory > most.memory ? now.memory : most.memory;
	}
	rate = s->m <= FL_GEMV_ROWS ? (double)fl_panels_size(&w) / best : 2. * (double)(s->m * s->n * s->k) / best;
	limit = s->m <= FL_GEMV_ROWS ? most.memory : most.int8;
	printf("%-18s %d bits %6zu %7zu %6zu %9.1f us %8.1f %s of %8.1f %5.1f %%\n", s->what, s->bits, s->m, s->n, s->k,
	    best * 1e6, rate / 1e9, s->m <= FL_GEMV_ROWS ? "GB/s " : "GOP/s", limit / 1e9, 100 * rate / limit);
	fflush(stdout);
	free((void *)w.data);
	free(a);
	free(c);
}

int
main(int argc, char **argv)
{
	struct fl_limits limits;
	struct fl_scratch *scratch;

	fl_parallel_set(argc > 1 ? atoi(argv[1]) : 0);
	limits = fl_limits_measure();
	scratch = fl_scratch_new();
	printf("%d threads, kernels %s; limits by %s: int8 %.1f GOP/s, f32 %.1f GFLOP/s, reading %.1f GB/s\n",
	    fl_parallel_threads(), fl_qgemm_best()->name, limits.kernels, limits.int8 / 1e9, limits.f32 / 1e9,
	    limits.memory / 1e9);
	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
		measure(&shapes[i], scratch);
	fl_scratch_free(scratch);
	return 0;
}
