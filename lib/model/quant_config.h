/* SPDX-License-Identifier: Apache-2.0 */
/* quant_config.h -- quantization_config: which weights a checkpoint stores in few bits.
 *
 * The convention is compressed-tensors' pack-quantized: symmetric integers of 4 or 8 bits along the input dimension, a
 * scale for a group of them or for a row. Which matrices they are is said by names, by patterns and by classes, and
 * read as compressed-tensors 0.20 reads it. Whatever else would change the computation is refused by name. */
#ifndef FL_MODEL_QUANT_CONFIG_H
#define FL_MODEL_QUANT_CONFIG_H

#include <stdbool.h>

#include "base/arch.h"
#include "base/err.h"
#include "base/json.h"
#include "compute/matrix.h"

enum { FL_QUANT_LINEARS = 7, FL_QUANT_ROW = -1 };

/* Bits are num_bits: 0 as stored, else 4 or 8. Groups are group_size, the weights with one scale: a multiple of
 * FL_MATRIX_GROUP, for which 0 stands too, or FL_QUANT_ROW. Tied: head and embed are equal. */
struct fl_quant {
	int linear; /* bits of the matrices of layers, but where own says otherwise */
	int head;
	int embed;
	int linear_group;
	int head_group;
	int embed_group;
	unsigned char own[FL_ARCH_LAYERS][FL_QUANT_LINEARS]; /* of q, k, v, o, gate, up, down: bits plus 1; 0: linear */
};

bool fl_quant_any(const struct fl_quant *q);   /* is anything quantized? */
bool fl_quant_mixed(const struct fl_quant *q); /* are some matrices of layers unlike others? */

/* Reads json, NULL if the config has none, into a zeroed *q; `what` names the checkpoint. */
int fl_quant_read(struct fl_quant *q, const struct fl_json *json, bool tied, int layers, const char *what,
    struct fl_err *err) FL_MUST_USE;

/* The quantization_config for a q that is not mixed; the caller's to free. */
struct fl_json *fl_quant_json(const struct fl_quant *q, bool tied);

/* Adds a module, "lm_head", to what the quantization_config of a config.json ignores. */
void fl_quant_ignore(struct fl_json *config, const char *module);

#endif
