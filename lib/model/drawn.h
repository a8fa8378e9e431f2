/* SPDX-License-Identifier: Apache-2.0 */
/* drawn.h -- a model of a given shape, its weights drawn at random: for what depends on the shape alone. */
#ifndef FL_MODEL_DRAWN_H
#define FL_MODEL_DRAWN_H

#include "base/err.h"
#include "model/weights.h"

/* The configuration of path, a checkpoint or a config.json ("-": a checkpoint on standard input); of other sizes and
 * attention where arch is not NULL; weights of 4 bits as fl-quantize makes them and a head of so many,
 * -1 for its default, or, with head_bits 0, weights of the type it declares. NULL with err set. */
struct fl_model *fl_model_drawn(const char *path, const char *arch, int head_bits, struct fl_err *err) FL_MUST_USE;

#endif
