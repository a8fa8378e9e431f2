/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/limits.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/parallel.h"
#include "compute/peak.h"

/* A run is cut finely enough for threads that are held up to leave their share to the others. */
enum { TILES = 64, TURNS = 1 << 13, RUNS = 10, WORDS = 1 << 20 /* a tile, 4 MiB */ };
static const double enough = 0.2; /* seconds of one limit */

struct work {
	const struct fl_peak *peak;
	uint32_t *memory;	/* [TILES, WORDS] */
	uint64_t done[TILES];	/* multiply-adds, or what was read */
	_Alignas(64) int8_t one8[64];
	_Alignas(64) float one[16];
};

static void
int8_tile(void *ctx, size_t tile, int thread)
{
	struct work *w = ctx;

	(void)thread;
	w->done[tile] = w->peak->int8(TURNS, w->one8);
}

static void
f32_tile(void *ctx, size_t tile, int thread)
{
	struct work *w = ctx;

	(void)thread;
	w->done[tile] = w->peak->f32(TURNS, w->one);
}

static void
read_tile(void *ctx, size_t tile, int thread)
{
	struct work *w = ctx;

	(void)thread;
	w->done[tile] = fl_peak_read(w->memory + tile * WORDS, WORDS);
}

/* Pages that nobody wrote to are all the same one. */
static void
touch_tile(void *ctx, size_t tile, int thread)
{
	struct work *w = ctx;

	(void)thread;
	memset(w->memory + tile * WORDS, 1, WORDS * sizeof *w->memory);
}

/* Seconds of the fastest run. */
static double
fastest(void (*tile)(void *ctx, size_t tile, int thread), struct work *w)
{
	double begin = fl_clock(), best = 0;

	for (int i = 0; i < RUNS || fl_clock() - begin < enough; i++) {
		double start = fl_clock(), taken;

		fl_parallel(TILES, tile, w);
		taken = fl_clock() - start;
		best = i == 0 || taken < best ? taken : best;
	}
	return best;
}

static double
operations(const struct work *w)
{
	double sum = 0;

	for (size_t i = 0; i < TILES; i++)
		sum += 2 * (double)w->done[i];
	return sum;
}

struct fl_limits
fl_limits_measure(void)
{
	struct work w = { .peak = fl_peak_best() };
	struct fl_limits l = { .kernels = w.peak->name };
	double seconds;

	memset(w.one8, 1, sizeof w.one8);
	for (size_t i = 0; i < 16; i++)
		w.one[i] = 1;
	seconds = fastest(int8_tile, &w); /* which counts them */
	l.int8 = operations(&w) / seconds;
	seconds = fastest(f32_tile, &w);
	l.f32 = operations(&w) / seconds;
	w.memory = fl_alloc_aligned(TILES * WORDS, sizeof *w.memory, "memory to read");
	fl_parallel(TILES, touch_tile, &w);
	l.memory = (double)TILES * WORDS * sizeof *w.memory / fastest(read_tile, &w);
	free(w.memory);
	return l;
}
