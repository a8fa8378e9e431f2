/* SPDX-License-Identifier: Apache-2.0 */
/* stops.h -- the tokens at which a text ends, by config.json, generation_config.json and the tokenizer. */
#ifndef FL_MODEL_STOPS_H
#define FL_MODEL_STOPS_H

#include <stdbool.h>

#include "base/err.h"
#include "model/weights.h"
#include "text/tokenizer.h"

/* Appends them to out. */
int fl_stops_find(const struct fl_model *m, const struct fl_tokenizer *t, struct fl_ids *out,
    struct fl_err *err) FL_MUST_USE;
bool fl_stops_has(const struct fl_ids *stops, uint32_t id);

#endif
