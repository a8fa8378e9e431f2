/* SPDX-License-Identifier: Apache-2.0 */
/* prune.h -- plans that make a model smaller: fewer FFN channels, residual dimensions and layers.
 *
 * One width and one FFN size for all layers; FFN channels are chosen layer by layer, dimensions once for the whole model;
 * heads stay. What stays inherits its weights, which are solved again for what goes where metrics allow it. Operator A
 * of MobileLLM-Flash (2603.15954) is the scores flash, in blocks of 32, not repaired. */
#ifndef FL_MODEL_PRUNE_H
#define FL_MODEL_PRUNE_H

#include <stdbool.h>

#include "base/arch.h"
#include "base/err.h"
#include "model/config.h"
#include "model/metrics.h"
#include "model/plan.h"

enum fl_repair { FL_REPAIR_USUAL, FL_REPAIR_ON, FL_REPAIR_OFF };

struct fl_prune_opts {
	const char *score, *layer_score; /* names of score.h; NULL: the usual */
	const char *checkpoint;		 /* for the score obs: where the plan's input can be read once more; NULL: nowhere */
	int block, align, seed;
	bool tie, untie; /* drop the head, or make one from a tied embedding */
	bool force;	 /* metrics of another model are taken all the same */
	enum fl_repair repair; /* what reads channels or dimensions that go is solved again for those that stay, and
				* down_proj for what layers right behind it added that go (mend.h) */
	bool rotate;	 /* the width is cut to principal directions of the residual stream (basis.h) */
};

/* The usual is repair where metrics have the moments for it, and then obs for channels, directions for the width;
 * flash otherwise. Layers by loss as far as it was measured, else by flash. */

/* target NULL: no cut (tie and untie alone). metrics NULL: for the scores that need none. The kept
 * layers keep their own attention. A target that is larger than the source, or no multiple of align
 * and block, is refused with the numbers. Metrics must have the moments that were asked for, and outlive the plan; norms
 * that are not those of the metrics are an error while the plan runs, where it needs them. A tied model stays tied
 * unless untie says otherwise. Says with -v which layers go and what share of the energy stays. */
struct fl_plan *fl_plan_prune(const struct fl_config *in, const char *what,
    const struct fl_arch *target, const struct fl_metrics *metrics, const struct fl_prune_opts *opts,
    struct fl_err *err) FL_MUST_USE;

#endif
