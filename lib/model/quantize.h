/* SPDX-License-Identifier: Apache-2.0 */
/* quantize.h -- plans that store the weight matrices in few bits. */
#ifndef FL_MODEL_QUANTIZE_H
#define FL_MODEL_QUANTIZE_H

#include "base/err.h"
#include "model/config.h"
#include "model/plan.h"

/* Linear layers in 4 bits, head and embedding in 4, 8, or 0 for as they are; -1: the default, which
 * is 4 for the head and 8 for the embedding. Tied they are one tensor: one given value serves both,
 * two different ones are refused, and the default is the head's. A matrix whose rows are no multiple
 * of 32 long is refused by name. Norms stay as they are. */
struct fl_plan *fl_plan_quantize(const struct fl_config *in, const char *what, int head, int embed,
    struct fl_err *err) FL_MUST_USE;

#endif
