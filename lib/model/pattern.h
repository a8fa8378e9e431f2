/* SPDX-License-Identifier: Apache-2.0 */
/* pattern.h -- plans that change the attention of layers: full, sliding window, or none. */
#ifndef FL_MODEL_PATTERN_H
#define FL_MODEL_PATTERN_H

#include <stdbool.h>

#include "base/arch.h"
#include "base/err.h"
#include "model/config.h"
#include "model/metrics.h"
#include "model/plan.h"

/* The architecture of `in` where the n attentions whose absence FL_ATTN_DROP_LOSS finds to cost least are skipped,
 * beside those that are already. The metrics have been checked to be of `in`. */
int fl_pattern_best(const struct fl_config *in, const struct fl_metrics *metrics, int n, struct fl_arch *out,
    struct fl_err *err) FL_MUST_USE;

/* Sets the attention of every layer to the pattern of `target`, whose sizes must be those of the
 * input. A layer without attention cannot get it back. window 0: the input's, or FL_WINDOW.
 * repair: where a layer loses its attention, down_proj of the layer before says what it added (mend.h), by these
 * metrics, which must have FL_FFN_MOMENT and FL_ATTN_ACROSS and outlive the plan; a quantized checkpoint is then
 * refused. Nobody can say what the first layer added. NULL: nothing is mended. */
struct fl_plan *fl_plan_pattern(const struct fl_config *in, const char *what,
    const struct fl_arch *target, int window, const struct fl_metrics *repair, struct fl_err *err) FL_MUST_USE;

#endif
