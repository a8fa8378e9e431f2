/* SPDX-License-Identifier: Apache-2.0 */
/* scratch.h -- working memory of kernels, one block a thread, kept from call to call.
 *
 * A block grows to the largest size asked for and then stays, so a loop over equal work allocates
 * nothing after its first turn. */
#ifndef FL_COMPUTE_SCRATCH_H
#define FL_COMPUTE_SCRATCH_H

#include <stddef.h>

struct fl_scratch;

struct fl_scratch *fl_scratch_new(void); /* for fl_parallel_threads() threads */
void fl_scratch_free(struct fl_scratch *s);

/* Room for n floats on a 64-byte boundary, for this thread alone, contents undefined; the block it got
 * before is gone. */
float *fl_scratch_get(struct fl_scratch *s, int thread, size_t n);

#endif
