/* SPDX-License-Identifier: Apache-2.0 */
/* rope_of.h -- the rotations of a model's positions, as its configuration scales them. */
#ifndef FL_MODEL_ROPE_OF_H
#define FL_MODEL_ROPE_OF_H

#include <stddef.h>

#include "compute/rope.h"
#include "model/config.h"

/* fl_rope_table()'s [positions, 2, head_dim / 2], the caller's to free. `length`: of the sequence they belong to, on
 * which dynamic scaling depends where it is longer than the context. */
float *fl_rope_of_config(const struct fl_config *c, size_t positions, size_t length);

/* Do the rotations of a sequence this long depend on how long it is? */
bool fl_rope_depends(const struct fl_config *c, size_t length);

/* Such a sequence cannot come in pieces: -1, `what` names the model. */
int fl_rope_check_pieces(const struct fl_config *c, size_t length, const char *what, struct fl_err *err) FL_MUST_USE;

/* The dimensions between which yarn blends. */
struct fl_rope_ramp fl_rope_ramp_of_config(const struct fl_config *c);

#endif
