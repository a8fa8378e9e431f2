/* SPDX-License-Identifier: Apache-2.0 */
/* idle.h -- attention that adds zero, for readers that cannot do without: matrices and biases of zeros,
 * norms of ones. x + o(attention) = x + 0, exactly. */
#ifndef FL_MODEL_IDLE_H
#define FL_MODEL_IDLE_H

#include <stdbool.h>

#include "base/err.h"
#include "io/checkpoint.h"
#include "model/config.h"
#include "model/roles.h"

/* Is w, of the inventory of `out`, attention of a layer that has none in `in`? */
bool fl_idle_is(const struct fl_config *in, const struct fl_config *out, const struct fl_weight *w);

/* Puts w. */
int fl_idle_put(const struct fl_config *c, const struct fl_weight *w, struct fl_writer *out,
    struct fl_err *err) FL_MUST_USE;

#endif
