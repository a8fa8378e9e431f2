/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/limits.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/parallel.h"
#include "compute/peak.h"

/* A run is cut finely enough for threads that are held up to leave their share to the others. */
enum { TILES = 64, TURNS = 1 << 13, WORDS = 1 << 20 /* a tile, 4 MiB */ };
static const double enough = 0.2; /* seconds of one limit */

enum limit { INT8, F32, MEMORY, LIMITS };

struct fl_probe {
	const struct fl_peak *peak;
	uint32_t *memory;     /* [TILES, WORDS] */
	uint64_t done[TILES]; /* multiply-adds, or what was read */
	struct {
		double work, best, seconds; /* of a run; seconds of the fastest, and of all */
		int runs;
	} of[LIMITS];
	_Alignas(64) int8_t one8[64];
	_Alignas(64) float one[16];
};

static void
int8_tile(void *ctx, size_t tile, int thread)
{
	struct fl_probe *p = ctx;

	(void)thread;
	p->done[tile] = p->peak->int8(TURNS, p->one8);
}

static void
f32_tile(void *ctx, size_t tile, int thread)
{
	struct fl_probe *p = ctx;

	(void)thread;
	p->done[tile] = p->peak->f32(TURNS, p->one);
}

static void
read_tile(void *ctx, size_t tile, int thread)
{
	struct fl_probe *p = ctx;

	(void)thread;
	p->done[tile] = fl_peak_read(p->memory + tile * WORDS, WORDS);
}

/* Pages that nobody wrote to are all the same one. */
static void
touch_tile(void *ctx, size_t tile, int thread)
{
	struct fl_probe *p = ctx;

	(void)thread;
	memset(p->memory + tile * WORDS, 1, WORDS * sizeof *p->memory);
}

static void
run(struct fl_probe *p, enum limit l)
{
	static void (*const tile[LIMITS])(void *ctx, size_t tile, int thread) = { int8_tile, f32_tile, read_tile };
	double start = fl_clock(), taken;

	fl_parallel(TILES, tile[l], p);
	taken = fl_clock() - start;
	if (p->of[l].runs++ == 0 || taken < p->of[l].best)
		p->of[l].best = taken;
	p->of[l].seconds += taken;
	p->of[l].work = 0;
	for (size_t i = 0; i < TILES; i++)
		p->of[l].work += l == MEMORY ? WORDS * sizeof *p->memory : 2 * (double)p->done[i];
}

struct fl_probe *
fl_probe_new(void)
{
	struct fl_probe *p = fl_alloc_aligned(1, sizeof *p, "a probe");

	*p = (struct fl_probe){ .peak = fl_peak_best() };
	memset(p->one8, 1, sizeof p->one8);
	for (size_t i = 0; i < 16; i++)
		p->one[i] = 1;
	p->memory = fl_alloc_large(TILES * WORDS * sizeof *p->memory, "memory to read");
	fl_parallel(TILES, touch_tile, p);
	return p;
}

void
fl_probe_run(struct fl_probe *p)
{
	for (enum limit l = 0; l < LIMITS; l++)
		for (double begin = fl_clock(); fl_clock() - begin < enough;)
			run(p, l);
}

void
fl_probe_read(struct fl_probe *p)
{
	run(p, MEMORY);
}

void
fl_probe_free(struct fl_probe *p)
{
	if (p)
		free(p->memory);
	free(p);
}

static double
rate(const struct fl_probe *p, enum limit l, bool best)
{
	return p->of[l].work / (best ? p->of[l].best : p->of[l].seconds / p->of[l].runs);
}

struct fl_limits
fl_probe_limits(const struct fl_probe *p, bool best)
{
	return (struct fl_limits){ rate(p, INT8, best), rate(p, F32, best), rate(p, MEMORY, best), p->peak->name };
}

struct fl_limits
fl_limits_measure(void)
{
	struct fl_probe *p = fl_probe_new();
	struct fl_limits l;

	fl_probe_run(p);
	l = fl_probe_limits(p, true);
	fl_probe_free(p);
	return l;
}
