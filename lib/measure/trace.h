/* SPDX-License-Identifier: Apache-2.0 */
/* trace.h -- where the time of a measurement goes, beside what the machine could do.
 *
 * Work is counted on paper: integer operations, float operations (two a multiply-add, attention within the mask)
 * and bytes that must come from memory, which are the weights once a chunk and what a chunk sees of the cache. At
 * the machine's limits it would take as long as its operations, or as its bytes if they take longer; the share
 * of the time it took that this is is the fraction reached. Norms, rotations, activations and the rest count as
 * nothing. */
#ifndef FL_MEASURE_TRACE_H
#define FL_MEASURE_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "measure/native.h"

struct fl_demand {
	double int8, f32, bytes;
};

/* What the model does for a prompt of n tokens, and on average for one of the tokens generated after n. */
void fl_demand_prefill(const struct fl_model *m, const struct fl_measure_opts *o, size_t n,
    struct fl_demand work[FL_WORKS]);
void fl_demand_decode(const struct fl_model *m, const struct fl_measure_opts *o, size_t n,
    struct fl_demand work[FL_WORKS]);

/* Prints what a measurement with a trace found as a table, or JSON lines: a row of what the machine does in a second,
 * then for each length of o a row a kind of work and one of all of it, of a prompt or of one token generated.
 * Columns: phase, operator, seconds, share of the phase's, int8_op, f32_flop, bytes, limit (that binds; or
 * none), fraction. */
void fl_trace_print(const struct fl_model *m, const struct fl_measure_opts *o, const struct fl_measured *x, bool json,
    FILE *out);

#endif
