/* SPDX-License-Identifier: Apache-2.0 */
/* rope_of.h -- the rotations of a model's positions, as its configuration scales them. */
#ifndef FL_MODEL_ROPE_OF_H
#define FL_MODEL_ROPE_OF_H

#include <stddef.h>

#include "model/config.h"

/* fl_rope_table()'s [positions, 2, head_dim / 2], the caller's to free. */
float *fl_rope_of_config(const struct fl_config *c, size_t positions);

#endif
