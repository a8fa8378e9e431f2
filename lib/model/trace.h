/* SPDX-License-Identifier: Apache-2.0 */
/* trace.h -- a stopwatch for the forward pass: seconds by kind of work.
 *
 *     struct fl_trace t = { 0 };
 *     fl_forward_trace(f, &t);		the watch runs from here
 *     ... calls on f ...
 *     fl_trace_lap(&t, FL_WORK_OTHER);	what came after the last of them
 *     fl_forward_trace(f, NULL);
 *
 * All the time between is in seconds[], that of the caller between two calls as other. Reading the clock costs some
 * thirty nanoseconds, a dozen times a layer. */
#ifndef FL_MODEL_TRACE_H
#define FL_MODEL_TRACE_H

#include "base/clock.h"

enum fl_work {
	FL_WORK_GEMM, /* the linear layers, their biases too */
	FL_WORK_HEAD,
	FL_WORK_ATTENTION, /* with what is put into the cache */
	FL_WORK_NORM,
	FL_WORK_ROPE,
	FL_WORK_ACTIVATION,
	FL_WORK_OTHER, /* embeddings, sums of the residual stream, the choice of the next token */
	FL_WORKS
};

struct fl_trace {
	double seconds[FL_WORKS], last;
};

/* The time since the lap before was work of this kind. */
static inline void
fl_trace_lap(struct fl_trace *t, enum fl_work w)
{
	double now = fl_clock();

	t->seconds[w] += now - t->last;
	t->last = now;
}

#endif
