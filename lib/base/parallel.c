/* SPDX-License-Identifier: Apache-2.0 */
#include "base/parallel.h"

#ifdef _OPENMP

#include <omp.h>

void
fl_parallel_set(int threads)
{
	omp_set_num_threads(threads > 0 ? threads : omp_get_num_procs());
}

int
fl_parallel_threads(void)
{
	return omp_get_max_threads();
}

void
fl_parallel(size_t tiles, void (*work)(void *ctx, size_t tile, int thread), void *ctx)
{
	if (tiles <= 1 || omp_get_max_threads() == 1 || omp_in_parallel()) {
		int self = omp_in_parallel() ? omp_get_thread_num() : 0;

		for (size_t i = 0; i < tiles; i++)
			work(ctx, i, self);
		return;
	}
#pragma omp parallel for schedule(dynamic, 1)
	for (size_t i = 0; i < tiles; i++)
		work(ctx, i, omp_get_thread_num());
}

#else

void
fl_parallel_set(int threads)
{
	(void)threads;
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
