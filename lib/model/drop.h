/* SPDX-License-Identifier: Apache-2.0 */
/* drop.h -- which layers, or attention parts, a model can do without: tried, and measured by the loss.
 *
 * Single scores do not add up when several parts go. Here one goes at a time, each round the one whose absence,
 * beside that of those gone before, leaves the least loss: mean nats a predicted token. Row r of the member is
 * round r, 0 for what was not tried. */
#ifndef FL_MODEL_DROP_H
#define FL_MODEL_DROP_H

#include "base/err.h"
#include "model/metrics.h"
#include "model/weights.h"
#include "model/windows.h"

/* Adds `which`, FL_LAYER_DROP_LOSS or FL_ATTN_DROP_LOSS, to out: `rounds` rounds over the first `count` windows,
 * refused where there are not so many parts to lose; one layer stays. Says with -v what goes. A round of L layers
 * costs L (L + 1) / 2 layers and L heads a batch, and the memory of one residual stream more than the forward pass:
 * what comes before a part is computed once. The same bytes at any number of threads. */
int fl_drop(const struct fl_model *m, const struct fl_windows *w, size_t count, enum fl_metric which, int rounds,
    struct fl_metrics *out, struct fl_err *err) FL_MUST_USE;

#endif
