/* SPDX-License-Identifier: Apache-2.0 */
/* init.h -- random weights for a configuration: for tests, latency-only work and pretraining. */
#ifndef FL_MODEL_INIT_H
#define FL_MODEL_INIT_H

#include <stddef.h>

#include "base/err.h"
#include "io/checkpoint.h"
#include "model/config.h"
#include "model/roles.h"

enum { FL_INIT_RUN = 4096 }; /* elements that share a key */

/* Elements [first, first + n) of weight w (part FL_PART_WEIGHT) as f32: 1 for norms, else bell-shaped
 * with mean 0 and standard deviation `sd`. A function of seed, the tensor's name and the position
 * alone, in integer arithmetic: the same on every machine. first is a multiple of
 * FL_INIT_RUN. */
void fl_init_values(const struct fl_weight *w, int seed, float sd, size_t first, size_t n, float *out);

/* Writes config.json and one weights file; the config's dtype and initializer_range (0.02). */
int fl_init_write(const struct fl_config *c, int seed, struct fl_writer *out, struct fl_err *err)
    FL_MUST_USE;

#endif
