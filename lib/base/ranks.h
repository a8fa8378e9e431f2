/* SPDX-License-Identifier: Apache-2.0 */
/* ranks.h -- this process among those that mpirun started: how many, which one, and sums over all.
 *
 * MPI is optional when the program is built. Without it, or started alone, there is one rank, number 0,
 * and sums are what they were. Called by one thread. */
#ifndef FL_BASE_RANKS_H
#define FL_BASE_RANKS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* Joins the others. Started by mpirun but built without MPI is refused. */
int fl_ranks_begin(struct fl_err *err) FL_MUST_USE;
void fl_ranks_end(void);

int fl_ranks_count(void);
int fl_ranks_self(void);

/* Each element becomes its sum over all ranks, the same bytes on each. */
void fl_ranks_sum_f32(float *x, size_t n);
void fl_ranks_sum_f64(double *x, size_t n);

/* Waits for all; true if every one of them says so. */
bool fl_ranks_all(bool ok);

#endif
