/* SPDX-License-Identifier: Apache-2.0 */
/* A pool of threads that take tiles from one counter. The caller takes tiles too and waits for tiles,
 * not for threads: on a busy machine, where some threads do not get to run, the others do their share.
 * Idle threads spin for some microseconds, as the next job usually comes that soon, then sleep. (The
 * OpenMP runtimes spin for milliseconds and wait for every thread; two programs on the same two cores
 * were thirty times slower than one.) */
#include "base/parallel.h"

#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"

enum { MAX_THREADS = 1024, SPIN = 1000 };

static struct {
	pthread_mutex_t lock;
	pthread_cond_t wake, finished;
	atomic_int threads;   /* as wanted, the caller's included; 0: not yet decided */
	int workers;	      /* threads started, numbered from 1 */
	bool pinned;
	int cpu[MAX_THREADS]; /* of each thread, if pinned */
	atomic_uint sleepers; /* workers that need a wake-up call */
	atomic_bool waiting;  /* the caller needs one */

	/* The number of the job in the upper half, tiles not yet taken in the lower: who takes one knows
	 * that the job stands until that tile is done. */
	_Atomic uint64_t ticket;
	atomic_size_t done;
	size_t tiles;
	void (*work)(void *ctx, size_t tile, int thread);
	void *ctx;
} pool = { .lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER,
	.finished = PTHREAD_COND_INITIALIZER };

static _Thread_local bool inside;
static _Thread_local int self;

static int
cores(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

/* Threads are made here; a numeric library that brought OpenMP along is to run on the thread that
 * calls it. The setting is one of the calling thread. */
static void
quiet_libraries(void)
{
#ifndef FL_PORTABLE
	void (*set)(int);

	*(void **)&set = dlsym(RTLD_DEFAULT, "omp_set_num_threads");
	if (set)
		set(1);
#endif
}

/* --- a CPU of its own for each thread --- */

struct cpu {
	int number;
	long speed;  /* more is faster */
	bool second; /* of a core whose first is another */
};

/* The number at the beginning of a file about a CPU, or 0. */
static long
read_about(int cpu, const char *file)
{
	char path[96];
	long n = 0;
	FILE *f;

	snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/%s", cpu, file);
	f = fopen(path, "re");
	if (f && fscanf(f, "%ld", &n) != 1)
		n = 0;
	if (f)
		fclose(f);
	return n;
}

static int
by_worth(const void *a, const void *b)
{
	const struct cpu *x = a, *y = b;

	if (x->second != y->second)
		return x->second - y->second;
	return x->speed != y->speed ? (x->speed < y->speed) - (x->speed > y->speed) : x->number - y->number;
}

static int
list_cpus(struct cpu *cpu)
{
	cpu_set_t set;
	int n = 0;

	if (sched_getaffinity(0, sizeof set, &set) < 0)
		return 0;
	for (int i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &set)) {
			long core = read_about(i, "topology/thread_siblings_list");

			cpu[n++] = (struct cpu){ i, read_about(i, "cpufreq/cpuinfo_max_freq"), core != i && CPU_ISSET(core, &set) };
		}
	qsort(cpu, (size_t)n, sizeof *cpu, by_worth);
	return n;
}

static void
pin_self(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(pool.cpu[self], &set);
	sched_setaffinity(0, sizeof set, &set);
}

void
fl_parallel_pin(void)
{
	struct cpu cpu[CPU_SETSIZE];
	int threads = fl_parallel_threads(), n = list_cpus(cpu);

	if (pool.workers)
		fl_bug("threads are there already");
	if (n < threads)
		return;
	for (int i = 0; i < threads; i++)
		pool.cpu[i] = cpu[i].number;
	pool.pinned = true;
	pin_self();
}

/* --- the pool --- */

static void
pause_a_little(void)
{
#ifdef __x86_64__
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("isb");
#endif
}

