/* SPDX-License-Identifier: Apache-2.0 */
/* bits.h -- in how many bits the weight matrices of a model are to be stored. */
#ifndef FL_MODEL_BITS_H
#define FL_MODEL_BITS_H

#include "base/err.h"
#include "model/config.h"

/* Linear layers 4; head and embed 4, 8, 0 for as they are, -1 for the default, which is 4 for the head and 8 for the
 * embedding. Tied they are one tensor: one given value serves both, two different ones are refused, and the default
 * is the embedding's. A matrix whose rows are no multiple of FL_MATRIX_GROUP long is refused by name, and so is a model
 * that is quantized already. `what` names it in messages. */
int fl_bits_choose(const struct fl_config *in, const char *what, int head, int embed, struct fl_quant *q,
    struct fl_err *err) FL_MUST_USE;

/* Whether c, which says what is quantized, leaves all those rows whole groups: 0, or -1 with one named. */
int fl_bits_check(const struct fl_config *c, const char *what, struct fl_err *err) FL_MUST_USE;

#endif
