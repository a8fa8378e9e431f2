/* SPDX-License-Identifier: Apache-2.0 */
/* quant_config.h -- quantization_config: which weights a checkpoint stores in few bits.
 *
 * The convention is compressed-tensors' pack-quantized: symmetric integers in groups of
 * FL_MATRIX_GROUP along the input dimension. Anything else is refused by name. */
#ifndef FL_MODEL_QUANT_CONFIG_H
#define FL_MODEL_QUANT_CONFIG_H

#include <stdbool.h>

#include "base/err.h"
#include "base/json.h"
#include "compute/matrix.h"

/* Bits of each kind of weight matrix: 0 as stored, else 4 or 8. Tied: head and embed are equal. */
struct fl_quant {
	int linear, head, embed;
};

bool fl_quant_any(const struct fl_quant *q); /* is anything quantized? */

/* Reads json, NULL if the config has none, into a zeroed *q; `what` names the checkpoint. */
int fl_quant_read(struct fl_quant *q, const struct fl_json *json, bool tied, const char *what,
    struct fl_err *err) FL_MUST_USE;

/* The quantization_config for q; the caller's to free. */
struct fl_json *fl_quant_json(const struct fl_quant *q, bool tied);

#endif