/* Takes a tile of job number `job`, if there is one left. */
static bool
take(uint32_t job, size_t *tile)
{
	uint64_t t = atomic_load(&pool.ticket);

	while ((uint32_t)(t >> 32) == job && (uint32_t)t > 0)
		if (atomic_compare_exchange_weak(&pool.ticket, &t, t - 1)) {
			*tile = pool.tiles - (uint32_t)t;
			return true;
		}
	return false;
}

static void
do_tiles(uint32_t job)
{
	size_t tile;

	inside = true;
	while (take(job, &tile)) {
		size_t tiles = pool.tiles;

		pool.work(pool.ctx, tile, self);
		if (atomic_fetch_add(&pool.done, 1) + 1 == tiles && atomic_load(&pool.waiting)) {
			pthread_mutex_lock(&pool.lock);
			pthread_cond_signal(&pool.finished);
			pthread_mutex_unlock(&pool.lock);
		}
	}
	inside = false;
}

static uint32_t
current_job(void)
{
	return (uint32_t)(atomic_load(&pool.ticket) >> 32);
}

static void *
worker(void *number)
{
	uint32_t job = 0;

	self = (int)(intptr_t)number;
	if (pool.pinned)
		pin_self();
	quiet_libraries();
	for (;;) {
		for (int i = 0; i < SPIN && current_job() == job; i++)
			pause_a_little();
		if (current_job() == job) {
			pthread_mutex_lock(&pool.lock);
			atomic_fetch_add(&pool.sleepers, 1);
			while (current_job() == job)
				pthread_cond_wait(&pool.wake, &pool.lock);
			atomic_fetch_sub(&pool.sleepers, 1);
			pthread_mutex_unlock(&pool.lock);
		}
		job = current_job();
		if (self < atomic_load(&pool.threads))
			do_tiles(job);
	}
	return NULL;
}

void
fl_parallel_set(int threads)
{
	int n = threads > 0 ? threads : cores();

	quiet_libraries();
	atomic_store(&pool.threads, n < MAX_THREADS ? n : MAX_THREADS);
}

int
fl_parallel_threads(void)
{
	if (atomic_load(&pool.threads) == 0)
		fl_parallel_set(0);
	return atomic_load(&pool.threads);
}

/* Fewer threads than wanted will do. */
static void
start_workers(int threads)
{
	pthread_attr_t attr;
	pthread_t t;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	while (pool.workers + 1 < threads &&
	    pthread_create(&t, &attr, worker, (void *)(intptr_t)(pool.workers + 1)) == 0)
		pool.workers++;
	pthread_attr_destroy(&attr);
}

static void
post(size_t tiles, void (*work)(void *ctx, size_t tile, int thread), void *ctx)
{
	uint32_t job = current_job() + 1;

	pool.tiles = tiles;
	pool.work = work;
	pool.ctx = ctx;
	atomic_store(&pool.done, 0);
	atomic_store(&pool.ticket, (uint64_t)job << 32 | tiles);
	if (atomic_load(&pool.sleepers) == 0)
		return;
	pthread_mutex_lock(&pool.lock);
	pthread_cond_broadcast(&pool.wake);
	pthread_mutex_unlock(&pool.lock);
}

static void
wait_for_tiles(void)
{
	for (int i = 0; i < SPIN && atomic_load(&pool.done) < pool.tiles; i++)
		pause_a_little();
	if (atomic_load(&pool.done) == pool.tiles)
		return;
	pthread_mutex_lock(&pool.lock);
	atomic_store(&pool.waiting, true);
	while (atomic_load(&pool.done) < pool.tiles)
		pthread_cond_wait(&pool.finished, &pool.lock);
	atomic_store(&pool.waiting, false);
	pthread_mutex_unlock(&pool.lock);
}

void
fl_parallel(size_t tiles, void (*work)(void *ctx, size_t tile, int thread), void *ctx)
{
	int threads = fl_parallel_threads();

	if (tiles <= 1 || threads == 1 || inside) {
		for (size_t i = 0; i < tiles; i++)
			work(ctx, i, self);
		return;
	}
	if (tiles > UINT32_MAX)
		fl_bug("%zu tiles", tiles);
	start_workers(threads);
	post(tiles, work, ctx);
	do_tiles(current_job());
	wait_for_tiles();
}
