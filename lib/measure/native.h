/* SPDX-License-Identifier: Apache-2.0 */
/* native.h -- how fast a model runs here, in our own forward pass.
 *
 * TTFT, the time to the first token: from a prompt of n tokens and an empty cache to the choice of
 * the token after it, the prompt in chunks. Decode rate at depth n: greedy tokens a second with n
 * tokens in the cache at the start. Prompts are random tokens; the clock is monotonic.
 *
 * A round measures every length once, so that a drift of the machine touches all of them alike; from the
 * shortest to the longest, so that a depth extends what the length before it left in the cache. */
#ifndef FL_MEASURE_NATIVE_H
#define FL_MEASURE_NATIVE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "measure/limits.h"
#include "model/forward.h"
#include "model/weights.h"

struct fl_measure_opts {
	const int *prefill, *decode; /* prompt lengths, at least 1; depths, at least 0 */
	size_t prefills, decodes;
	int tokens;	    /* generated a decode measurement */
	int chunk;	    /* tokens of a prompt computed at once */
	struct fl_cache_opts cache;
	int warmup, repeat; /* rounds not counted, and counted */
	bool trace;	    /* say where the time goes, and measure the machine's limits in between */
};

struct fl_repeats { /* n repeats of one measurement; sd, the standard deviation, is 0 of one */
	int n;
	double *each, median, sd; /* each [n], ascending */
	struct fl_trace trace;	  /* of all together, where asked for */
};

/* Orders each[n], n > 0, and finds the others. */
void fl_repeats_finish(struct fl_repeats *r);

struct fl_measured {
	struct fl_repeats *ttft;   /* [prefills], seconds */
	struct fl_repeats *decode; /* [decodes], tokens a second */
	struct fl_limits limits;   /* the mean, where a trace is asked for */
	uint64_t cache_bytes;	   /* of the KV cache, for the longest of all */
	uint64_t peak_bytes;	   /* the most memory the process ever had resident */
	double load_s;		   /* what it took to make the model ready, NaN if it came from no file; */
	uint64_t loaded_bytes;	   /* that became resident then: both the caller's to say */
};

/* The longest of all, tokens: of prompts, and of depths with what is generated there; 1 where there are none. */
int fl_measure_longest(const struct fl_measure_opts *o);

/* Measures m, packed, on the threads there are; load_s and loaded_bytes of *out stay as they are. -1 where the model
 * fails. In any case fl_measured_free(out, o). */
int fl_measure_native(const struct fl_model *m, const struct fl_measure_opts *o,
    struct fl_measured *out, struct fl_err *err) FL_MUST_USE;
void fl_measured_free(struct fl_measured *m, const struct fl_measure_opts *o);

#endif
