/* SPDX-License-Identifier: Apache-2.0 */
/* parallel.h -- work on several threads whose result does not depend on how many.
 *
 * The caller cuts the work into tiles by the problem's sizes alone, never by the number of threads;
 * each tile is done by one thread and writes what no other tile writes; sums over tiles are added
 * afterwards in tile order. Then the bytes are the same at any -j. */
#ifndef FL_BASE_PARALLEL_H
#define FL_BASE_PARALLEL_H

#include <stddef.h>

/* Threads from now on; 0 for one a core this process may use. Set once, by base/cli. */
void fl_parallel_set(int threads);
int fl_parallel_threads(void);

/* Before the first fl_parallel(): each thread keeps to a CPU of its own from now on, the calling one too, those
 * that are fastest first and two of one core last. For measurements; nothing happens where there are fewer CPUs than
 * threads, or no way to say so. */
void fl_parallel_pin(void);

/* Calls work(ctx, tile, thread) for tile = 0 .. tiles-1, thread in [0, fl_parallel_threads()), and
 * waits for all. Tiles are handed out as threads become free. Not nested: from inside a tile it runs
 * on the calling thread. Not called by several threads at a time. */
void fl_parallel(size_t tiles, void (*work)(void *ctx, size_t tile, int thread), void *ctx);

#endif
