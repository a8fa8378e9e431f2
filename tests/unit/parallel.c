/* SPDX-License-Identifier: Apache-2.0 */
#include "base/parallel.h"

#include <sched.h>

#include "test.h"

enum { TILES = 1000 };

static int done[TILES], worker[TILES];

static void
work(void *ctx, size_t tile, int thread)
{
	done[tile] += *(int *)ctx;
	worker[tile] = thread;
}

static void
each_tile_is_done_once_by_a_thread_in_range(void)
{
	int one = 1;

	for (int threads = 1; threads <= 4; threads++) {
		memset(done, 0, sizeof done);
		fl_parallel_set(threads);
		CHECK(fl_parallel_threads() >= 1 && fl_parallel_threads() <= threads);
		fl_parallel(TILES, work, &one);
		for (int i = 0; i < TILES; i++)
			if (!CHECK(done[i] == 1 && worker[i] >= 0 && worker[i] < fl_parallel_threads()))
				return;
	}
	fl_parallel(0, work, NULL);
}

static void
outer(void *ctx, size_t tile, int thread)
{
	int mine = thread + 1;

	(void)ctx;
	(void)tile;
	if (tile == 0)
		fl_parallel(TILES, work, &mine);
}

static void
from_inside_a_tile_it_runs_on_the_calling_thread(void)
{
	memset(done, 0, sizeof done);
	fl_parallel_set(2);
	fl_parallel(2, outer, NULL);
	for (int i = 0; i < TILES; i++)
		if (!CHECK(done[i] == worker[i] + 1 && worker[i] == worker[0]))
			return;
}

enum { PINNED = 2 };

static int cpu_of[PINNED], moved;

static void
look(void *ctx, size_t tile, int thread)
{
	int cpu = sched_getcpu();

	(void)ctx;
	(void)tile;
	if (cpu_of[thread] >= 0 && cpu_of[thread] != cpu)
		moved = 1;
	cpu_of[thread] = cpu;
}

/* First of all: pinning comes before the threads. */
static void
pinned_threads_keep_to_a_cpu_of_their_own(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof set, &set) < 0 || CPU_COUNT(&set) < PINNED) {
		test_skip("needs two CPUs");
		return;
	}
	fl_parallel_set(PINNED);
	fl_parallel_pin();
	CHECK(sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) == 1);
	cpu_of[0] = cpu_of[1] = -1;
	fl_parallel(TILES, look, NULL);
	CHECK(!moved && cpu_of[0] >= 0 && cpu_of[0] != cpu_of[1]);
}

int
main(void)
{
	TEST(pinned_threads_keep_to_a_cpu_of_their_own);
	TEST(each_tile_is_done_once_by_a_thread_in_range);
	TEST(from_inside_a_tile_it_runs_on_the_calling_thread);
	return test_done();
}
