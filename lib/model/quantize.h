/* SPDX-License-Identifier: Apache-2.0 */
/* quantize.h -- plans that store the weight matrices in few bits. */
#ifndef FL_MODEL_QUANTIZE_H
#define FL_MODEL_QUANTIZE_H

#include <stdbool.h>

#include "base/err.h"
#include "model/config.h"
#include "model/metrics.h"
#include "model/plan.h"

/* mse: each group's scale is the one of least squared error. rtn: plain rounding. calib: as mse, the
 * error of each column weighted by the mean square of the input it meets. gptq: as calib, what a weight loses handed on
 * to others of its row (compute/gptq.h). NULL at the end. */
extern const char *const fl_quantize_methods[];

struct fl_quantize_opts {
	const char *method; /* of fl_quantize_methods; NULL: calib where metrics have what it needs, else mse */
	int head, embed;    /* 4, 8, 0 for as they are, -1 for the default */
	bool negative;	    /* scales below zero too, where they err less */
	bool rotate;	    /* dimensions of the stream are mixed first (fl_basis_hadamard), or, of a tied model, ordered */
	bool force;	    /* metrics of another model of the same sizes are fine */
};

/* Linear layers in 4 bits, head and embedding as the options say (model/bits.h). Norms are not rounded.
 * calib and rotate need metrics, gptq and what is mixed for calib those with moments, and they must outlive the plan;
 * what they lack is named. An untied embedding meets no input, and its columns count alike. */
struct fl_plan *fl_plan_quantize(const struct fl_config *in, const char *what,
    const struct fl_metrics *metrics, const struct fl_quantize_opts *opts, struct fl_err *err) FL_MUST_USE;

#endif
