/* SPDX-License-Identifier: Apache-2.0 */
#include "base/parallel.h"

#ifdef _OPENMP
#include <omp.h>
#endif

static int wanted;

#ifdef _OPENMP

void
fl_parallel_set(int threads)
{
	wanted = threads;
	if (threads > 0)
		omp_set_num_threads(threads);
}

int
fl_parallel_threads(void)
{
	return wanted > 0 ? wanted : omp_get_max_threads();
}

void
fl_parallel(size_t tiles, void (*work)(void *ctx, size_t tile, int thread), void *ctx)
{
	int threads = fl_parallel_threads();

	if (tiles <= 1 || threads == 1 || omp_in_parallel()) {
		int self = omp_in_parallel() ? omp_get_thread_num() : 0;

		for (size_t i = 0; i < tiles; i++)
			work(ctx, i, self);
		return;
	}
#pragma omp parallel for schedule(dynamic, 1) num_threads(threads)
	for (size_t i = 0; i < tiles; i++)
		work(ctx, i, omp_get_thread_num());
}

#else

void
fl_parallel_set(int threads)
{
	wanted = threads;
}

int
fl_parallel_threads(void)
{
	return 1;
}

void
fl_parallel(size_t tiles, void (*work)(void *ctx, size_t tile, int thread), void *ctx)
{
	for (size_t i = 0; i < tiles; i++)
		work(ctx, i, 0);
}

#endif
